package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.VectorOperators.GE;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** {@code SwiGlu}'s loops. */
public final class SwiGluVector {

    private SwiGluVector() {}

    public static void forward(float[] out, int outOffset, float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        for (int i = 0; i < n; i += N) {
            VectorMask<Float> inside = F.indexInRange(i, n);
            FloatVector g = fromArray(F, gate, gateOffset + i, inside);
            FloatVector u = fromArray(F, up, upOffset + i, inside);
            g.div(VectorMath.exp(g.neg()).add(1)).mul(u).intoArray(out, outOffset + i, inside);
        }
    }

    /** With e = exp(-|gate|), sigmoid(|gate|) is 1 / (1 + e) and sigmoid(-|gate|) is e / (1 + e): both to full relative accuracy. */
    public static void backward(float[] dGate, int dGateOffset, float[] dUp, int dUpOffset, float[] dOut, int dOutOffset,
            float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        for (int i = 0; i < n; i += N) {
            VectorMask<Float> inside = F.indexInRange(i, n);
            FloatVector g = fromArray(F, gate, gateOffset + i, inside);
            FloatVector u = fromArray(F, up, upOffset + i, inside);
            FloatVector d = fromArray(F, dOut, dOutOffset + i, inside);
            FloatVector e = VectorMath.exp(g.abs().neg());
            FloatVector far = broadcast(F, 1).div(e.add(1));
            FloatVector near = e.mul(far);
            VectorMask<Float> positive = g.compare(GE, 0);
            FloatVector s = near.blend(far, positive);
            FloatVector rest = far.blend(near, positive);
            FloatVector slope = g.mul(rest).add(1).mul(s);
            d.mul(u).fma(slope, fromArray(F, dGate, dGateOffset + i, inside)).intoArray(dGate, dGateOffset + i, inside);
            d.fma(g.mul(s), fromArray(F, dUp, dUpOffset + i, inside)).intoArray(dUp, dUpOffset + i, inside);
        }
    }
}
