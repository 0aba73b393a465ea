package org.neuralattention.model;

import org.neuralattention.kernels.LayerNorm;
import org.neuralattention.kernels.RmsNorm;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig.Norm;

/** The model's normalisation, RMS or layer, over rows of the residual stream; and its gradients. */
final class Normalization {

    private Normalization() {}

    static void forward(float[] out, int outOffset, float[] mean, int meanOffset, float[] rstd, int rstdOffset,
            float[] x, int xOffset, Tensor weight, Tensor bias, int rows, ModelConfig c, Team team) {
        if (c.norm() == Norm.RMS) {
            RmsNorm.forward(out, outOffset, rstd, rstdOffset, x, xOffset, weight.data(), 0, rows, c.dim(), c.normEps(), team);
        } else {
            LayerNorm.forward(out, outOffset, mean, meanOffset, rstd, rstdOffset, x, xOffset,
                    weight.data(), 0, bias.data(), 0, rows, c.dim(), c.normEps(), team);
        }
    }

    static void backward(float[] dx, int dxOffset, Tensor dWeight, Tensor dBias, float[] dOut, int dOutOffset,
            float[] x, int xOffset, Tensor weight, float[] mean, int meanOffset, float[] rstd, int rstdOffset,
            int rows, ModelConfig c, Team team) {
        if (c.norm() == Norm.RMS) {
            RmsNorm.backward(dx, dxOffset, dWeight.data(), 0, dOut, dOutOffset, x, xOffset, weight.data(), 0,
                    rstd, rstdOffset, rows, c.dim(), team);
        } else {
            LayerNorm.backward(dx, dxOffset, dWeight.data(), 0, dBias.data(), 0, dOut, dOutOffset, x, xOffset,
                    weight.data(), 0, mean, meanOffset, rstd, rstdOffset, rows, c.dim(), team);
        }
    }
}
