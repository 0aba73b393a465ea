package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.VectorOperators.GE;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * {@code Gelu}'s loops. The tanh form is written with the logistic function, for {@code 0.5 (1 + tanh(u)) = sigmoid(2u)}: with
 * {@code z = 2 sqrt(2/pi) (x + 0.044715 x^3)}, {@code out = x * sigmoid(z)}. The erf form takes {@code Gelu}'s fit, coefficients q
 * and scale t; in single precision it gives the tail within 4.4e-7, relative.
 */
public final class GeluVector {

    private static final float LINEAR = (float) (2 * Math.sqrt(2 / Math.PI));
    private static final float CUBIC = (float) (2 * Math.sqrt(2 / Math.PI) * 0.044715);
    private static final float DENSITY = (float) (1 / Math.sqrt(2 * Math.PI));

    private GeluVector() {}

    public static void forwardTanh(float[] out, int outOffset, float[] x, int xOffset, int n) {
        for (int i = 0; i < n; i += N) {
            VectorMask<Float> inside = F.indexInRange(i, n);
            FloatVector v = fromArray(F, x, xOffset + i, inside);
            FloatVector z = v.mul(v).mul(CUBIC).add(LINEAR).mul(v);
            v.div(VectorMath.exp(z.neg()).add(1)).intoArray(out, outOffset + i, inside);
        }
    }

    /** The slope is {@code s + x s (1 - s) dz/dx} with {@code s = sigmoid(z)}, and {@code s (1 - s) = e / (1 + e)^2} with e = exp(-|z|). */
    public static void backwardTanh(float[] dx, int dxOffset, float[] dOut, int dOutOffset, float[] x, int xOffset, int n) {
        for (int i = 0; i < n; i += N) {
            VectorMask<Float> inside = F.indexInRange(i, n);
            FloatVector v = fromArray(F, x, xOffset + i, inside);
            FloatVector squared = v.mul(v);
            FloatVector z = squared.mul(CUBIC).add(LINEAR).mul(v);
            FloatVector dz = squared.mul(3 * CUBIC).add(LINEAR);
            FloatVector e = VectorMath.exp(z.abs().neg());
            FloatVector far = broadcast(F, 1).div(e.add(1));
            FloatVector near = e.mul(far);
            FloatVector s = near.blend(far, v.compare(GE, 0));
            FloatVector slope = v.mul(dz).mul(near).fma(far, s);
            add(dx, dxOffset + i, dOut, dOutOffset + i, slope, inside);
        }
    }

    public static void forwardErf(float[] out, int outOffset, float[] x, int xOffset, int n, float[] q, float t) {
        for (int i = 0; i < n; i += N) {
            VectorMask<Float> inside = F.indexInRange(i, n);
            FloatVector v = fromArray(F, x, xOffset + i, inside);
            v.mul(phi(v, VectorMath.exp(v.mul(v).mul(-0.5f)), q, t)).intoArray(out, outOffset + i, inside);
        }
    }

    public static void backwardErf(float[] dx, int dxOffset, float[] dOut, int dOutOffset, float[] x, int xOffset, int n, float[] q, float t) {
        for (int i = 0; i < n; i += N) {
            VectorMask<Float> inside = F.indexInRange(i, n);
            FloatVector v = fromArray(F, x, xOffset + i, inside);
            FloatVector bell = VectorMath.exp(v.mul(v).mul(-0.5f));
            FloatVector slope = v.mul(DENSITY).fma(bell, phi(v, bell, q, t));
            add(dx, dxOffset + i, dOut, dOutOffset + i, slope, inside);
        }
    }

    private static void add(float[] dx, int dxOffset, float[] dOut, int dOutOffset, FloatVector slope, VectorMask<Float> inside) {
        fromArray(F, dOut, dOutOffset, inside).fma(slope, fromArray(F, dx, dxOffset, inside)).intoArray(dx, dxOffset, inside);
    }

    /** The normal distribution function; {@code bell} = exp(-x^2 / 2). */
    private static FloatVector phi(FloatVector x, FloatVector bell, float[] q, float scale) {
        FloatVector t = broadcast(F, 1).div(x.abs().mul(scale).add(1));
        FloatVector sum = broadcast(F, q[q.length - 1]);
        for (int i = q.length - 2; i >= 0; i--) {
            sum = sum.fma(t, broadcast(F, q[i]));
        }
        FloatVector tail = sum.mul(t).mul(bell);
        return tail.blend(broadcast(F, 1).sub(tail), x.compare(GE, 0));
    }
}
