package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class MatMulTest {

    /** Around the rows (4 to 12) and columns (8 to 32) of a register tile, and the lengths in between. */
    private static final int[] EDGES = {1, 2, 3, 5, 7, 8, 11, 12, 13, 15, 16, 17, 31, 32, 33, 47, 63, 65, 127, 129};

    private static final int GUARD = 5;

    @FunctionalInterface
    private interface Product {
        void run(float[] out, int outOffset, float[] a, int aOffset, float[] b, int bOffset,
                int m, int n, int k, boolean accumulate, Team team);
    }

    private enum Form {
        AB(MatMul::ab, MatMul::plainAb), ABT(MatMul::abt, MatMul::plainAbt), ATB(MatMul::atb, MatMul::plainAtb);

        final Product product;
        final Product plain;

        Form(Product product, Product plain) {
            this.product = product;
            this.plain = plain;
        }

        int a(int i, int p, int m, int k) {
            return this == ATB ? p * m + i : i * k + p;
        }

        int b(int p, int j, int n, int k) {
            return this == ABT ? j * k + p : p * n + j;
        }
    }

    @Test
    void allFormsAtTileEdges() {
        SplittableRandom random = new SplittableRandom(1);
        for (int m : EDGES) {
            for (int n : EDGES) {
                int k = EDGES[random.nextInt(EDGES.length)];
                for (Form form : Form.values()) {
                    checkProduct(form, m, n, k, random.nextBoolean(), random);
                }
            }
        }
    }

    @Test
    void longSumsAndSeveralRounds() {
        SplittableRandom random = new SplittableRandom(2);
        int[][] shapes = {{1, 700, 1500}, {13, 33, 2100}, {150, 100, 600}, {300, 37, 270}, {37, 800, 300}, {2100, 9, 1030}, {9, 2100, 1030}};
        for (int[] s : shapes) {
            for (Form form : Form.values()) {
                checkProduct(form, s[0], s[1], s[2], true, random);
                checkProduct(form, s[0], s[1], s[2], false, random);
            }
        }
    }

    @Test
    void storedWeightsGiveTheBitsOfTheExpandedOnes() {
        SplittableRandom random = new SplittableRandom(5);
        for (Dtype dtype : Dtype.values()) {
            int block = dtype.block();
            int[][] shapes = {{3, 5, 1}, {7, 40, 1}, {33, 17, 2}, {50, 131, 3}, {131, 50, 5}, {40, 400, 1}, {61, 70, 1 + 1300 / block}, {200, 9, 1 + 2100 / block}};
            for (int[] s : shapes) {
                int m = s[0];
                int n = s[1];
                int k = s[2] * block;
                float[] a = random(m * k, random);
                float[] data = random((n + 2) * k, random);
                WeightMatrix b = WeightMatrix.of(dtype, data, GUARD, n + 2, k).slice(1, n);
                float[] expanded = new float[n * k];
                b.expand(expanded, 0, 0, n);
                float[] expected = random(m * n, random);
                float[] out = expected.clone();
                MatMul.abt(expected, GUARD, a, GUARD, expanded, 0, m, n, k, false, Team.serial());
                try (Team team = Team.of(2)) {
                    MatMul.abt(out, GUARD, a, GUARD, b, m, team);
                }
                assertArrayEquals(expected, out, dtype + ", m = " + m + ", n = " + n + ", k = " + k);
            }
        }
        WeightMatrix empty = WeightMatrix.of(Dtype.BF16, new float[0], 0, 7, 0);
        float[] out = new float[7 * 70];
        Arrays.fill(out, 1);
        MatMul.abt(out, 0, new float[0], 0, empty, 70, Team.serial());
        assertArrayEquals(new float[7 * 70], out);
    }

    /** A vocabulary's head as float32 would take 134 MB here. */
    @Test
    void scratchDoesNotGrowWithStoredWeights() {
        int n = 1 << 16;
        int k = 512;
        WeightMatrix b = new WeightMatrix.Q4(new byte[n * k / 2], new short[n * k / 32], 0, n, k);
        float[] a = new float[40 * k];
        float[] out = new float[40 * n];
        Team team = Team.serial();
        MatMul.abt(out, 0, a, 0, b, 40, team);
        long floats = 0;
        for (Class<?> owner : new Class<?>[] {MatMul.class, MatVec.class, WeightMatrix.class}) {
            floats += team.scratch(owner, 0, 0).length + team.workerFloats(owner, 0)[0].length;
        }
        assertTrue(floats < 1 << 20, floats + " floats");
    }

    @Property(tries = 150)
    void anyShape(@ForAll @IntRange(min = 1, max = 90) int m, @ForAll @IntRange(min = 1, max = 150) int n,
            @ForAll @IntRange(min = 0, max = 400) int k, @ForAll boolean accumulate, @ForAll long seed) {
        for (Form form : Form.values()) {
            checkProduct(form, m, n, k, accumulate, new SplittableRandom(seed));
        }
    }

    /** Guards of NaN around every matrix; the error against sums in double is at most twice that of the plain loops. */
    private static void checkProduct(Form form, int m, int n, int k, boolean accumulate, SplittableRandom random) {
        float[] a = random(m * k, random);
        float[] b = random(n * k, random);
        float[] out = random(m * n, random);
        float[] plain = out.clone();
        float[] before = out.clone();
        Arrays.fill(before, 0, GUARD, Float.NaN);
        if (!accumulate) {
            Arrays.fill(out, GUARD, GUARD + m * n, Float.NaN);
        }
        form.product.run(out, GUARD, a, GUARD, b, GUARD, m, n, k, accumulate, Team.serial());
        form.plain.run(plain, GUARD, a, GUARD, b, GUARD, m, n, k, accumulate, Team.serial());
        double error = 0;
        double plainError = 0;
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                int at = GUARD + i * n + j;
                double sum = accumulate ? before[at] : 0;
                for (int p = 0; p < k; p++) {
                    sum += (double) a[GUARD + form.a(i, p, m, k)] * b[GUARD + form.b(p, j, n, k)];
                }
                error = max(error, out[at] - sum);
                plainError = max(plainError, plain[at] - sum);
            }
        }
        String what = form + " m = " + m + ", n = " + n + ", k = " + k + ", accumulate = " + accumulate;
        double tiny = 4 * Math.ulp(1f) * Math.sqrt(k + 1); // the plain error of a few sums may be small by luck
        assertTrue(error <= 2 * plainError + tiny, what + ": error " + error + ", plain loops " + plainError);
        for (int i = 0; i < GUARD; i++) {
            assertTrue(Float.isNaN(out[i]) && Float.isNaN(out[GUARD + m * n + i]), what + ": wrote outside of out");
        }
    }

    /** Unlike Math.max it keeps a NaN, which then fails the comparison. */
    private static double max(double max, double difference) {
        return Math.abs(difference) <= max ? max : Math.abs(difference);
    }

    @Test
    void sameBitsForAnyNumberOfThreads() {
        SplittableRandom random = new SplittableRandom(3);
        int[][] shapes = {{1, 1000, 300}, {70, 90, 50}, {200, 130, 600}, {64, 64, 2048}, {500, 65, 65}, {24, 2100, 1030}};
        for (Form form : Form.values()) {
            for (int[] s : shapes) {
                int m = s[0];
                int n = s[1];
                int k = s[2];
                float[] a = random(m * k, random);
                float[] b = random(n * k, random);
                float[] before = random(m * n, random);
                float[] expected = before.clone();
                form.product.run(expected, GUARD, a, GUARD, b, GUARD, m, n, k, true, Team.serial());
                for (int threads : new int[] {1, 2, 3, 7}) {
                    try (Team team = Team.of(threads)) {
                        for (int repeat = 0; repeat < 5; repeat++) {
                            float[] out = before.clone();
                            form.product.run(out, GUARD, a, GUARD, b, GUARD, m, n, k, true, team);
                            assertArrayEquals(expected, out, form + " " + Arrays.toString(s) + " with " + threads + " threads");
                        }
                    }
                }
            }
        }
    }

    @Test
    void sumOverNothingIsZero() {
        for (Form form : Form.values()) {
            float[] out = {9, 9, 9, 9, 9, 9};
            form.product.run(out, 0, new float[0], 0, new float[0], 0, 2, 3, 0, true, Team.serial());
            assertArrayEquals(new float[] {9, 9, 9, 9, 9, 9}, out, "added nothing");
            form.product.run(out, 0, new float[0], 0, new float[0], 0, 2, 3, 0, false, Team.serial());
            assertArrayEquals(new float[6], out, "zeros");
            form.product.run(out, 6, new float[0], 0, new float[9], 0, 0, 3, 3, false, Team.serial());
            form.product.run(out, 6, new float[9], 0, new float[0], 0, 3, 0, 3, false, Team.serial());
        }
    }

    /** With one column, the panels of b are up to 32 times its size: altogether more than an array holds. */
    @Test
    void longSumsOfOneColumn() {
        int k = (int) ((1L << 31) / Math.max(8, Kernels.vectorBits() / 16)); // twice the lanes are the columns of a tile
        float[] x = new float[k];
        x[0] = 2;
        x[k - 1] = 3;
        for (Form form : Form.values()) {
            float[] out = {1};
            form.product.run(out, 0, x, 0, x, 0, 1, 1, k, true, Team.serial());
            assertEquals(14f, out[0], form + " k = " + k);
        }
    }

    /** One NaN or infinity in a spoils its row of out, one in b its column, and nothing else; zero times infinity is NaN. */
    @Test
    void nanAndInfinityPropagate() {
        int m = 29;
        int n = 45;
        int k = 40;
        for (Form form : Form.values()) {
            for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                SplittableRandom random = new SplittableRandom(4);
                float[] a = random(m * k, random);
                float[] b = random(n * k, random);
                a[GUARD + form.a(27, 3, m, k)] = bad;
                b[GUARD + form.b(3, 41, n, k)] = 0;
                b[GUARD + form.b(39, 44, n, k)] = bad;
                float[] out = new float[GUARD + m * n];
                float[] plain = out.clone();
                form.product.run(out, GUARD, a, GUARD, b, GUARD, m, n, k, false, Team.serial());
                form.plain.run(plain, GUARD, a, GUARD, b, GUARD, m, n, k, false, Team.serial());
                for (int i = 0; i < m; i++) {
                    for (int j = 0; j < n; j++) {
                        float x = out[GUARD + i * n + j];
                        assertEquals(i != 27 && j != 44, Float.isFinite(x), form + " out[" + i + ", " + j + "] = " + x);
                        if (!Float.isFinite(x)) {
                            assertEquals(plain[GUARD + i * n + j], x, form + " out[" + i + ", " + j + "]");
                        }
                    }
                }
            }
        }
    }

    @Test
    void badSizesAndOffsetsAreRefused() {
        float[] f = new float[12];
        float[] g = new float[12];
        for (Form form : Form.values()) {
            Team team = Team.serial();
            assertThrows(IllegalArgumentException.class, () -> form.product.run(f, 0, g, 0, g, 0, -1, 3, 4, false, team));
            assertThrows(IllegalArgumentException.class, () -> form.product.run(f, 0, g, 0, g, 0, 3, 3, -4, false, team));
            assertThrows(IllegalArgumentException.class, () -> form.product.run(f, 0, null, 0, g, 0, 3, 3, 4, false, team));
            assertThrows(IndexOutOfBoundsException.class, () -> form.product.run(f, 4, g, 0, g, 0, 3, 3, 4, false, team));
            assertThrows(IndexOutOfBoundsException.class, () -> form.product.run(f, 0, g, 1, g, 0, 3, 3, 4, false, team));
            assertThrows(IndexOutOfBoundsException.class, () -> form.product.run(f, 0, g, 0, g, -1, 3, 3, 4, false, team));
            assertThrows(IndexOutOfBoundsException.class,
                    () -> form.product.run(f, 0, g, 0, g, 0, 1 << 16, 1 << 16, 0, false, team));
        }
    }

    /** {@code length} values in [-1, 1) between guards of NaN. */
    private static float[] random(int length, SplittableRandom random) {
        float[] x = new float[GUARD + length + GUARD];
        Arrays.fill(x, Float.NaN);
        for (int i = GUARD; i < GUARD + length; i++) {
            x[i] = random.nextFloat() * 2 - 1;
        }
        return x;
    }
}
