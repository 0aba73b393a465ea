package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.zero;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** {@code CrossEntropy}'s loops over a row of logits. */
public final class CrossEntropyVector {

    private CrossEntropyVector() {}

    /** The largest; NaN if any is. */
    public static float max(float[] logits, int offset, int n) {
        FloatVector m0 = broadcast(F, Float.NEGATIVE_INFINITY);
        FloatVector m1 = m0;
        int i = 0;
        for (; i <= n - 2 * N; i += 2 * N) {
            m0 = m0.max(fromArray(F, logits, offset + i));
            m1 = m1.max(fromArray(F, logits, offset + i + N));
        }
        for (; i < n; i += N) {
            VectorMask<Float> inside = F.indexInRange(i, n);
            m0 = m0.lanewise(VectorOperators.MAX, fromArray(F, logits, offset + i, inside), inside);
        }
        return m0.max(m1).reduceLanes(VectorOperators.MAX);
    }

    /** sum over i of exp(logits[i] - max). */
    public static double sumExp(float[] logits, int offset, int n, float max) {
        FloatVector s0 = zero(F);
        FloatVector s1 = zero(F);
        int i = 0;
        for (; i <= n - 2 * N; i += 2 * N) {
            s0 = s0.add(VectorMath.exp(fromArray(F, logits, offset + i).sub(max)));
            s1 = s1.add(VectorMath.exp(fromArray(F, logits, offset + i + N).sub(max)));
        }
        for (; i < n; i += N) {
            VectorMask<Float> inside = F.indexInRange(i, n);
            s0 = s0.add(VectorMath.exp(fromArray(F, logits, offset + i, inside).sub(max)), inside);
        }
        return VectorMath.sum(s0.add(s1));
    }

    /** Logits become {@code scale * exp(logit - lse)}. */
    public static void gradient(float[] logits, int offset, int n, float lse, float scale) {
        for (int i = 0; i < n; i += N) {
            VectorMask<Float> inside = F.indexInRange(i, n);
            VectorMath.exp(fromArray(F, logits, offset + i, inside).sub(lse)).mul(scale).intoArray(logits, offset + i, inside);
        }
    }
}
