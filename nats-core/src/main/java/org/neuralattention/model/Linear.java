package org.neuralattention.model;

import org.neuralattention.kernels.Bias;
import org.neuralattention.kernels.MatMul;
import org.neuralattention.kernels.MatVec;
import org.neuralattention.kernels.Team;

/** A linear layer, out[rows, m] = x[rows, n] W[m, n]^T + b, over one arena; and its gradients. */
final class Linear {

    private Linear() {}

    static void forward(float[] out, int outOffset, float[] x, int xOffset, Tensor weight, Tensor bias, int rows, Team team) {
        int m = weight.dim(0);
        if (rows == 1) { // decoding: its tasks are rows of the weight, in plain Java too, where a task of MatMul is rows of x
            MatVec.forward(out, outOffset, x, xOffset, weight.matrix(), rows, team);
        } else {
            MatMul.abt(out, outOffset, x, xOffset, weight.matrix(), rows, team);
        }
        if (bias != null) {
            Bias.forward(out, outOffset, bias.data(), 0, rows, m, team);
        }
    }

    /**
     * Undoes {@link #forward}: dx = dOut W (added if {@code accumulate}), dW += dOut^T x, db += column sums of dOut; the last two where the
     * gradient is held.
     */
    static void backward(float[] dx, int dxOffset, Tensor dWeight, Tensor dBias, float[] dOut, int dOutOffset,
            float[] x, int xOffset, Tensor weight, boolean accumulate, int rows, Team team) {
        int m = weight.dim(0);
        int n = weight.dim(1);
        MatMul.ab(dx, dxOffset, dOut, dOutOffset, weight.data(), 0, rows, n, m, accumulate, team);
        if (dWeight.data() != null) {
            MatMul.atb(dWeight.data(), 0, dOut, dOutOffset, x, xOffset, m, n, rows, true, team);
        }
        if (dBias != null && dBias.data() != null) {
            Bias.backward(dBias.data(), 0, dOut, dOutOffset, rows, m, team);
        }
    }
}
