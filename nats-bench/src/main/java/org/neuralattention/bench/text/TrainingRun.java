package org.neuralattention.bench.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.neuralattention.bench.cli.CommonOptions;
import org.neuralattention.bench.cli.Progress;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.train.Checkpoint;
import org.neuralattention.train.Evaluation;
import org.neuralattention.train.Init;
import org.neuralattention.train.StepReport;
import org.neuralattention.train.TextTokens;
import org.neuralattention.train.TrainConfig;
import org.neuralattention.train.Trainer;

/** The steps of a run, from its newest checkpoint to the end or until it is interrupted; then the model. */
final class TrainingRun {

    /** Where the checkpoints are in the run's folder. */
    static final String CHECKPOINTS = "checkpoints";

    /** The log in the run's folder. */
    static final String LOG = "train.jsonl";

    // Between steps a look must be cheap; at the end it should settle the third decimal.
    private static final int LOOK_TOKENS = 1 << 14;
    private static final int FINAL_TOKENS = 1 << 18;

    private final Path directory;
    private final Corpus corpus;
    private final TrainOptions options;
    private final Trainer trainer;
    private final RoleChoice choice;

    /** A run that stands where its newest checkpoint in {@code directory} does, or at its beginning. */
    TrainingRun(Path directory, Corpus corpus, TrainOptions options, ModelConfig model, TrainConfig config, Team team) throws IOException {
        this.directory = directory;
        this.corpus = corpus;
        this.options = options;
        this.choice = model.hasRoles() ? RoleChoice.BEST : RoleChoice.FULL;
        Weights weights = new Weights(model);
        Init.LIVELY.apply(weights, config.seed(), team);
        try {
            trainer = new Trainer(weights, config, team);
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

    /**
     * Trains to the end, or until {@code interrupted}.
     *
     * @return what the model reached; empty if it was interrupted, and a checkpoint then holds where it stands
     */
    Optional<Outcome> run(CommonOptions common, BooleanSupplier interrupted) throws IOException {
        if (trainer.steps() < options.steps && !train(common, interrupted)) {
            return Optional.empty();
        }
        ModelWriter.save(directory, trainer.weights());
        return Optional.of(outcome());
    }

    private boolean train(CommonOptions common, BooleanSupplier interrupted) throws IOException {
        TextTokens text = new TextTokens(corpus.training(), trainer.config().seed());
        Evaluation look = evaluation(corpus.heldOut(LOOK_TOKENS));
        try (TrainLog log = TrainLog.open(directory.resolve(LOG), trainer.steps());
                Progress progress = common.progress("training", options.steps).from(trainer.steps())) {
            while (trainer.steps() < options.steps && !interrupted.getAsBoolean()) {
                StepReport step = trainer.step(text);
                long steps = trainer.steps();
                log.step(step);
                progress.update(steps, new Progress.Values(step.loss(), Double.NaN, Double.NaN, step.tokensPerSecond(), step.share()));
                if (steps % options.evalEvery == 0 || steps == options.steps) {
                    Evaluation.Result result = look.run(choice);
                    log.evaluation(steps, result);
                    TrainReport.look(common, steps, result);
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

    private Evaluation evaluation(int[] tokens) {
        return new Evaluation(trainer.transformer(), tokens, options.seqLen, options.batch, Integer.MAX_VALUE);
    }

    private Outcome outcome() {
        int[] tokens = corpus.heldOut(FINAL_TOKENS);
        Evaluation.Result result = evaluation(tokens).run(choice);
        return new Outcome(result, corpus.bigramEntropy(tokens, (int) result.tokens()));
    }

    /**
     * What the finished model reached.
     *
     * @param heldOut loss and KV share on the held-out text
     * @param bigram entropy of the same bytes
     */
    record Outcome(Evaluation.Result heldOut, BigramEntropy bigram) {

        /** Negative log-likelihood of a byte, in nats. */
        double nllPerByte() {
            return heldOut.nll() * heldOut.tokens() / bigram.bytes();
        }
    }
}
