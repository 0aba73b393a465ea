package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.VectorOperators.GE;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;

import jdk.incubator.vector.FloatVector;

/**
 * {@code Gelu}'s loops. The tanh form is written with the logistic function, for {@code 0.5 (1 + tanh(u)) = sigmoid(2u)}: with
 * {@code z = 2 sqrt(2/pi) (x + 0.044715 x^3)}, {@code out = x * sigmoid(z)}. The erf form takes {@code Gelu}'s fit, coefficients q
 * and scale t; in single precision it gives the tail within 4.4e-7, relative.
 *
 * <p>Each method returns how many elements it did: whole vectors only, the rest is left to the plain loops. With masked tails, or
 * several of these loops inlined into one task, C2 met its limit of nodes (NodeCountInliningCutoff), left {@link #phi} a call and
 * put its vectors on the heap, three times slower.
 */
public final class GeluVector {

    private static final float LINEAR = (float) (2 * Math.sqrt(2 / Math.PI));
    private static final float CUBIC = (float) (2 * Math.sqrt(2 / Math.PI) * 0.044715);
    private static final float DENSITY = (float) (1 / Math.sqrt(2 * Math.PI));

    private GeluVector() {}

    public static int forwardTanh(float[] out, int outOffset, float[] x, int xOffset, int n) {
        int i = 0;
        for (; i <= n - N; i += N) {
            tanhForm(fromArray(F, x, xOffset + i)).intoArray(out, outOffset + i);
        }
        return i;
    }

    private static FloatVector tanhForm(FloatVector x) {
        FloatVector z = x.mul(x).mul(CUBIC).add(LINEAR).mul(x);
        return x.div(VectorMath.exp(z.neg()).add(1));
    }

    public static int backwardTanh(float[] dx, int dxOffset, float[] dOut, int dOutOffset, float[] x, int xOffset, int n) {
        int i = 0;
        for (; i <= n - N; i += N) {
            FloatVector slope = slopeTanh(fromArray(F, x, xOffset + i));
            fromArray(F, dOut, dOutOffset + i).fma(slope, fromArray(F, dx, dxOffset + i)).intoArray(dx, dxOffset + i);
        }
        return i;
    }

    /**
     * {@code s + x s (1 - s) dz/dx} with {@code s = sigmoid(z)}, and {@code s (1 - s) = e / (1 + e)^2} with e = exp(-|z|).
     * That goes into the product before each x: where x^3 overflows, e is 0.
     */
    private static FloatVector slopeTanh(FloatVector x) {
        FloatVector z = x.mul(x).fma(broadcast(F, CUBIC), broadcast(F, LINEAR)).mul(x);
        FloatVector e = VectorMath.exp(z.abs().neg());
        FloatVector far = broadcast(F, 1).div(e.add(1));
        FloatVector near = e.mul(far);
        FloatVector s = near.blend(far, x.compare(GE, 0));
        FloatVector bell = near.mul(far).mul(x);
        return bell.mul(x).mul(x).fma(broadcast(F, 3 * CUBIC), bell.fma(broadcast(F, LINEAR), s));
    }

    public static int forwardErf(float[] out, int outOffset, float[] x, int xOffset, int n, float[] q, float t) {
        int i = 0;
        for (; i <= n - N; i += N) {
            erfForm(fromArray(F, x, xOffset + i), q, t).intoArray(out, outOffset + i);
        }
        return i;
    }

    private static FloatVector erfForm(FloatVector x, float[] q, float t) {
        return x.mul(phi(x, VectorMath.exp(x.mul(x).mul(-0.5f)), q, t));
    }

    public static int backwardErf(float[] dx, int dxOffset, float[] dOut, int dOutOffset, float[] x, int xOffset, int n, float[] q, float t) {
        int i = 0;
        for (; i <= n - N; i += N) {
            FloatVector slope = slopeErf(fromArray(F, x, xOffset + i), q, t);
            fromArray(F, dOut, dOutOffset + i).fma(slope, fromArray(F, dx, dxOffset + i)).intoArray(dx, dxOffset + i);
        }
        return i;
    }

    private static FloatVector slopeErf(FloatVector x, float[] q, float t) {
        FloatVector bell = VectorMath.exp(x.mul(x).mul(-0.5f));
        return x.mul(DENSITY).fma(bell, phi(x, bell, q, t));
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
