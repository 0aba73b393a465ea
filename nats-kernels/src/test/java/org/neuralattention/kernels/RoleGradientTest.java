package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RoleGradientTest {

    private static final Team SERIAL = Team.serial();
    private static final int[] ROWS = {1, 2, 15, 16, 17, 63, 64, 65, 127, 130, 257};
    private static final int[] DIMS = {2, 8, 24, 34, 64, 72};

    @Property(tries = 40)
    void isTheDerivativeOfTheMultilinearMask(
            @ForAll @IntRange(min = 1, max = 20) int rows, @ForAll @IntRange(min = 1, max = 2) int group,
            @ForAll @IntRange(min = 0, max = 3) int nWindows, @ForAll boolean narrow, @ForAll long seed) {
        RoleCase c = new RoleCase(new AttentionShape(1, rows, 2 * group, 2, 8), nWindows, narrow ? 6 : 0, seed, 0.3);
        double[][] soft = c.oneHots();
        Assume.that(c.largestRatio() <= 1); // the clamp would be at work
        double[] expected = new double[soft.length * c.channels];
        double eps = 1e-5;
        for (int i = 0; i < soft.length; i++) {
            for (int channel = 0; channel < c.channels; channel++) {
                double at = soft[i][channel];
                soft[i][channel] = at + eps;
                double above = c.loss(soft);
                soft[i][channel] = at - eps;
                double below = c.loss(soft);
                soft[i][channel] = at;
                expected[i * c.channels + channel] = (above - below) / (2 * eps);
            }
        }
        assertEquals(0, AttentionCase.maxError(expected, c.plain(), 0), 2e-5, "plain");
        assertEquals(0, AttentionCase.maxError(expected, c.add(SERIAL), 0), 2e-5, Kernels.describe());
        assertEquals(0, AttentionCase.maxError(expected, toFloats(c.reference()), 0), 2e-5, "the reference of the other tests");
    }

    @Test
    void isAsExactAsPlainLoopsAtAwkwardSizes() {
        for (int rows : ROWS) {
            for (int dim : DIMS) {
                int group = 1 + (rows + dim / 8) % 3;
                RoleCase c = new RoleCase(
                        new AttentionShape(2, rows, 2 * group, 2, dim), rows % 4, rows % 2 == 0 ? 0 : 1 + rows / 3, rows * 100L + dim, 2);
                if (dim % 16 == 8) { // half of them with weights, as for a sampled gradient
                    c.tileWeight = new float[4 * RoleGradient.tiles(rows)];
                    for (int i = 0; i < c.tileWeight.length; i++) {
                        c.tileWeight[i] = c.attention.random.nextInt(3) * 1.5f;
                    }
                }
                double[] expected = c.reference();
                double bound = 3 * AttentionCase.maxError(expected, c.plain(), 0) + 1e-5;
                assertEquals(0, AttentionCase.maxError(expected, c.add(SERIAL), 0), bound,
                        "rows " + rows + ", headDim " + dim + ", group " + group + ", " + Kernels.describe());
            }
        }
    }

    @Test
    void sameBitsForAnyNumberOfThreads() {
        RoleCase c = new RoleCase(new AttentionShape(1, 333, 6, 2, 24), 2, 0, 5, 1);
        float[] expected = c.add(SERIAL);
        for (int threads : new int[] {1, 2, 3, 7, 16}) {
            try (Team team = Team.of(threads)) {
                for (int repeat = 0; repeat < 10; repeat++) {
                    assertArrayEquals(expected, c.add(team), threads + " threads");
                }
            }
        }
    }

    /** Groups of three tiles, one taken from each with weight 3: nine selections, whose mean must be the exact gradient. */
    @Test
    void theMeanOverAllSelectionsOfTilesIsTheExactGradient() {
        RoleCase c = new RoleCase(new AttentionShape(1, 6 * RoleGradient.TILE, 2, 1, 16), 2, 0, 9, 1);
        float[] exact = c.add(SERIAL);
        double[] mean = new double[exact.length];
        double largest = 0;
        for (int selection = 0; selection < 9; selection++) {
            c.tileWeight = new float[6];
            c.tileWeight[selection / 3] = 3;
            c.tileWeight[3 + selection % 3] = 3;
            float[] one = c.add(SERIAL);
            for (int i = 0; i < mean.length; i++) {
                mean[i] += one[i] / 9.0;
                largest = Math.max(largest, Math.abs(one[i] - exact[i]));
            }
        }
        for (int i = 0; i < mean.length; i++) {
            assertEquals(exact[i], mean[i], 2e-5, "at " + i);
        }
        assertTrue(largest > 0.01, "selections do not differ: " + largest);
    }

    /** A tile that is left out is not looked at but for its near keys. */
    @Test
    void pairsThatAreNotSampledAreNotRead() {
        RoleCase c = new RoleCase(new AttentionShape(1, 4 * RoleGradient.TILE, 1, 1, 16), 1, 0, 10, 1);
        c.tileWeight = new float[4];
        float[] expected = c.add(SERIAL);
        Arrays.fill(c.attention.v, c.attention.vOffset, c.attention.vOffset + 16, Float.NaN); // key 0
        float[] actual = c.add(SERIAL);
        for (int i = 0; i < 3 * RoleGradient.NEAR; i++) {
            actual[i] = expected[i]; // keys that share a charge or rows with key 0
        }
        assertArrayEquals(expected, actual);
        Arrays.fill(c.tileWeight, 1);
        c.tileWeight[3] = 0;
        assertTrue(Float.isNaN(c.add(SERIAL)[0]));
    }

    @Test
    void addsToWhatIsThere() {
        RoleCase c = new RoleCase(new AttentionShape(1, 70, 2, 1, 16), 1, 0, 6, 1);
        float[] once = c.add(SERIAL);
        float[] dRoles = new float[once.length];
        Arrays.fill(dRoles, 2);
        c.add(dRoles, 0, SERIAL);
        for (int i = 0; i < once.length; i++) {
            assertEquals(2 + once[i], dRoles[i], 1e-5);
        }
    }

    @Test
    void rowsOfEveryKeySumToNothingOverItsVisiblePairs() {
        // Spec 3.2: sum over n of M_mn dM_mn = 0 in every row, so all-global attention has global gradients that sum to 0.
        RoleCase c = new RoleCase(new AttentionShape(1, 200, 2, 1, 32), 1, 0, 7, 1);
        Arrays.fill(c.roles, 0);
        Arrays.fill(c.attention.lastRow, SparseAttention.OPEN);
        c.attention.plainForward(SERIAL);
        float[] dRoles = c.add(SERIAL);
        double sum = 0;
        for (int i = 0; i < dRoles.length; i += c.channels) {
            sum += dRoles[i];
        }
        assertEquals(0, sum, 1e-3);
    }

    @Test
    void rolesOutsideTheirRangeAreNamed() {
        RoleCase c = new RoleCase(new AttentionShape(1, 5, 2, 1, 8), 1, 0, 8, 1);
        c.roles[c.rolesOffset + 3] = 3;
        var thrown = assertThrows(IllegalArgumentException.class, () -> c.add(SERIAL));
        assertTrue(thrown.getMessage().contains("= 3") && thrown.getMessage().contains("[0, 2]"), thrown.getMessage());
    }

    private static float[] toFloats(double[] x) {
        float[] y = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = (float) x[i];
        }
        return y;
    }
}
