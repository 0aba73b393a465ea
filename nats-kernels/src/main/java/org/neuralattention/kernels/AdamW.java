package org.neuralattention.kernels;

import org.neuralattention.kernels.vector.AdamWVector;

/**
 * AdamW, one step on one tensor of n elements: with {@code g = gradScale * grad},
 * <pre>
 * param *= 1 - lr * weightDecay
 * m = beta1 * m + (1 - beta1) * g
 * v = beta2 * v + (1 - beta2) * g^2
 * param -= lr * (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps)
 * </pre>
 * Source: Loshchilov and Hutter 2019, algorithm 2, in the form of PyTorch's AdamW.
 */
public final class AdamW {

    private AdamW() {}

    /**
     * Updates {@code param}, {@code m} and {@code v} in place; {@code step} counts from 1; moments start as zeros.
     *
     * @throws IllegalArgumentException if step is below 1, a beta is not in [0, 1) or eps is not positive
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static void step(float[] param, int paramOffset, float[] m, int mOffset, float[] v, int vOffset,
            float[] grad, int gradOffset, int n, float lr, float beta1, float beta2, float eps, float weightDecay,
            float gradScale, long step, Team team) {
        Check.notNegative("n", n);
        Check.range("param", param, paramOffset, n);
        Check.range("m", m, mOffset, n);
        Check.range("v", v, vOffset, n);
        Check.range("grad", grad, gradOffset, n);
        if (step < 1 || !(beta1 >= 0 && beta1 < 1) || !(beta2 >= 0 && beta2 < 1)) {
            throw new IllegalArgumentException("step = " + step + ", beta1 = " + beta1 + ", beta2 = " + beta2
                    + ": step must be at least 1, betas in [0, 1)");
        }
        if (!(eps > 0)) { // an element without a gradient so far would become 0 / 0
            throw new IllegalArgumentException("eps = " + eps + ": must be greater than 0 in single precision");
        }
        // The corrections are folded into two factors, in double, so that the loop has none.
        float keep = (float) (1 - (double) lr * weightDecay);
        float rate = (float) (lr / (1 - Math.pow(beta1, step)));
        float correction = (float) (1 / Math.sqrt(1 - Math.pow(beta2, step)));
        team.run(Math.ceilDiv(n, Blocks.ELEMENTS), (task, worker) -> {
            int first = task * Blocks.ELEMENTS;
            if (Kernels.VECTOR) {
                AdamWVector.step(param, paramOffset + first, m, mOffset + first, v, vOffset + first, grad, gradOffset + first,
                        Math.min(Blocks.ELEMENTS, n - first), keep, rate, correction, beta1, beta2, eps, gradScale);
            } else {
                plain(param, paramOffset + first, m, mOffset + first, v, vOffset + first, grad, gradOffset + first,
                        Math.min(Blocks.ELEMENTS, n - first), keep, rate, correction, beta1, beta2, eps, gradScale);
            }
        });
    }

    static void plain(float[] param, int paramOffset, float[] m, int mOffset, float[] v, int vOffset, float[] grad, int gradOffset,
            int n, float keep, float rate, float correction, float beta1, float beta2, float eps, float gradScale) {
        float rest1 = 1 - beta1;
        float rest2 = 1 - beta2;
        for (int i = 0; i < n; i++) {
            float g = grad[gradOffset + i] * gradScale;
            float mi = beta1 * m[mOffset + i] + rest1 * g;
            float vi = beta2 * v[vOffset + i] + rest2 * g * g;
            m[mOffset + i] = mi;
            v[vOffset + i] = vi;
            param[paramOffset + i] = param[paramOffset + i] * keep - rate * mi / ((float) Math.sqrt(vi) * correction + eps);
        }
    }
}
