package org.neuralattention.bench.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.neuralattention.bench.cli.CommonOptions;
import org.neuralattention.bench.cli.Progress;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.train.Checkpoint;
import org.neuralattention.train.Evaluation;
import org.neuralattention.train.StepReport;
import org.neuralattention.train.TokenSource;
import org.neuralattention.train.TrainConfig;
import org.neuralattention.train.Trainer;

/** The steps of a run, from its newest checkpoint to the end or until it is interrupted. */
final class TrainingRun {

    /** Where the checkpoints are in the run's folder. */
    static final String CHECKPOINTS = "checkpoints";

    /** The log in the run's folder. */
    static final String LOG = "train.jsonl";

    /** Most tokens of a look between the steps, which must be cheap. */
    static final int LOOK_TOKENS = 1 << 14;

    /** What a command tells of its steps. */
    interface Listener {

        /** What progress shows of a step. */
        Progress.Values step(StepReport step);

        /** A look at the held-out text, after so many steps. */
        void look(long steps, Evaluation.Result result);
    }

    private final Path directory;
    private final Corpus corpus;
    private final RunOptions options;
    private final Trainer trainer;
    private final RoleChoice choice;

    /** A run from {@code weights} that keeps all activations. */
    TrainingRun(Path directory, Corpus corpus, RunOptions options, Weights weights, TrainConfig config, Team team) throws IOException {
        this(directory, corpus, options, weights, config, team, Activations.Keep.ALL);
    }

    /** A run from {@code weights}, which it changes; it stands where its newest checkpoint in {@code directory} does, or at its beginning. */
    TrainingRun(Path directory, Corpus corpus, RunOptions options, Weights weights, TrainConfig config, Team team, Activations.Keep keep) throws IOException {
        this.directory = directory;
        this.corpus = corpus;
        this.options = options;
        this.choice = weights.config().hasRoles() ? RoleChoice.BEST : RoleChoice.FULL;
        try {
            trainer = new Trainer(weights, config, team, keep, options.maskGradient());
        } catch (IllegalArgumentException e) {
            throw new UserError("--batch " + options.batch + " of --seq-len " + options.seqLen + " does not go: " + e.getMessage(), e);
        }
        Optional<Checkpoint> checkpoint = Checkpoint.newest(directory.resolve(CHECKPOINTS));
        if (checkpoint.isPresent()) {
            checkpoint.get().restore(trainer);
        }
    }

    /** Steps done. */
    long steps() {
        return trainer.steps();
    }

    Weights weights() {
        return trainer.weights();
    }

    Transformer transformer() {
        return trainer.transformer();
    }

    /** The log up to the steps done; the caller closes it. */
    TrainLog log() throws IOException {
        return TrainLog.open(directory.resolve(LOG), trainer.steps());
    }

    /** Trains to the end, or until {@code interrupted}: then a checkpoint holds where it stands. Returns whether it reached the end. */
    boolean train(CommonOptions common, TrainLog log, Listener listener, BooleanSupplier interrupted) throws IOException {
        if (trainer.steps() == options.steps) {
            return true;
        }
        TokenSource text = options.source(corpus, trainer.config().seed());
        Evaluation look = evaluation(corpus.heldOut(LOOK_TOKENS));
        try (Progress progress = common.progress("training", options.steps).from(trainer.steps())) {
            while (trainer.steps() < options.steps && !interrupted.getAsBoolean()) {
                StepReport step = trainer.step(text);
                long steps = trainer.steps();
                log.step(step);
                progress.update(steps, listener.step(step));
                if (steps % options.evalEvery == 0 || steps == options.steps) {
                    Evaluation.Result result = look.run(choice);
                    log.evaluation(steps, result);
                    listener.look(steps, result);
                }
                if (steps % options.checkpointEvery == 0 || steps == options.steps) {
                    checkpoint(log);
                }
            }
            if (trainer.steps() < options.steps && trainer.steps() % options.checkpointEvery != 0) {
                checkpoint(log);
            }
        }
        return trainer.steps() == options.steps;
    }

    private void checkpoint(TrainLog log) throws IOException {
        log.force();
        Checkpoint.save(directory.resolve(CHECKPOINTS), trainer);
    }

    /** Loss and KV share of the model as it stands, with the roles it will generate with. */
    Evaluation.Result evaluate(int[] tokens) {
        return evaluate(tokens, choice);
    }

    Evaluation.Result evaluate(int[] tokens, RoleChoice choice) {
        return evaluation(tokens).run(choice);
    }

    private Evaluation evaluation(int[] tokens) {
        return new Evaluation(trainer.transformer(), tokens, options.seqLen, options.batch, Integer.MAX_VALUE);
    }
}
