package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class MatVecTest {

    private static final int GUARD = 3;
    private static final int[] COUNTS = {1, 2, 3, 4, 5, 8};
    private static final int[] ROWS = {1, 2, 3, 4, 5, 7, 64, 101};
    private static final int[] LENGTHS = {0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129, 1000};

    @Test
    void agreesWithPlainLoopsAtAwkwardLengths() {
        SplittableRandom random = new SplittableRandom(1);
        for (int count : COUNTS) {
            for (int n : ROWS) {
                for (int k : LENGTHS) {
                    check(count, n, k, random);
                }
            }
        }
    }

    private static void check(int count, int n, int k, SplittableRandom random) {
        float[] x = random(count * k, random);
        float[] w = random(n * k, random);
        float[] out = random(count * n, random);
        float[] plain = out.clone();
        Arrays.fill(out, Float.NaN);
        MatVec.forward(out, GUARD, x, GUARD, w, GUARD, count, n, k, Team.serial());
        MatVec.plainRows(plain, GUARD, x, GUARD, w, GUARD, count, n, k, 0, n);
        double error = 0;
        double plainError = 0;
        for (int c = 0; c < count; c++) {
            for (int row = 0; row < n; row++) {
                double sum = 0;
                for (int i = 0; i < k; i++) {
                    sum += (double) x[GUARD + c * k + i] * w[GUARD + row * k + i];
                }
                double difference = Math.abs(out[GUARD + c * n + row] - sum);
                error = difference <= error ? error : difference; // keeps a NaN
                plainError = Math.max(plainError, Math.abs(plain[GUARD + c * n + row] - sum));
            }
        }
        String what = "count = " + count + ", n = " + n + ", k = " + k;
        assertTrue(error <= 2 * plainError + 4 * Math.ulp(1f) * Math.sqrt(k + 1), // the plain error of a few sums may be small by luck
                what + ": error " + error + ", plain loops " + plainError);
        for (int i = 0; i < GUARD; i++) {
            assertTrue(Float.isNaN(out[i]) && Float.isNaN(out[GUARD + count * n + i]), what + ": wrote outside of out");
        }
    }

    @Test
    void eachVectorHasTheSameBitsAloneAndAmongOthers() {
        SplittableRandom random = new SplittableRandom(2);
        for (int n : new int[] {5, 103}) {
            for (int k : new int[] {17, 130, 1003}) {
                int most = 9;
                float[] x = random(most * k, random);
                float[] w = random(n * k, random);
                float[] alone = new float[most * n];
                for (int c = 0; c < most; c++) {
                    MatVec.forward(alone, c * n, x, GUARD + c * k, w, GUARD, 1, n, k, Team.serial());
                }
                for (int count = 1; count <= most; count++) {
                    float[] out = new float[count * n];
                    MatVec.forward(out, 0, x, GUARD, w, GUARD, count, n, k, Team.serial());
                    assertArrayEquals(Arrays.copyOf(alone, count * n), out, "count = " + count + ", n = " + n + ", k = " + k);
                }
            }
        }
    }

    @Test
    void sameBitsForAnyNumberOfThreads() {
        SplittableRandom random = new SplittableRandom(3);
        int count = 3;
        int n = 1501;
        int k = 259;
        float[] x = random(count * k, random);
        float[] w = random(n * k, random);
        float[] expected = new float[count * n];
        MatVec.forward(expected, 0, x, GUARD, w, GUARD, count, n, k, Team.serial());
        for (int threads : new int[] {1, 2, 3, 7}) {
            try (Team team = Team.of(threads)) {
                for (int repeat = 0; repeat < 5; repeat++) {
                    float[] out = new float[count * n];
                    MatVec.forward(out, 0, x, GUARD, w, GUARD, count, n, k, team);
                    assertArrayEquals(expected, out, threads + " threads");
                }
            }
        }
    }

    @Test
    void nanAndInfinityPropagate() {
        for (int k : new int[] {5, 64, 77}) {
            for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
                SplittableRandom random = new SplittableRandom(4);
                float[] x = random(2 * k, random);
                float[] w = random(6 * k, random);
                x[GUARD + k + 1] = bad;
                w[GUARD + 4 * k + 1] = 0;
                w[GUARD + 5 * k + k - 1] = bad;
                float[] out = new float[12];
                float[] plain = new float[12];
                MatVec.forward(out, 0, x, GUARD, w, GUARD, 2, 6, k, Team.serial());
                MatVec.plainRows(plain, 0, x, GUARD, w, GUARD, 2, 6, k, 0, 6);
                for (int i = 0; i < 12; i++) {
                    assertEquals(i < 5, Float.isFinite(out[i]), "out[" + i + "] = " + out[i]);
                    assertTrue(i < 5 || out[i] == plain[i] || Float.isNaN(plain[i]) && Float.isNaN(out[i]),
                            "out[" + i + "] = " + out[i] + ", plain loops " + plain[i]);
                }
            }
        }
    }

    @Test
    void storedWeightsGiveTheBitsOfTheExpandedOnes() {
        SplittableRandom random = new SplittableRandom(5);
        for (Dtype dtype : Dtype.values()) {
            for (int n : new int[] {0, 1, 3, 4, 5, 7, 64, 101, 1030}) {
                for (int k : switch (dtype.block()) {
                    case 1 -> new int[] {0, 1, 5, 17, 64, 130};
                    case 32 -> new int[] {0, 32, 64, 96, 160, 576};
                    default -> new int[] {0, 256, 512, 768, 2304}; // the last in two pieces
                }) {
                    float[] data = random(n * k, random);
                    WeightMatrix w = WeightMatrix.of(dtype, data, GUARD, n, k).slice(n / 3, n - n / 3);
                    float[] expanded = new float[w.rows() * k];
                    w.expand(expanded, 0, 0, w.rows());
                    for (int count : new int[] {1, 2, 5}) {
                        float[] x = random(count * k, random);
                        float[] out = new float[GUARD + count * w.rows() + GUARD];
                        float[] expected = out.clone();
                        MatVec.forward(out, GUARD, x, GUARD, w, count, Team.serial());
                        MatVec.forward(expected, GUARD, x, GUARD, expanded, 0, count, w.rows(), k, Team.serial());
                        assertArrayEquals(expected, out, dtype + ", count = " + count + ", n = " + w.rows() + ", k = " + k);
                    }
                }
            }
        }
    }

    @Test
    void storedWeightsGiveTheSameBitsForAnyNumberOfThreads() {
        SplittableRandom random = new SplittableRandom(6);
        int n = 3001;
        for (Dtype dtype : Dtype.values()) {
            int k = Math.max(96, dtype.block());
            float[] data = random(n * k, random);
            WeightMatrix w = WeightMatrix.of(dtype, data, GUARD, n, k);
            for (int count : new int[] {1, 3}) {
                float[] x = random(count * k, random);
                float[] expected = new float[count * n];
                MatVec.forward(expected, 0, x, GUARD, w, count, Team.serial());
                for (int threads : new int[] {1, 2, 3, 7}) {
                    try (Team team = Team.of(threads)) {
                        for (int repeat = 0; repeat < 5; repeat++) {
                            float[] out = new float[count * n];
                            MatVec.forward(out, 0, x, GUARD, w, count, team);
                            assertArrayEquals(expected, out, dtype + ", " + threads + " threads");
                        }
                    }
                }
            }
        }
    }

    @Test
    void aScaleThatIsNotANumberSpoilsItsRowOnly() {
        int k = 512;
        byte[] quants = new byte[6 * k];
        short[] halves = new short[6 * k];
        halves[2 * k / 32 + 1] = 0x7e00;
        int[] scales = new int[12 * WeightMatrix.Q4K.SCALES];
        scales[5 * WeightMatrix.Q4K.SCALES] = 0x7e00;
        short[] d = new short[12];
        d[5] = 0x7e00;
        short[] bits = new short[6 * k];
        bits[2 * k + 300] = 0x7e00;
        float[] x = random(k, new SplittableRandom(7));
        for (WeightMatrix w : new WeightMatrix[] {new WeightMatrix.Q8(quants, halves, 0, 6, k), new WeightMatrix.Q4(quants, halves, 0, 6, k),
            new WeightMatrix.Q4K(quants, scales, 0, 6, k), new WeightMatrix.Q6K(quants, new byte[6 * k], d, 0, 6, k), new WeightMatrix.F16(bits, 0, 6, k)}) {
            float[] out = new float[6];
            MatVec.forward(out, 0, x, GUARD, w, 1, Team.serial());
            for (int i = 0; i < 6; i++) {
                assertEquals(i == 2, Float.isNaN(out[i]), w.dtype() + ", out[" + i + "] = " + out[i]);
            }
        }
    }

    @Test
    void badSizesAndOffsetsAreRefused() {
        float[] f = new float[12];
        Team team = Team.serial();
        assertThrows(IllegalArgumentException.class, () -> MatVec.forward(f, 0, f, 0, f, 0, -1, 3, 4, team));
        assertThrows(IllegalArgumentException.class, () -> MatVec.forward(f, 0, f, 0, null, 0, 1, 3, 4, team));
        assertThrows(IndexOutOfBoundsException.class, () -> MatVec.forward(f, 0, f, 0, f, 1, 1, 3, 4, team));
        assertThrows(IndexOutOfBoundsException.class, () -> MatVec.forward(f, 0, f, 9, f, 0, 1, 3, 4, team));
        assertThrows(IndexOutOfBoundsException.class, () -> MatVec.forward(f, 10, f, 0, f, 0, 1, 3, 4, team));
        WeightMatrix w = WeightMatrix.of(Dtype.BF16, f, 0, 3, 4);
        assertThrows(IllegalArgumentException.class, () -> MatVec.forward(f, 0, f, 0, w, -1, team));
        assertThrows(IndexOutOfBoundsException.class, () -> MatVec.forward(f, 0, f, 9, w, 1, team));
        assertThrows(IndexOutOfBoundsException.class, () -> MatVec.forward(f, 10, f, 0, w, 1, team));
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
