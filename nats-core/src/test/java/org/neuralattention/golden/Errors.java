package org.neuralattention.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The error the golden files are judged by: norm of the difference over norm of the expectation. */
final class Errors {

    private Errors() {}

    static double relative(float[] actual, int offset, double[] expected) {
        assertTrue(actual.length >= offset + expected.length, "too few values: " + (actual.length - offset) + " < " + expected.length);
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            double d = actual[offset + i] - expected[i];
            difference += d * d;
            norm += expected[i] * expected[i];
        }
        return Math.sqrt(difference) / Math.max(Math.sqrt(norm), 1e-30);
    }

    static void assertClose(String what, double tolerance, double[] expected, float[] actual) {
        assertEquals(expected.length, actual.length, what);
        double error = relative(actual, 0, expected);
        assertTrue(error <= tolerance, what + ": relative error " + error + " is above " + tolerance);
    }
}
