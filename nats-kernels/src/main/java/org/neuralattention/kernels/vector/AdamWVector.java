package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** {@code AdamW}'s loop, in the plain loop's order of operations, so that both give the same bits: the compiler leaves that one scalar. */
public final class AdamWVector {

    private AdamWVector() {}

    public static void step(float[] param, int paramOffset, float[] m, int mOffset, float[] v, int vOffset, float[] grad, int gradOffset,
            int n, float keep, float rate, float correction, float beta1, float beta2, float eps, float gradScale) {
        float rest1 = 1 - beta1;
        float rest2 = 1 - beta2;
        for (int i = 0; i < n; i += N) {
            VectorMask<Float> inside = F.indexInRange(i, n);
            FloatVector g = fromArray(F, grad, gradOffset + i, inside).mul(gradScale);
            FloatVector mi = fromArray(F, m, mOffset + i, inside).mul(beta1).add(g.mul(rest1));
            FloatVector vi = fromArray(F, v, vOffset + i, inside).mul(beta2).add(g.mul(rest2).mul(g));
            mi.intoArray(m, mOffset + i, inside);
            vi.intoArray(v, vOffset + i, inside);
            FloatVector step = mi.mul(rate).div(vi.sqrt().mul(correction).add(eps));
            fromArray(F, param, paramOffset + i, inside).mul(keep).sub(step).intoArray(param, paramOffset + i, inside);
        }
    }
}
