package org.neuralattention.bench.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.neuralattention.bench.cli.CommonOptions;
import org.neuralattention.bench.cli.Interrupt;
import org.neuralattention.bench.cli.Progress;
import org.neuralattention.cache.KvStats;
import org.neuralattention.generate.Session;
import org.neuralattention.kernels.Team;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.train.Evaluation;
import org.neuralattention.train.StepReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Teaches a model that exists which tokens it may forget, until its cache is as small as is wanted. */
@Command(
        name = "search",
        mixinStandardHelpOptions = true,
        header = "Fine-tunes a model so that its tokens learn their roles, at a budget for its KV cache.",
        description = {"The folder then holds a model for 'nats generate' with the tokenizer and chat template of the one it began with, and what it costs is told:"
                + " held-out loss and cache beside those of the model as it was.",
            "Ctrl-C saves a checkpoint; --resume goes on from the newest one, and the result is the same to the bit."},
        optionListHeading = "%nOptions (defaults in brackets):%n",
        footer = {"", "Examples:", "  nats search --model DIR --text books/ --target-kv 0.2 --out my-model", "  nats search --resume --out my-model",
            "  nats search --model model.gguf --text a.txt --valid b.txt --target-kv 0.1 --out my-model --tune lora --loss kl"})
public final class SearchCommand extends RunCommand {

    /** Tokens of the last look are as many as it was trained on, up to these. */
    private static final int FINAL_TOKENS = 1 << 17;

    @Mixin
    private SearchOptions options;

    @Override
    SearchOptions options() {
        return options;
    }

    @Override
    RunCommand fresh() {
        return new SearchCommand();
    }

    @Override
    Work prepare(CommonOptions common, long seed) throws IOException {
        StartModel start = StartModel.open(options, seed);
        return new Search(new SearchReport(common, options), options, start, options.corpus(start.tokenizer()));
    }

    private record Search(SearchReport report, SearchOptions options, StartModel start, Corpus corpus) implements Work {

        @Override
        public void begin(Path out) throws IOException {
            start.saveTokenizer(out);
        }

        @Override
        public long run(Path out, Team team, Interrupt interrupt) throws IOException {
            long began = System.nanoTime();
            TrainingRun run = new TrainingRun(out, corpus, options, start.weights(), start.train(), team, start.keep());
            long first = run.steps();
            report.begin(start, corpus, first);
            TrainLog.Dense dense;
            try (TrainLog log = run.log()) {
                dense = dense(run, log);
                if (!run.train(report.common(), log, listener(dense), interrupt::requested)) {
                    return run.steps();
                }
            }
            start.save(run.weights(), out);
            Evaluation.Result heldOut = run.evaluate(finalTokens());
            report.end(out, new SearchReport.Outcome(dense, heldOut, cache(run), run.steps() - first, (System.nanoTime() - began) * 1e-9));
            return run.steps();
        }

        /** Measured before the first step; a run that goes on finds it in its log. */
        private TrainLog.Dense dense(TrainingRun run, TrainLog log) throws IOException {
            Optional<TrainLog.Dense> known = log.dense();
            if (known.isPresent()) {
                return known.get();
            }
            report.measuring();
            Evaluation.Result look = run.evaluate(corpus.heldOut(TrainingRun.LOOK_TOKENS), RoleChoice.FULL);
            int[] tokens = finalTokens();
            Evaluation.Result last = tokens.length <= look.tokens() + options.seqLen ? look : run.evaluate(tokens, RoleChoice.FULL);
            TrainLog.Dense dense = new TrainLog.Dense(look.nll(), last.nll(), last.tokens());
            log.dense(dense);
            report.dense(dense);
            return dense;
        }

        private int[] finalTokens() {
            return corpus.heldOut((int) Math.clamp(options.steps * start.train().tokensPerStep(), TrainingRun.LOOK_TOKENS, FINAL_TOKENS));
        }

        /** What generation holds behind a sequence. */
        private KvStats cache(TrainingRun run) {
            Session session = new Session(run.transformer());
            session.prefill(corpus.heldOut(Integer.MAX_VALUE), 0, options.seqLen);
            return session.cache().stats();
        }

        private TrainingRun.Listener listener(TrainLog.Dense dense) {
            return new TrainingRun.Listener() {
                @Override
                public Progress.Values step(StepReport step) {
                    return new Progress.Values(step.loss(), Double.NaN, Double.NaN, step.tokensPerSecond(), step.bestShare(),
                            start.config().learnsRoles() ? step.price() : Double.NaN);
                }

                @Override
                public void look(long steps, Evaluation.Result result) {
                    report.look(steps, result, dense, start.config());
                }
            };
        }
    }
}
