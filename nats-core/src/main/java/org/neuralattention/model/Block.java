package org.neuralattention.model;

import static java.util.Arrays.fill;

import org.neuralattention.kernels.Add;
import org.neuralattention.kernels.Gelu;
import org.neuralattention.kernels.RmsNorm;
import org.neuralattention.kernels.Rope;
import org.neuralattention.kernels.SwiGlu;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig.Activation;

/**
 * One transformer block around its attention, forward and backward:
 * <pre>
 *   projections: normed = norm(x);  q, k, v = rope(qkNorm(normed Wqkv))
 *   attention:   the caller's (training, prefill and decode differ only there)
 *   feedForward: mid = x + attention Wo;  out = mid + down(act(norm(mid)))
 * </pre>
 */
final class Block {

    private final ModelConfig c;
    private final Rope rope; // null with learned positions
    private final Team team;

    Block(ModelConfig config, Rope rope, Team team) {
        this.c = config;
        this.rope = rope;
        this.team = team;
    }

    /** From the block's input to rotated queries and keys, and values. */
    void projections(Activations s, Activations.Layer a, float[] x, Weights.Layer w) {
        int rows = s.rows();
        float[] d = a.data;
        Normalization.forward(d, a.normed, d, a.mean, d, a.rstd, x, 0, w.attnNorm, w.attnNormBias, rows, c, team);
        Linear.forward(d, a.qRaw, d, a.normed, w.wq, w.bq, rows, team);
        Linear.forward(d, a.kRaw, d, a.normed, w.wk, w.bk, rows, team);
        Linear.forward(d, a.v, d, a.normed, w.wv, w.bv, rows, team);
        if (c.qkNorm()) {
            RmsNorm.forward(d, a.q, d, a.qRstd, d, a.qRaw, w.qNorm.data(), 0, rows * c.nHeads(), c.headDim(), c.normEps(), team);
            RmsNorm.forward(d, a.k, d, a.kRstd, d, a.kRaw, w.kNorm.data(), 0, rows * c.nKvHeads(), c.headDim(), c.normEps(), team);
        }
        if (rope != null) {
            for (int b = 0; b < s.batch(); b++) {
                int from = b * s.seqLen();
                rope.forward(d, a.q + from * c.qDim(), s.cos, 0, s.sin, 0, s.seqLen(), c.nHeads(), team);
                rope.forward(d, a.k + from * c.kvDim(), s.cos, 0, s.sin, 0, s.seqLen(), c.nKvHeads(), team);
            }
        }
    }

    /**
     * Undoes {@link #projections}: from the gradients of q, k, v to that of the block's input, added to {@code dx}.
     *
     * @param scored whether the gradient of the normed input holds the role scorer's part already; else what is there does not count
     */
    void projectionsBackward(float[] dx, Weights.Layer dw, Activations s, Activations.Layer a, float[] x, Weights.Layer w, boolean scored) {
        int rows = s.rows();
        float[] d = a.data;
        Activations.Gradients g = s.gradients();
        if (rope != null) {
            for (int b = 0; b < s.batch(); b++) {
                int from = b * s.seqLen();
                rope.backward(g.data, g.q + from * c.qDim(), s.cos, 0, s.sin, 0, s.seqLen(), c.nHeads(), team);
                rope.backward(g.data, g.k + from * c.kvDim(), s.cos, 0, s.sin, 0, s.seqLen(), c.nKvHeads(), team);
            }
        }
        if (c.qkNorm()) {
            fill(g.data, g.qRaw, g.qRaw + rows * c.qDim(), 0);
            fill(g.data, g.kRaw, g.kRaw + rows * c.kvDim(), 0);
            RmsNorm.backward(g.data, g.qRaw, dw.qNorm.data(), 0, g.data, g.q, d, a.qRaw, w.qNorm.data(), 0, d, a.qRstd,
                    rows * c.nHeads(), c.headDim(), team);
            RmsNorm.backward(g.data, g.kRaw, dw.kNorm.data(), 0, g.data, g.k, d, a.kRaw, w.kNorm.data(), 0, d, a.kRstd,
                    rows * c.nKvHeads(), c.headDim(), team);
        }
        Linear.backward(g.data, g.normed, dw.wq, dw.bq, g.data, g.qRaw, d, a.normed, w.wq, scored, rows, team);
        Linear.backward(g.data, g.normed, dw.wk, dw.bk, g.data, g.kRaw, d, a.normed, w.wk, true, rows, team);
        Linear.backward(g.data, g.normed, dw.wv, dw.bv, g.data, g.v, d, a.normed, w.wv, true, rows, team);
        Normalization.backward(dx, 0, dw.attnNorm, dw.attnNormBias, g.data, g.normed, x, 0, w.attnNorm,
                d, a.mean, d, a.rstd, rows, c, team);
    }

    /** From the attention's output to the block's. */
    void feedForward(float[] out, Activations s, Activations.Layer a, float[] x, Weights.Layer w) {
        int rows = s.rows();
        int n = rows * c.hiddenDim();
        float[] d = a.data;
        Linear.forward(d, a.mid, d, a.attention, w.wo, w.bo, rows, team);
        Add.forward(d, a.mid, d, a.mid, x, 0, rows * c.dim(), team);
        Normalization.forward(d, a.midNormed, d, a.midMean, d, a.midRstd, d, a.mid, w.ffnNorm, w.ffnNormBias, rows, c, team);
        Linear.forward(d, a.up, d, a.midNormed, w.wUp, w.bUp, rows, team);
        if (c.activation() == Activation.SWIGLU) {
            Linear.forward(d, a.gate, d, a.midNormed, w.wGate, null, rows, team);
            SwiGlu.forward(d, a.hidden, d, a.gate, d, a.up, n, team);
        } else {
            Gelu.forward(d, a.hidden, d, a.up, n, geluForm(), team);
        }
        Linear.forward(out, 0, d, a.hidden, w.wDown, w.bDown, rows, team);
        Add.forward(out, 0, out, 0, d, a.mid, rows * c.dim(), team);
    }

    /** Undoes {@link #feedForward}: {@code dx} holds the gradient of the block's output and then that of {@code mid}; leaves that of the attention's output. */
    void feedForwardBackward(float[] dx, Weights.Layer dw, Activations s, Activations.Layer a, Weights.Layer w) {
        int rows = s.rows();
        int n = rows * c.hiddenDim();
        float[] d = a.data;
        Activations.Gradients g = s.gradients();
        Linear.backward(g.data, g.hidden, dw.wDown, dw.bDown, dx, 0, d, a.hidden, w.wDown, false, rows, team);
        fill(g.data, g.up, g.up + n, 0);
        if (c.activation() == Activation.SWIGLU) {
            fill(g.data, g.gate, g.gate + n, 0);
            SwiGlu.backward(g.data, g.gate, g.data, g.up, g.data, g.hidden, d, a.gate, d, a.up, n, team);
        } else {
            Gelu.backward(g.data, g.up, g.data, g.hidden, d, a.up, n, geluForm(), team);
        }
        Linear.backward(g.data, g.normed, dw.wUp, dw.bUp, g.data, g.up, d, a.midNormed, w.wUp, false, rows, team);
        if (c.activation() == Activation.SWIGLU) {
            Linear.backward(g.data, g.normed, dw.wGate, null, g.data, g.gate, d, a.midNormed, w.wGate, true, rows, team);
        }
        Normalization.backward(dx, 0, dw.ffnNorm, dw.ffnNormBias, g.data, g.normed, d, a.mid, w.ffnNorm,
                d, a.midMean, d, a.midRstd, rows, c, team);
        Linear.backward(g.data, g.attention, dw.wo, dw.bo, dx, 0, d, a.attention, w.wo, false, rows, team);
    }

    private Gelu.Form geluForm() {
        return c.activation() == Activation.GELU_TANH ? Gelu.Form.TANH : Gelu.Form.ERF;
    }
}
