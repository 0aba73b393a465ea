package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RopeTest {

    private static final double THETA = 500000;

    private static double[] rotated(double[] x, int rows, int nHeads, int headDim, long firstPos, double theta, boolean adjacent, int sign) {
        double[] out = new double[x.length];
        int half = headDim / 2;
        for (int row = 0; row < rows; row++) {
            for (int head = 0; head < nHeads; head++) {
                int at = (row * nHeads + head) * headDim;
                for (int i = 0; i < half; i++) {
                    int first = at + (adjacent ? 2 * i : i);
                    int second = at + (adjacent ? 2 * i + 1 : i + half);
                    double angle = sign * (firstPos + row) * Math.pow(theta, -2.0 * i / headDim);
                    out[first] = x[first] * Math.cos(angle) - x[second] * Math.sin(angle);
                    out[second] = x[second] * Math.cos(angle) + x[first] * Math.sin(angle);
                }
            }
        }
        return out;
    }

    @Test
    void rotatesEveryLayoutNearAndFar() {
        SplittableRandom random = new SplittableRandom(1);
        for (int headDim : new int[] {2, 6, 8, 16, 24, 32, 40, 64, 72, 128, 136}) {
            for (boolean adjacent : new boolean[] {false, true}) {
                for (long firstPos : new long[] {0, 17, (1L << 24) + 1, (1L << 31) + 5}) {
                    int rows = 3;
                    int nHeads = 1 + random.nextInt(3);
                    Rope rope = Rope.of(headDim, THETA, adjacent);
                    Slice cos = new Slice(rows * headDim / 2);
                    Slice sin = new Slice(rows * headDim / 2);
                    rope.table(cos.array, cos.offset, sin.array, sin.offset, firstPos, rows);
                    Slice x = Slice.random(random, rows * nHeads * headDim, 1);
                    Slice dx = x.copy();
                    double[] before = x.values();
                    rope.forward(x.array, x.offset, cos.array, cos.offset, sin.array, sin.offset, rows, nHeads, Team.serial());
                    rope.backward(dx.array, dx.offset, cos.array, cos.offset, sin.array, sin.offset, rows, nHeads, Team.serial());
                    String what = "headDim " + headDim + ", adjacent " + adjacent + ", pos " + firstPos;
                    x.assertEach(rotated(before, rows, nHeads, headDim, firstPos, THETA, adjacent, 1), 0, 3e-7, what);
                    dx.assertEach(rotated(before, rows, nHeads, headDim, firstPos, THETA, adjacent, -1), 0, 3e-7, what);
                    rope.backward(x.array, x.offset, cos.array, cos.offset, sin.array, sin.offset, rows, nHeads, Team.serial());
                    x.assertEach(before, 0, 4e-7, "back again, " + what);
                }
            }
        }
    }

    /** cos and sin by exact reduction of the angle: with theta 1 every frequency is 1, so the angle is the position itself. */
    @Test
    void farPositionsKeepTheirExactAngle() {
        BigDecimal twoPi = new BigDecimal("6.28318530717958647692528676655900576839433879875021");
        Rope rope = Rope.of(2, 1, false);
        for (long pos : new long[] {(1L << 24) + 1, (1L << 31) + 5, (1L << 40) + 3}) {
            double angle = BigDecimal.valueOf(pos).remainder(twoPi, new MathContext(50)).doubleValue();
            float[] cos = new float[2];
            float[] sin = new float[2];
            rope.table(cos, 0, sin, 0, pos - 1, 2);
            assertEquals(Math.cos(angle), cos[1], 1e-7);
            assertEquals(Math.sin(angle), sin[1], 1e-7);
        }
    }

    @Test
    void llama3KeepsShortWavesStretchesLongOnesAndBlendsBetween() {
        int headDim = 128;
        int original = 8192;
        double factor = 8;
        double low = 1;
        double high = 4;
        Rope rope = Rope.llama3(headDim, THETA, false, factor, low, high, original);
        float[] cos = new float[headDim / 2];
        float[] sin = new float[headDim / 2];
        rope.table(cos, 0, sin, 0, 1000, 1);
        int[] kinds = new int[3];
        for (int i = 0; i < headDim / 2; i++) {
            double frequency = Math.pow(THETA, -2.0 * i / headDim);
            double wavelength = 2 * Math.PI / frequency;
            double expected;
            if (wavelength < original / high) {
                expected = frequency;
                kinds[0]++;
            } else if (wavelength > original / low) {
                expected = frequency / factor;
                kinds[1]++;
            } else {
                double smooth = (original / wavelength - low) / (high - low);
                expected = (1 - smooth) * frequency / factor + smooth * frequency;
                kinds[2]++;
            }
            assertEquals(Math.cos(1000 * expected), cos[i], 1e-7, "pair " + i);
            assertEquals(Math.sin(1000 * expected), sin[i], 1e-7, "pair " + i);
        }
        assertTrue(kinds[0] > 0 && kinds[1] > 0 && kinds[2] > 0);
    }

    @Test
    void factorsDivideFrequenciesAndCanSayWhatLlama3Means() {
        float[] factors = Rope.llama3Factors(64, THETA, 8, 1, 4, 8192);
        assertEquals(1, factors[0]);
        assertEquals(8, factors[31]);
        float[] cos = new float[64];
        float[] sin = new float[64];
        Rope.llama3(64, THETA, false, 8, 1, 4, 8192).table(cos, 0, sin, 0, 1000, 1);
        Rope.divided(64, THETA, false, factors).table(cos, 32, sin, 32, 1000, 1);
        for (int i = 0; i < 32; i++) {
            assertTrue(factors[i] >= 1 && factors[i] <= 8 && (i == 0 || factors[i] >= factors[i - 1]));
            double angle = 1000 * Math.pow(THETA, -i / 32.0) / factors[i];
            assertEquals(Math.cos(angle), cos[32 + i], 1e-7);
            assertEquals(cos[i], cos[32 + i], 2e-4); // 1000 rad, factors rounded to 24 bits
            assertEquals(sin[i], sin[32 + i], 2e-4);
        }
        assertThrows(IllegalArgumentException.class, () -> Rope.divided(64, THETA, false, new float[31]));
        assertThrows(IllegalArgumentException.class, () -> Rope.divided(4, THETA, false, new float[] {1, 0}));
    }

    @Test
    void sameBitsForAnyTeam() {
        int rows = 200;
        int nHeads = 3;
        int headDim = 72;
        for (boolean adjacent : new boolean[] {false, true}) {
            Rope rope = Rope.of(headDim, THETA, adjacent);
            float[] cos = new float[rows * headDim / 2];
            float[] sin = new float[rows * headDim / 2];
            rope.table(cos, 0, sin, 0, 5, rows);
            Slice x = Slice.random(new SplittableRandom(3), rows * nHeads * headDim, 1);
            Slice.assertSameBitsForAnyTeam(team -> {
                Slice made = x.copy();
                rope.forward(made.array, made.offset, cos, 0, sin, 0, rows, nHeads, team);
                return new Slice[] {made};
            });
        }
    }

    @Test
    void badArgumentsAreNamed() {
        assertThrows(IllegalArgumentException.class, () -> Rope.of(7, THETA, false));
        assertThrows(IllegalArgumentException.class, () -> Rope.of(8, 0, false));
        assertThrows(IllegalArgumentException.class, () -> Rope.llama3(8, THETA, false, 8, 4, 1, 8192));
        Rope rope = Rope.of(8, THETA, false);
        assertThrows(IllegalArgumentException.class, () -> rope.table(new float[4], 0, new float[4], 0, -1, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> rope.table(new float[4], 0, new float[3], 0, 0, 1));
        assertThrows(IndexOutOfBoundsException.class,
                () -> rope.forward(new float[15], 0, new float[4], 0, new float[4], 0, 1, 2, Team.serial()));
    }
}
