package org.neuralattention.train;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.neuralattention.kernels.AdamW;
import org.neuralattention.kernels.GradNorm;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;

/**
 * Trains a model, a step at a time: gradients of all micro-batches, clipped by their global length, then AdamW on every tensor.
 *
 * <p>Tensors that do not learn, the role scorers under fixed roles, stay as they are, decay included.
 *
 * <p>The objective of a step is the mean loss over all targets its micro-batches ask for, plus price times KV share (spec 4.1).
 * A step depends on the weights, the moments, the step's number, the configuration and the data only; not on the number of
 * threads. How a step is cut into micro-batches changes no draw, only rounding.
 */
public final class Trainer {

    private final Transformer transformer;
    private final Team team;
    private final Activations.Keep keep;
    private final Weights gradients;
    private final Weights m;
    private final Weights v;
    private TrainConfig config;
    private RoleChoice roles; // null: sampled anew in each micro-batch
    private Activations activations; // null after a configuration whose activations did not fit the memory
    private int[] ids;     // [accumulation, batch, seqLen]
    private int[] targets; // [accumulation, batch, seqLen]
    private long step;
    private Price.State price;

    /** Trains {@code weights} in place, from step 0. Roles are sampled where the model has them. Keeps all activations. */
    public Trainer(Weights weights, TrainConfig config, Team team) {
        this(weights, config, team, Activations.Keep.ALL);
    }

    /**
     * As above.
     *
     * @param keep ALL, or INPUTS to run each layer a second time in the backward pass: less memory, more time, the same bits
     */
    public Trainer(Weights weights, TrainConfig config, Team team, Activations.Keep keep) {
        if (keep == Activations.Keep.NOTHING) {
            throw new IllegalArgumentException("keep = " + keep + ": the backward pass needs ALL or INPUTS");
        }
        if (!weights.trainable()) {
            throw new IllegalArgumentException("the embedding is stored as " + weights.embedding.dtype() + ": only F32 weights can be trained");
        }
        this.transformer = new Transformer(weights, team);
        this.team = team;
        this.keep = keep;
        this.gradients = new Weights(weights.config());
        this.m = new Weights(weights.config());
        this.v = new Weights(weights.config());
        this.roles = weights.config().hasRoles() ? null : RoleChoice.FULL;
        config(config);
    }

    public TrainConfig config() {
        return config;
    }

    /**
     * Goes on with another configuration from the next step, for example with longer sequences.
     *
     * @throws IllegalArgumentException if its activations do not fit an array; set one that fits before the next step
     */
    public void config(TrainConfig next) {
        if (activations == null || next.batch() != activations.batch() || next.seqLen() != activations.seqLen()) {
            activations = null; // so that the old ones and the new ones are never there at the same time
            activations = new Activations(model(), next.batch(), next.seqLen(), keep);
        }
        if (config == null || !config.roles().price().equals(next.roles().price())) {
            price = next.roles().price().start(step);
        }
        config = next;
        ids = new int[next.tokensPerStep()];
        targets = new int[next.tokensPerStep()];
    }

    /**
     * Trains with fixed roles from the next step: a baseline, {@link RoleChoice#FULL}, or {@link RoleChoice#BEST} to settle what was
     * learned. The role scorers and their moments then stay as they are: no gradient, no momentum, no decay.
     */
    public void fixRoles(RoleChoice choice) {
        if (Objects.requireNonNull(choice, "choice").learns()) {
            throw new IllegalArgumentException(choice + " is drawn anew in each pass; a trainer does so by itself");
        }
        roles = choice;
    }

    public Transformer transformer() {
        return transformer;
    }

    public Weights weights() {
        return transformer.weights();
    }

    public ModelConfig model() {
        return transformer.config();
    }

    /** Steps done; the number of the next. */
    public long steps() {
        return step;
    }

    /** Gradients of the last step, before clipping. */
    public Weights gradients() {
        return gradients;
    }

    /**
     * One step.
     *
     * @throws ArithmeticException if the gradient is not finite; the weights, the moments and the step's number are then as before
     */
    public StepReport step(TokenSource source) {
        if (activations == null) {
            throw new IllegalStateException("the last configuration did not fit the memory; set one that does");
        }
        long start = System.nanoTime();
        int asked = fill(source);
        gradients.tensors().forEach(t -> Arrays.fill(t.data(), 0));
        double loss = 0;
        double share = 0;
        double bestShare = 0;
        for (int micro = 0; micro < config.accumulation(); micro++) {
            loss += microBatch(micro, asked, price.price() / config.accumulation());
            share += activations.share() / config.accumulation();
            bestShare += activations.bestShare() / config.accumulation();
        }
        double norm = gradNorm();
        double lr = config.lr().at(step);
        if (!Double.isFinite(norm)) {
            throw new ArithmeticException("step " + step + ": the gradient's length is " + norm + " at a loss of " + loss
                    + "; the weights are as before this step (a smaller rate than " + lr + " or more warm-up may help)");
        }
        update(lr, config.optimizer().gradClip() == 0 ? 1 : GradNorm.clipFactor(norm, config.optimizer().gradClip()));
        StepReport report = new StepReport(step, loss, norm, lr, price.price(), share, bestShare, config.tokensPerStep(), System.nanoTime() - start);
        price = config.roles().price().next(price, step++, bestShare);
        return report;
    }

    /** Fills ids and targets of all micro-batches; returns how many targets are asked, for the mean is over the whole step. */
    private int fill(TokenSource source) {
        int rows = config.batch() * config.accumulation();
        for (int row = 0; row < rows; row++) {
            source.fill(ids, targets, row * config.seqLen(), step, row, config.seqLen());
        }
        return asked(0, targets.length);
    }

    private int asked(int from, int length) {
        int asked = 0;
        for (int i = from; i < from + length; i++) {
            asked += targets[i] >= 0 ? 1 : 0;
        }
        return asked;
    }

    /** Forward and backward; returns this micro-batch's part of the step's mean loss. */
    private double microBatch(int micro, int asked, double price) {
        int tokens = config.batch() * config.seqLen();
        int first = micro * tokens;
        RoleChoice choice = roles != null ? roles : new RoleChoice.Sampled(config.seed(), step, first,
                config.roles().gradientOneIn(), (float) config.roles().bonus(step));
        transformer.forward(activations, ids, first, choice);
        double loss = transformer.backward(gradients, activations, ids, first, targets, first, choice, asked == 0 ? 0 : 1f / asked, price);
        return asked == 0 ? 0 : loss / asked;
    }

    private double gradNorm() {
        double sum = 0;
        for (Tensor gradient : gradients.tensors()) {
            sum += GradNorm.sumOfSquares(gradient.data(), 0, gradient.size(), team);
        }
        return Math.sqrt(sum);
    }

    private void update(double lr, float gradScale) {
        Optimizer o = config.optimizer();
        List<Tensor> tensors = weights().tensors();
        for (int i = 0; i < tensors.size(); i++) {
            Tensor w = tensors.get(i);
            if (roles != null && isScorer(w)) {
                continue;
            }
            float decay = w.rank() >= 2 ? (float) o.weightDecay() : 0;
            AdamW.step(w.data(), 0, m.tensors().get(i).data(), 0, v.tensors().get(i).data(), 0, gradients.tensors().get(i).data(), 0,
                    w.size(), (float) lr, (float) o.beta1(), (float) o.beta2(), (float) o.eps(), decay, gradScale, step + 1, team);
        }
    }

    private boolean isScorer(Tensor tensor) {
        return weights().layers.stream().anyMatch(layer -> layer.scorer == tensor);
    }

    /** Where its roles come from, for its checkpoints: {@code learned}, {@code full}, {@code best} or {@code fixed}. */
    String roles() {
        return switch (roles) {
            case null -> "learned";
            case RoleChoice.Full _ -> "full";
            case RoleChoice.Best _ -> "best";
            default -> "fixed";
        };
    }

    Weights firstMoments() {
        return m;
    }

    Weights secondMoments() {
        return v;
    }

    /** Sets the number of the next step; its caller has set weights and moments. */
    void resumeAt(long step) {
        this.step = step;
        price = config.roles().price().start(step);
    }
}
