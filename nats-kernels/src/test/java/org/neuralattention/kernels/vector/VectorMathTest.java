package org.neuralattention.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Tagged, for the pom leaves it out in the JVM without the incubator module, where the class under test cannot load. */
@Tag("vector")
class VectorMathTest {

    private static double ulps(float actual, double expected) {
        return Math.abs(actual - expected) / Math.ulp((float) expected);
    }

    @Test
    void expIsWithinOneUlpWhereItIsNormal() {
        int n = 1 << 16;
        float[] x = new float[n];
        float[] out = new float[n];
        double worst = 0;
        for (int round = 0; round < 32; round++) {
            for (int i = 0; i < n; i++) {
                // Even over the range, and in odd rounds ever closer to zero.
                double even = -87.33654 + (87.33654 + 88.72283) * (i + round / 32.0) / n;
                x[i] = (float) (round % 2 == 0 ? even : even * Math.pow(0.3, round));
            }
            VectorMath.exp(out, 0, x, 0, n);
            for (int i = 0; i < n; i++) {
                worst = Math.max(worst, ulps(out[i], Math.exp(x[i])));
            }
        }
        assertTrue(worst <= 1, "worst error in ulps: " + worst);
    }

    @Test
    void expAtTheEdges() {
        float[] x = {Float.NEGATIVE_INFINITY, -Float.MAX_VALUE, -1e4f, -104, -87.4f, Math.nextDown(-87.33654f),
            Float.NaN, Float.intBitsToFloat(0x7fc001ff), 88.8f, Math.nextUp(88.72283f), 1e4f, Float.MAX_VALUE, Float.POSITIVE_INFINITY, 0f, -0f};
        float[] expected = {0, 0, 0, 0, 0, 0, Float.NaN, Float.NaN, Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY,
            Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY, 1, 1};
        float[] out = new float[x.length];
        VectorMath.exp(out, 0, x, 0, x.length);
        for (int i = 0; i < x.length; i++) {
            assertEquals(expected[i], out[i], "exp(" + x[i] + ")");
        }
        float[] last = {-87.33654f, 88.72283f};
        VectorMath.exp(last, 0, last, 0, 2);
        assertTrue(ulps(last[0], Math.exp(-87.33654f)) <= 1 && ulps(last[1], Math.exp(88.72283f)) <= 1, last[0] + ", " + last[1]);
    }

    @Test
    void exp2IsWithinOneUlpWhereItIsNormal() {
        float[] x = new float[Lanes.N];
        float[] out = new float[Lanes.N];
        double worst = 0;
        for (int i = -126 * 4096; i < 127 * 4096; i += Lanes.N) {
            for (int j = 0; j < Lanes.N; j++) {
                x[j] = (i + j) / 4096f * (i % 3 == 0 ? 0.01f : 1);
            }
            VectorMath.exp2(FloatVector.fromArray(Lanes.F, x, 0)).intoArray(out, 0);
            for (int j = 0; j < Lanes.N; j++) {
                worst = Math.max(worst, ulps(out[j], Math.pow(2, x[j])));
            }
        }
        assertTrue(worst <= 1, "worst error in ulps: " + worst);
    }

    @Test
    void exp2AtTheEdges() {
        float[] x = {Float.NEGATIVE_INFINITY, -Float.MAX_VALUE, -1e4f, Math.nextDown(-126f), -126, 0, -0f, 127,
            Float.NaN, Float.intBitsToFloat(0xffc00000), 128, 200, 1e4f, 1e9f, Float.MAX_VALUE, Float.POSITIVE_INFINITY};
        float[] out = new float[x.length];
        for (int i = 0; i < x.length; i += Lanes.N) {
            VectorMath.exp2(FloatVector.fromArray(Lanes.F, x, i)).intoArray(out, i);
        }
        float[] expected = {0, 0, 0, 0, 0x1p-126f, 1, 1, 0x1p127f};
        for (int i = 0; i < x.length; i++) {
            if (i < expected.length) {
                assertEquals(expected[i], out[i], "exp2(" + x[i] + ")");
            } else {
                assertTrue(!Float.isFinite(out[i]) && (i > 9 || Float.isNaN(out[i])), "exp2(" + x[i] + ") = " + out[i]);
            }
        }
    }

    @Test
    void expOfAnyLengthTouchesNothingElse() {
        for (int n = 0; n <= 70; n++) {
            float[] x = new float[n + 4];
            float[] out = new float[n + 4];
            Arrays.fill(out, 7);
            VectorMath.exp(out, 3, x, 1, n);
            for (int i = 0; i < out.length; i++) {
                assertEquals(i >= 3 && i < n + 3 ? 1f : 7f, out[i], "n " + n + ", place " + i);
            }
        }
    }

    @Test
    void sigmoidIsWithinThreeUlp() {
        float[] x = new float[Lanes.N];
        float[] out = new float[Lanes.N];
        double worst = 0;
        for (int i = -40_000; i < 40_000; i += Lanes.N) {
            for (int j = 0; j < Lanes.N; j++) {
                x[j] = (i + j) * 0.0021f;
            }
            VectorMath.sigmoid(FloatVector.fromArray(Lanes.F, x, 0)).intoArray(out, 0);
            for (int j = 0; j < Lanes.N; j++) {
                worst = Math.max(worst, ulps(out[j], 1 / (1 + Math.exp(-x[j]))));
            }
        }
        assertTrue(worst <= 3, "worst error in ulps: " + worst);
        float[] edges = new float[Lanes.N];
        float[] values = {Float.NEGATIVE_INFINITY, 1e4f, Float.NaN, -1e4f};
        System.arraycopy(values, 0, edges, 0, 4);
        VectorMath.sigmoid(FloatVector.fromArray(Lanes.F, edges, 0)).intoArray(out, 0);
        assertEquals(0, out[0]);
        assertEquals(1, out[1]);
        assertTrue(Float.isNaN(out[2]));
        assertEquals(0, out[3]);
    }
}
