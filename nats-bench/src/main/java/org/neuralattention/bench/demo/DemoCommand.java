package org.neuralattention.bench.demo;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.neuralattention.bench.cli.CommonOptions;
import org.neuralattention.bench.cli.JsonLines;
import org.neuralattention.bench.cli.Progress;
import org.neuralattention.bench.cli.SeedOption;
import org.neuralattention.bench.cli.TextFiles;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.bench.recall.RecallRecipe;
import org.neuralattention.bench.recall.RecallTraining;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.bench.report.TextTable;
import org.neuralattention.bench.tasks.Mqar;
import org.neuralattention.kernels.Kernels;
import org.neuralattention.kernels.Team;
import org.neuralattention.roles.RoleSpace;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains a small model from scratch and shows what its roles save. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        header = "Trains a small model on a recall task and shows what learned roles save.",
        description = "Self-contained: makes its own data. Takes some minutes on two cores.",
        optionListHeading = "%nOptions:%n")
public final class DemoCommand implements Callable<Integer> {

    @Mixin
    private CommonOptions common;

    @Mixin
    private SeedOption seed;

    @Option(names = "--out", paramLabel = "FILE", defaultValue = "report.html", description = "the report (${DEFAULT-VALUE})")
    private Path out;

    @Option(names = "--steps", paramLabel = "N", defaultValue = "2000", description = "training steps of each model (${DEFAULT-VALUE})")
    private int steps;

    @Option(names = "--length", paramLabel = "N", defaultValue = "256", description = "tokens of a sequence: 64, 128, 256 or 512 (${DEFAULT-VALUE})")
    private int length;

    @Option(names = "--pairs", paramLabel = "N", defaultValue = "8", description = "key-value pairs in a sequence (${DEFAULT-VALUE})")
    private int pairs;

    @Option(names = "--price", paramLabel = "NATS", defaultValue = "8", description = "price of keeping every token, in nats (${DEFAULT-VALUE})")
    private double price;

    @Option(names = "--context", paramLabel = "N", defaultValue = "16384", description = "context behind which decoding is timed (${DEFAULT-VALUE})")
    private int context;

    @Override
    public Integer call() throws IOException {
        check();
        RecallRecipe recipe = new RecallRecipe(Mqar.of(pairs, length), 64, 4096, steps, RoleSpace.of(4), price, seed.value());
        try (Team team = common.team(); Story story = new Story()) {
            story.begin(team.size());
            Demo.Outcome outcome = new Demo(recipe, 200, context, team, story).run();
            story.close();
            DemoReport report = new DemoReport(outcome);
            tell(outcome, report);
            report.write(out);
            wrote(outcome);
            return 0;
        }
    }

    private void check() {
        if (length != 64 && length != 128 && length != 256 && length != 512) {
            throw new UserError("--length " + length + ": must be 64, 128, 256 or 512.");
        }
        if (steps < RecallRecipe.LOOK) {
            throw new UserError("--steps " + steps + ": must be at least " + RecallRecipe.LOOK + ".");
        }
        if (pairs < 1 || pairs > 16) {
            throw new UserError("--pairs " + pairs + ": must be in [1, 16], what 64 tokens can hold.");
        }
        if (!(price >= 0 && price <= 1000)) {
            throw new UserError("--price " + price + ": must be in [0, 1000].");
        }
        if (context < 64 || context > 1 << 20 || context % 4 != 0) {
            throw new UserError("--context " + context + ": must be a multiple of 4 in [64, 1048576].");
        }
        if (seed.value() < 0) {
            throw new UserError("--seed " + seed.value() + ": must not be negative.");
        }
        TextFiles.checkOutput("--out", out);
    }

    private void tell(Demo.Outcome outcome, DemoReport report) {
        JsonLines json = common.json();
        if (json != null) {
            for (Demo.Row row : outcome.rows()) {
                json.event("row").put("name", row.name()).put("recall", row.score().recall()).put("kvShare", row.score().share())
                        .put("peakBytes", row.score().peakBytes()).put("meanBytes", row.score().meanBytes())
                        .put("bytesShare", outcome.bytesShare(row)).put("context", row.speed().context())
                        .put("tokensPerSecond", row.speed().tokensPerSecond()).put("contextBytes", row.speed().bytes()).end();
            }
            return;
        }
        PrintWriter text = common.out();
        text.println();
        text.print(TextTable.of(DemoReport.HEADER, report.rows()));
        text.println(report.caption());
        report.shortfall().ifPresent(text::println);
        text.println();
        text.flush();
    }

    private void wrote(Demo.Outcome outcome) {
        if (common.json() != null) {
            common.json().event("report").put("file", out.toString()).put("length", outcome.task().length())
                    .put("lengthAsked", length).put("lengthReached", outcome.reachedLength()).end();
            return;
        }
        common.out().println("Report: " + out);
    }

    /** Tells what happens while it happens. */
    private final class Story implements Demo.Listener, AutoCloseable {
        private Progress progress;

        void begin(int threads) {
            if (common.json() == null) {
                common.out().println(String.format(Locale.ROOT,
                        "Associative recall: %d pairs scattered in %d tokens, each asked once. Kernels: %s, %d threads.",
                        pairs, length, Kernels.describe(), threads));
            }
        }

        @Override
        public RecallTraining.Listener training(String name, int steps) {
            close();
            Progress bar = common.progress(name, steps);
            progress = bar;
            double[] smooth = {Double.NaN};
            return (report, length, recall) -> {
                smooth[0] = Double.isNaN(smooth[0]) ? report.loss() : 0.95 * smooth[0] + 0.05 * report.loss();
                bar.update(report.step() + 1, new Progress.Values(smooth[0], Double.NaN, recall, report.tokensPerSecond(), report.share()));
            };
        }

        @Override
        public void trained(RecallTraining.Result result) {
            close();
            if (common.json() == null) {
                List<String> grown = result.lessons().stream().skip(1).map(lesson -> lesson.length() + " tokens from step " + lesson.step()).toList();
                common.out().println("  " + Numbers.duration(result.seconds()) + (grown.isEmpty() ? "" : "; " + String.join(", ", grown)));
            }
        }

        @Override
        public void measuring(String name) {
            if (common.json() == null) {
                common.out().println("Measuring " + name + " ...");
            }
        }

        @Override
        public void close() {
            if (progress != null) {
                progress.close();
                progress = null;
            }
        }
    }
}
