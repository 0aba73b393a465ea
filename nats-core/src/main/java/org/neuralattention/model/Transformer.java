package org.neuralattention.model;

import static java.util.Arrays.fill;

import java.util.Arrays;
import java.util.Objects;
import org.neuralattention.kernels.Add;
import org.neuralattention.kernels.CrossEntropy;
import org.neuralattention.kernels.Embedding;
import org.neuralattention.kernels.Rope;
import org.neuralattention.kernels.SparseAttention;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.roles.RoleChoice;

/**
 * The transformer with roles, forward and backward over whole sequences:
 * <pre>
 *   x = embedding[ids] (+ positions)
 *   per layer: q, k, v = projections(x);  roles -> lastRow;  attention;  x = feedForward
 *   loss = cross-entropy of norm(x) head^T, in chunks of the vocabulary
 * </pre>
 * and the same steps undone in reverse order. It holds no state but its weights: what a pass computes lives in
 * {@link Activations}. One transformer serves one thread at a time (its {@link Team} does).
 */
public final class Transformer {

    private final ModelConfig c;
    private final Weights weights;
    private final Rope rope;
    private final Block block;
    private final LayerRoles roles;
    private final Team team;

    public Transformer(Weights weights, Team team) {
        this(weights, team, MaskGradient.EXACT);
    }

    /** As above with another role gradient in its backward pass. */
    public Transformer(Weights weights, Team team, MaskGradient maskGradient) {
        this.weights = weights;
        this.c = weights.config();
        this.team = team;
        this.rope = rope(c);
        this.block = new Block(c, rope, team);
        this.roles = new LayerRoles(c, team, maskGradient);
    }

    private static Rope rope(ModelConfig c) {
        if (!(c.positions() instanceof Positions.Rotary r)) {
            return null;
        }
        return switch (r.scaling()) {
            case null -> Rope.of(c.headDim(), r.theta(), r.adjacentPairs());
            case Positions.Llama3Scaling s -> Rope.llama3(c.headDim(), r.theta(), r.adjacentPairs(), s.factor(), s.lowFreqFactor(),
                    s.highFreqFactor(), s.originalMaxSeqLen());
            case Positions.FrequencyFactors s -> Rope.divided(c.headDim(), r.theta(), r.adjacentPairs(), s.array());
        };
    }

    public Weights weights() {
        return weights;
    }

    public ModelConfig config() {
        return c;
    }

    /** The threads it works with. */
    public Team team() {
        return team;
    }

    /**
     * Forward pass over {@code s.batch()} sequences of {@code s.seqLen()} tokens from position 0.
     *
     * @param ids [batch, seqLen]
     * @param targets [batch, seqLen], the token each place should predict; negative where nothing is asked
     * @return mean loss over the targets asked, in nats; 0 if none is
     */
    public double forward(Activations s, int[] ids, int idsOffset, int[] targets, int targetsOffset, RoleChoice choice) {
        forward(s, ids, idsOffset, choice);
        int asked = CrossEntropy.count(targets, targetsOffset, s.rows());
        double sum = losses(s.losses, 0, s, targets, targetsOffset);
        return asked == 0 ? 0 : sum / asked;
    }

    /** As above without a loss: up to the final norm. {@link #logits} reads the result. */
    public void forward(Activations s, int[] ids, int idsOffset, RoleChoice choice) {
        forward(s, ids, idsOffset, 0, sparseAttention(choice));
    }

    /** As above, for tokens from position {@code firstPosition} and with the caller's attention. */
    public void forward(Activations s, int[] ids, int idsOffset, long firstPosition, LayerAttention attention) {
        embed(s, ids, idsOffset, firstPosition);
        for (int l = 0; l < c.nLayers(); l++) {
            layerForward(s, l, attention);
        }
        Normalization.forward(s.finalNormed, 0, s.finalMean, 0, s.finalRstd, 0, s.stream(c.nLayers()), 0,
                weights.finalNorm, weights.finalNormBias, s.rows(), c, team);
    }

    /** Attention among the tokens of the pass itself, by their roles. */
    private LayerAttention sparseAttention(RoleChoice choice) {
        return (l, s, a) -> {
            float[] d = a.data;
            roles.forward(s, a, l, weights.layers.get(l), choice, 0);
            s.count(l, a, choice.learns());
            SparseAttention.forward(d, a.attention, d, a.lse, d, a.q, d, a.k, d, a.v, a.lastRow, 0, null, s.shape(), team);
        };
    }

    private void embed(Activations s, int[] ids, int idsOffset, long firstPosition) {
        float[] x = s.stream(0);
        Embedding.forward(x, 0, ids, idsOffset, weights.embedding.matrix(), s.rows(), team);
        if (rope != null) {
            rope.table(s.cos, 0, s.sin, 0, firstPosition, s.seqLen());
            return;
        }
        if (firstPosition + s.seqLen() > c.maxSeqLen()) {
            throw new IllegalArgumentException("position " + (firstPosition + s.seqLen() - 1) + ": this model has learned positions for "
                    + c.maxSeqLen() + " tokens only");
        }
        int n = s.seqLen() * c.dim();
        for (int b = 0; b < s.batch(); b++) {
            Add.forward(x, b * n, x, b * n, weights.positions.data(), (int) firstPosition * c.dim(), n, team);
        }
    }

    private void layerForward(Activations s, int l, LayerAttention attention) {
        Activations.Layer a = s.layer(l);
        Weights.Layer w = weights.layers.get(l);
        block.projections(s, a, s.stream(l), w);
        attention.forward(l, s, a);
        block.feedForward(s.stream(l + 1), s, a, s.stream(l), w);
    }

    /**
     * The language model's loss of the last forward pass and its gradients: adds to {@code gradients} scale times the gradient of the
     * <em>sum</em> of the losses, and of {@code price} times the KV share (spec 4.1) in the role scorers. Whether that pass computed the loss
     * does not matter; here the logits serve the loss and its gradient.
     *
     * @param gradients those that it holds are added to, the others are not computed ({@link Weights#Weights(ModelConfig, java.util.function.BiPredicate)})
     * @param ids, choice those of the forward pass
     * @param targets as in {@link #forward(Activations, int[], int, int[], int, RoleChoice)}
     * @param scale 1 / (targets asked in the whole step) for a mean over the step
     * @param price nats for keeping everything, times this pass's part of the step's tokens
     * @return the sum of the losses
     */
    public double backward(Weights gradients, Activations s, int[] ids, int idsOffset, int[] targets, int targetsOffset,
            RoleChoice choice, float scale, double price) {
        return backward(gradients, s, ids, idsOffset, crossEntropy(targets, targetsOffset, scale), choice, price);
    }

    /** The language model's loss, for {@link #backward(Weights, Activations, int[], int, OutputLoss, RoleChoice, double)}. */
    public OutputLoss crossEntropy(int[] targets, int targetsOffset, float scale) {
        return (losses, lossesOffset, dNormed, dNormedOffset, gradients, s) -> CrossEntropy.forwardBackward(losses, lossesOffset,
                dNormed, dNormedOffset, gradients.head.data(), 0, s.finalNormed, 0, weights.head.data(), 0,
                targets, targetsOffset, scale, s.rows(), c.dim(), c.vocabSize(), team);
    }

    /** As above with another loss. */
    public double backward(Weights gradients, Activations s, int[] ids, int idsOffset, OutputLoss output, RoleChoice choice, double price) {
        Activations.Gradients g = s.gradients();
        float[] dx = g.stream;
        float[] dNormed = g.data; // the final norm's output gradient borrows the place of "normed"
        fill(dNormed, g.normed, g.normed + s.rows() * c.dim(), 0);
        double loss = output.backward(s.losses, 0, dNormed, g.normed, gradients, s);
        fill(dx, 0);
        Normalization.backward(dx, 0, gradients.finalNorm, gradients.finalNormBias, dNormed, g.normed, s.stream(c.nLayers()), 0,
                weights.finalNorm, s.finalMean, 0, s.finalRstd, 0, s.rows(), c, team);
        for (int l = c.nLayers() - 1; l >= 0; l--) {
            if (s.keep == Activations.Keep.INPUTS) {
                layerForward(s, l, sparseAttention(choice));
            }
            layerBackward(dx, gradients, s, l, choice, price);
        }
        if (gradients.embedding.data() != null) {
            Embedding.backward(gradients.embedding.data(), 0, dx, 0, ids, idsOffset, s.rows(), c.dim(), c.vocabSize(), team);
        }
        if (gradients.positions != null && gradients.positions.data() != null) {
            int n = s.seqLen() * c.dim();
            for (int b = 0; b < s.batch(); b++) {
                Add.forward(gradients.positions.data(), 0, gradients.positions.data(), 0, dx, b * n, n, team);
            }
        }
        return loss;
    }

    private void layerBackward(float[] dx, Weights gradients, Activations s, int l, RoleChoice choice, double price) {
        Activations.Layer a = s.layer(l);
        Weights.Layer dw = gradients.layers.get(l);
        Weights.Layer w = weights.layers.get(l);
        block.feedForwardBackward(dx, dw, s, a, w);
        if (choice.learns()) {
            roles.backward(dw, s, a, l, choice, price);
        }
        if (l > 0 || anyHeld(gradients.embedding, gradients.positions, dw.attnNorm, dw.attnNormBias,
                dw.wq, dw.wk, dw.wv, dw.bq, dw.bk, dw.bv, dw.qNorm, dw.kNorm)) {
            boolean through = choice instanceof RoleChoice.Sampled sampled && !sampled.detached();
            if (through) {
                roles.inputBackward(s, w);
            }
            attentionBackward(s, a);
            block.projectionsBackward(dx, dw, s, a, s.stream(l), w, through);
        }
    }

    private void attentionBackward(Activations s, Activations.Layer a) {
        Activations.Gradients g = s.gradients();
        float[] d = a.data;
        fill(g.data, g.q, g.q + s.rows() * c.qDim(), 0);
        fill(g.data, g.k, g.k + s.rows() * c.kvDim(), 0);
        fill(g.data, g.v, g.v + s.rows() * c.kvDim(), 0);
        SparseAttention.backward(g.data, g.q, g.data, g.k, g.data, g.v, g.data, g.attention, d, a.attention, d, a.lse,
                d, a.q, d, a.k, d, a.v, a.lastRow, 0, s.shape(), team);
    }

    private static boolean anyHeld(Tensor... gradients) {
        return Arrays.stream(gradients).anyMatch(tensor -> tensor != null && tensor.data() != null);
    }

    /**
     * Logits [rows, vocabSize] of rows {@code from} to {@code from + rows} of the last forward pass.
     *
     * @throws IndexOutOfBoundsException if the pass has no such rows
     */
    public void logits(float[] logits, int logitsOffset, Activations s, int from, int rows) {
        Objects.checkFromIndexSize(from, rows, s.rows());
        Linear.forward(logits, logitsOffset, s.finalNormed, from * c.dim(), weights.head, null, rows, team);
    }

    /**
     * Losses [s.rows()] of the last forward pass, in nats: how unlikely each target is behind its row; 0 where the target is negative.
     *
     * @param targets [s.rows()]
     * @return their sum
     */
    public double losses(float[] losses, int lossesOffset, Activations s, int[] targets, int targetsOffset) {
        return CrossEntropy.forward(losses, lossesOffset, s.finalNormed, 0, weights.head.matrix(), targets, targetsOffset, s.rows(), team);
    }
}
