package org.neuralattention.bench.text;

import java.io.IOException;
import java.nio.file.Path;
import org.neuralattention.bench.cli.CommonOptions;
import org.neuralattention.bench.cli.Interrupt;
import org.neuralattention.bench.cli.Progress;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.ByteTokenizer;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.tokenize.Tokenizers;
import org.neuralattention.train.Evaluation;
import org.neuralattention.train.Init;
import org.neuralattention.train.StepReport;
import org.neuralattention.train.TrainConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Trains a model on texts, from scratch; what is interrupted can be resumed, to the same bits. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        header = "Trains a model whose tokens learn their roles, on your own text.",
        description = "The folder then holds config.json, model.safetensors and tokenizer.json, for 'nats generate' and 'nats inspect'."
                + " Ctrl-C saves a checkpoint; --resume goes on from the newest one, and the result is the same to the bit.",
        optionListHeading = "%nOptions (defaults in brackets):%n",
        footer = {"", "Examples:", "  nats train --text books/ --out my-model", "  nats train --resume --out my-model",
            "  nats train --text a.txt --valid b.txt --out my-model --windows 16,64 --price 1"})
public final class TrainCommand extends RunCommand {

    // At the end it should settle the third decimal.
    private static final int FINAL_TOKENS = 1 << 18;

    @Mixin
    private TrainOptions options;

    @Override
    TrainOptions options() {
        return options;
    }

    @Override
    RunCommand fresh() {
        return new TrainCommand();
    }

    @Override
    Work prepare(CommonOptions common, long seed) throws IOException {
        TrainConfig config = options.config(seed);
        Tokenizer tokenizer = options.tokenizer == null ? new ByteTokenizer() : Tokenizers.load(options.tokenizer);
        Corpus corpus = options.corpus(tokenizer);
        return new Training(common, options, corpus, options.model(tokenizer.vocabSize()), config);
    }

    private record Training(CommonOptions common, TrainOptions options, Corpus corpus, ModelConfig model, TrainConfig config)
            implements Work, TrainingRun.Listener {

        @Override
        public void begin(Path out) throws IOException {
            try {
                corpus.tokenizer().save(out);
            } catch (IllegalArgumentException e) {
                throw new UserError("The tokenizer cannot be saved with the model: " + e.getMessage() + ".");
            }
        }

        @Override
        public long run(Path out, Team team, Interrupt interrupt) throws IOException {
            Weights weights = new Weights(model);
            Init.LIVELY.apply(weights, config.seed(), team);
            TrainingRun run = new TrainingRun(out, corpus, options, weights, config, team);
            TrainReport.begin(common, model, corpus, run.steps());
            try (TrainLog log = run.log()) {
                if (!run.train(common, log, this, interrupt::requested)) {
                    return run.steps();
                }
            }
            ModelWriter.save(out, run.weights());
            int[] tokens = corpus.heldOut(FINAL_TOKENS);
            Evaluation.Result heldOut = run.evaluate(tokens);
            TrainReport.end(common, out, heldOut, corpus.bigramEntropy(tokens, (int) heldOut.tokens()));
            return run.steps();
        }

        @Override
        public Progress.Values step(StepReport step) {
            return new Progress.Values(step.loss(), Double.NaN, Double.NaN, step.tokensPerSecond(), step.share());
        }

        @Override
        public void look(long steps, Evaluation.Result result) {
            TrainReport.look(common, steps, result);
        }
    }
}
