package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** What the tests give a kernel: n floats at an odd offset with NaN on both sides, so that reading too far shows and writing too far is found. */
final class Slice {

    /** Around one, two and four vectors of 4, 8 and 16 lanes. */
    static final int[] LENGTHS = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 67, 100, 127, 128, 129, 255, 257};

    private static final int GUARD = 5;

    final float[] array;
    final int offset = GUARD;
    final int n;

    Slice(int n) {
        this.n = n;
        array = new float[n + 2 * GUARD];
        Arrays.fill(array, Float.NaN);
        Arrays.fill(array, GUARD, GUARD + n, 0);
    }

    static Slice of(double[] values) {
        Slice slice = new Slice(values.length);
        for (int i = 0; i < values.length; i++) {
            slice.array[GUARD + i] = (float) values[i];
        }
        return slice;
    }

    static Slice random(SplittableRandom random, int n, double scale) {
        return of(random.doubles(n, -scale, scale).toArray());
    }

    Slice scaled(double factor) {
        double[] values = values();
        for (int i = 0; i < n; i++) {
            values[i] *= factor;
        }
        return of(values);
    }

    Slice copy() {
        return of(values());
    }

    double[] values() {
        double[] values = new double[n];
        for (int i = 0; i < n; i++) {
            values[i] = array[GUARD + i];
        }
        return values;
    }

    /** Asserts norm(values - expected) <= tolerance * norm(expected), and that nothing around them was written. */
    void assertNear(double[] expected, double tolerance, String what) {
        assertEquals(expected.length, n, what);
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < n; i++) {
            difference += Math.pow(array[GUARD + i] - expected[i], 2);
            norm += Math.pow(expected[i], 2);
        }
        assertTrue(Math.sqrt(difference) <= tolerance * Math.sqrt(norm), () -> what + ": " + Arrays.toString(values())
                + " is not " + Arrays.toString(expected));
        assertUntouchedAround(what);
    }

    /** Asserts |value - expected| <= tolerance * |expected| + absolute for each value, and that nothing around them was written. */
    void assertEach(double[] expected, double tolerance, double absolute, String what) {
        assertEquals(expected.length, n, what);
        for (int i = 0; i < n; i++) {
            assertEquals(expected[i], array[GUARD + i], tolerance * Math.abs(expected[i]) + absolute, what + "[" + i + "]");
        }
        assertUntouchedAround(what);
    }

    void assertUntouchedAround(String what) {
        for (int i = 0; i < GUARD; i++) {
            assertTrue(Float.isNaN(array[i]) && Float.isNaN(array[GUARD + n + i]), () -> what + " was written outside of its range");
        }
    }

    /** The gradient of {@code loss} at {@code at}, by central differences in double. */
    static double[] gradient(double[] at, ToDoubleFunction<double[]> loss) {
        double[] x = at.clone();
        double[] gradient = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            double step = 1e-5 * Math.max(1, Math.abs(at[i]));
            x[i] = at[i] + step;
            double up = loss.applyAsDouble(x);
            x[i] = at[i] - step;
            gradient[i] = (up - loss.applyAsDouble(x)) / (2 * step);
            x[i] = at[i];
        }
        return gradient;
    }

    static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    static double[] plus(double[] a, double[] b) {
        double[] sum = a.clone();
        for (int i = 0; i < a.length; i++) {
            sum[i] += b[i];
        }
        return sum;
    }

    /** Asserts that {@code op} gives the same bits with 1, 2, 3 and 7 threads; it returns its outputs. */
    static void assertSameBitsForAnyTeam(Function<Team, Slice[]> op) {
        Slice[] expected = op.apply(Team.serial());
        for (int threads : new int[] {2, 3, 7}) {
            try (Team team = Team.of(threads)) {
                Slice[] actual = op.apply(team);
                for (int i = 0; i < expected.length; i++) {
                    assertArrayEquals(expected[i].array, actual[i].array, "output " + i + " with " + threads + " threads");
                }
            }
        }
    }
}
