package org.neuralattention.train;

import java.util.Objects;
import org.neuralattention.kernels.GradNorm;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations;
import org.neuralattention.model.MaskGradient;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.OutputLoss;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;

/**
 * Trains a model, a step at a time: gradients of all micro-batches, clipped by their global length, then AdamW on every tensor that
 * learns ({@link Tuning}). Others stay as they are, decay included; so do the role scorers under fixed roles, and where the role space leaves
 * no choice.
 *
 * <p>The objective of a step is the mean {@link Loss} over all targets its micro-batches ask for, plus price times KV share (spec 4.1).
 * A step depends on the weights, the moments, the step's number, the price's state, the configuration and the data only; not on the number
 * of threads. How a step is cut into micro-batches changes no draw, only rounding.
 */
public final class Trainer {

    private final Transformer transformer;
    private final Team team;
    private final Activations.Keep keep;
    private final Learner learner;
    private final Teacher teacher; // null: the loss has none
    private TrainConfig config;
    private RoleChoice roles; // null: sampled anew in each micro-batch
    private Activations activations; // null after a configuration whose activations did not fit the memory
    private int[] ids;     // [accumulation, batch, seqLen]
    private int[] targets; // [accumulation, batch, seqLen]
    private long step;
    private Price.State price;

    /** Trains {@code weights} in place, from step 0. Roles are sampled where the model has any to choose from. Keeps all activations. */
    public Trainer(Weights weights, TrainConfig config, Team team) {
        this(weights, config, team, Activations.Keep.ALL);
    }

    /**
     * As above.
     *
     * @param keep ALL, or INPUTS to run each layer a second time in the backward pass: less memory, more time, the same bits
     */
    public Trainer(Weights weights, TrainConfig config, Team team, Activations.Keep keep) {
        this(weights, config, team, keep, MaskGradient.EXACT);
    }

    /** As above with another role gradient, which checkpoints do not know of: a run that goes on is to be given the same. */
    public Trainer(Weights weights, TrainConfig config, Team team, Activations.Keep keep, MaskGradient maskGradient) {
        if (keep == Activations.Keep.NOTHING) {
            throw new IllegalArgumentException("keep = " + keep + ": the backward pass needs ALL or INPUTS");
        }
        if (!weights.trainable()) {
            throw new IllegalArgumentException("the embedding is stored as " + weights.embedding.dtype() + ": only F32 weights can be trained");
        }
        this.transformer = new Transformer(weights, team, maskGradient);
        this.team = team;
        this.keep = keep;
        this.learner = new Learner(weights, config.tuning(), config.seed(), team);
        this.teacher = config.loss().hasTeacher() ? Teacher.of(weights, learner.start(), config.tuning() instanceof Tuning.All, team) : null;
        this.roles = weights.config().learnsRoles() ? null : weights.config().hasRoles() ? RoleChoice.BEST : RoleChoice.FULL;
        this.price = config.roles().price().start(0);
        this.config = config;
        config(config);
    }

    public TrainConfig config() {
        return config;
    }

    /**
     * Goes on with another configuration from the next step, for example with longer sequences. A new price begins as at its first step.
     *
     * @throws IllegalArgumentException if its tuning or its loss is another one, or its activations do not fit an array; set one that fits
     *     before the next step
     */
    public void config(TrainConfig next) {
        if (!next.tuning().equals(config.tuning()) || !next.loss().equals(config.loss())) {
            throw new IllegalArgumentException("a trainer keeps its tuning and its loss: " + config.tuning() + ", " + config.loss());
        }
        if (activations == null || next.batch() != activations.batch() || next.seqLen() != activations.seqLen()) {
            activations = null; // so that the old ones and the new ones are never there at the same time
            activations = new Activations(model(), next.batch(), next.seqLen(), keep);
        }
        if (teacher != null) {
            teacher.shape(next.batch(), next.seqLen());
        }
        if (!next.roles().price().equals(config.roles().price())) {
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

    /** The model's weights; of adapted ones the sum, as it is to be saved. */
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

    /** Gradients of the last step, before clipping; tensors that do not learn have no data. */
    public Weights gradients() {
        return learner.gradients();
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
        learner.clear();
        double loss = 0;
        double share = 0;
        double bestShare = 0;
        for (int micro = 0; micro < config.accumulation(); micro++) {
            loss += microBatch(micro, asked);
            share += activations.share() / config.accumulation();
            bestShare += activations.bestShare() / config.accumulation();
        }
        double norm = learner.gradNorm();
        double lr = config.lr().at(step);
        if (!Double.isFinite(norm)) {
            throw new ArithmeticException("step " + step + ": the gradient's length is " + norm + " at a loss of " + loss
                    + "; the weights are as before this step (a smaller rate than " + lr + " or more warm-up may help)");
        }
        double gradClip = config.optimizer().gradClip();
        learner.update(config, step, gradClip == 0 ? 1 : GradNorm.clipFactor(norm, gradClip), roles != null);
        StepReport report = new StepReport(step, loss, norm, lr, price.price(), share, bestShare, config.tokensPerStep(), System.nanoTime() - start);
        price = config.roles().price().next(price, step++, share, bestShare);
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
    private double microBatch(int micro, int asked) {
        int first = micro * config.batch() * config.seqLen();
        float scale = asked == 0 ? 0 : 1f / asked;
        RoleChoice choice = roles != null ? roles : new RoleChoice.Sampled(config.seed(), step, first,
                config.roles().gradientOneIn(), (float) config.roles().bonus(step), config.roles().noise(step), config.roles().detached());
        OutputLoss output = teacher == null ? transformer.crossEntropy(targets, first, scale)
                : teacher.loss(config.loss(), transformer, ids, first, targets, first, scale);
        transformer.forward(activations, ids, first, choice);
        double loss = transformer.backward(gradients(), activations, ids, first, output, choice, price.price() / config.accumulation());
        return asked == 0 ? 0 : loss / asked;
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

    Learner learner() {
        return learner;
    }

    /** What the teacher is known by where a checkpoint does not hold it, because all weights learn; else empty. */
    String teacherChecksum() {
        return teacher == null || !(config.tuning() instanceof Tuning.All) ? "" : teacher.checksum();
    }

    /** The price's state behind the last step. */
    Price.State price() {
        return price;
    }

    /** Sets the number of the next step and the state of its price; its caller has set what the learner remembers. */
    void resumeAt(long step, Price.State price) {
        this.step = step;
        this.price = price;
        learner.merge();
    }
}
