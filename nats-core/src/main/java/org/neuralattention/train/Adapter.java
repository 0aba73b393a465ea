package org.neuralattention.train;

import org.neuralattention.kernels.CounterRandom;
import org.neuralattention.kernels.MatMul;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Tensor;

/**
 * A change of low rank to one matrix of a model (LoRA: Hu et al. 2021, section 4.1), as a re-parametrisation: the model's own matrix is
 * always {@code W = W0 + scale B A}, so that the forward pass knows nothing of it, and from its gradient dW follow
 * {@code dB = scale dW A^T} and {@code dA = scale B^T dW}.
 */
final class Adapter {

    /** Draws of A lie in a layer no model has, nor the data, nor first weights. */
    private static final int LAYER = -3;

    private final Tensor weight;   // [out, in] W
    private final Tensor gradient; // [out, in] dW
    private final Tensor base;     // [out, in] W0
    private final Tensor a;        // [rank, in]
    private final Tensor b;        // [out, rank]
    private final Tensor da;
    private final Tensor db;
    private final float scale;
    private final float[] scaledB;

    /** With a random A, of variance 1 / in, and a B of zeros: W is as it was. */
    Adapter(Tensor weight, Tensor gradient, Tuning.Lora lora, long seed) {
        int out = weight.dim(0);
        int in = weight.dim(1);
        this.weight = weight;
        this.gradient = gradient;
        this.scale = lora.scale();
        base = Tensor.wrap(weight.name(), weight.data().clone(), out, in);
        a = tensor(".lora_a", lora.rank(), in);
        b = tensor(".lora_b", out, lora.rank());
        da = tensor(".lora_a", lora.rank(), in);
        db = tensor(".lora_b", out, lora.rank());
        scaledB = new float[b.size()];
        for (int i = 0; i < a.size(); i++) {
            a.data()[i] = (float) (CounterRandom.gaussian(seed, weight.name().hashCode(), LAYER, 0, i, 0) / Math.sqrt(in));
        }
    }

    private Tensor tensor(String suffix, int rows, int cols) {
        return Tensor.wrap(weight.name() + suffix, new float[Math.multiplyExact(rows, cols)], rows, cols);
    }

    /** The matrix as it was before it was adapted. */
    Tensor base() {
        return base;
    }

    Learned learnedA() {
        return Learned.of(a, da, false);
    }

    Learned learnedB() {
        return Learned.of(b, db, false);
    }

    /** Sets W. */
    void merge(Team team) {
        System.arraycopy(base.data(), 0, weight.data(), 0, weight.size());
        scale(scaledB, b.data());
        MatMul.ab(weight.data(), 0, scaledB, 0, a.data(), 0, b.dim(0), a.dim(1), a.dim(0), true, team);
    }

    /** Sets dA and dB from dW. */
    void gradients(Team team) {
        int out = b.dim(0);
        int rank = b.dim(1);
        int in = a.dim(1);
        MatMul.abt(db.data(), 0, gradient.data(), 0, a.data(), 0, out, rank, in, false, team);
        MatMul.atb(da.data(), 0, b.data(), 0, gradient.data(), 0, rank, in, out, false, team);
        scale(db.data(), db.data());
        scale(da.data(), da.data());
    }

    private void scale(float[] out, float[] x) {
        for (int i = 0; i < out.length; i++) {
            out[i] = scale * x[i];
        }
    }
}
