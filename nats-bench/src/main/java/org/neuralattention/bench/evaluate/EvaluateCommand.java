package org.neuralattention.bench.evaluate;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.neuralattention.bench.cli.CommonOptions;
import org.neuralattention.bench.cli.ModelOptions;
import org.neuralattention.bench.cli.Progress;
import org.neuralattention.bench.cli.TextFiles;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Transformer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Models under cache policies at equal bytes: a table, lines of JSON, a page. */
@Command(
        name = "evaluate",
        mixinStandardHelpOptions = true,
        header = "Compares what models can do under cache policies, at equal bytes.",
        description = "Every model is asked every task under every policy, with every budget: learned roles beside full attention and what else saves cache memory. "
                + "A model without roles gets the other policies only.",
        optionListHeading = "%nOptions:%n",
        footer = {"", "Examples:", "  nats evaluate --model DIR --text book.txt", "  nats evaluate --model DIR --tasks mqar:16,needle --context 256,1024",
            "  nats evaluate --model DENSE SEARCHED --tasks text,facts --text book.txt --out runs.jsonl --html page.html"})
public final class EvaluateCommand implements Callable<Integer> {

    /** The budget that stands for the bytes of the model's own roles. */
    static final String ROLES = "roles";

    private static final int MOST_CONTEXT = 1 << 20;

    @Mixin
    private CommonOptions common;

    @Option(names = "--model", paramLabel = "MODEL", required = true, arity = "1..*", description = ModelOptions.MODEL)
    private List<Path> models;

    @Option(names = "--tokenizer", paramLabel = "PATH", description = ModelOptions.TOKENIZER)
    private Path tokenizer;

    @Option(names = "--tasks", paramLabel = "TASK", split = ",", defaultValue = "text",
            description = "text, mqar, needle, multi-key, multi-value, multi-query, variables, facts (${DEFAULT-VALUE}); mqar:16 is one with 16 pairs")
    private List<String> tasks;

    @Option(names = "--policies", paramLabel = "POLICY", split = ",", defaultValue = "all",
            description = "full, learned, random, window, sink, h2o, tova, snapkv, oracle (${DEFAULT-VALUE} that apply)")
    private List<String> policies;

    @Option(names = "--budgets", paramLabel = "SHARE", split = ",", defaultValue = "0.05,0.1,0.2,0.4,roles",
            description = "shares of a full cache that policies with a budget hold; roles: as many bytes as the model's own roles (${DEFAULT-VALUE})")
    private List<String> budgets;

    @Option(names = "--text", paramLabel = "FILE", arity = "1..*", description = "texts in UTF-8, for text and facts")
    private List<Path> texts = List.of();

    @Option(names = "--context", paramLabel = "N", split = ",", defaultValue = "1024", description = "tokens of a sequence (${DEFAULT-VALUE}); several are several tasks")
    private List<Integer> contexts;

    @Option(names = "--sequences", paramLabel = "N", defaultValue = "16",
            description = "sequences of each task and seed (${DEFAULT-VALUE}); of text: blocks of each file, from its beginning")
    private int sequences;

    @Option(names = "--seeds", paramLabel = "N", defaultValue = "3", description = "seeds of what is drawn: sequences with questions, and random roles (${DEFAULT-VALUE})")
    private int seeds;

    @Option(names = "--out", paramLabel = "FILE",
            description = "keep each run in FILE as soon as it is finished; those that it has already are not run again, so that an interrupted evaluation goes on")
    private Path out;

    @Option(names = "--html", paramLabel = "FILE", description = "also write a report to FILE, as one page with pictures")
    private Path html;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Plan.Wish wish = wish();
        List<Plan> plans = new ArrayList<>();
        for (Path model : models) {
            plans.add(Plan.of(model, TextFiles.name(model, models), wish));
        }
        EvaluateReport report = new EvaluateReport("nats " + String.join(" ", spec.root().commandLine().getParseResult().originalArgs()));
        try (FinishedRuns finished = out == null ? FinishedRuns.NONE : FinishedRuns.open(out)) {
            run(plans, finished, report);
        }
        if (common.json() == null) {
            common.out().print(report.table());
            common.out().flush();
        }
        if (html != null) {
            report.page().write(html);
        }
        return 0;
    }

    private void run(List<Plan> plans, FinishedRuns finished, EvaluateReport report) throws IOException {
        long tokens = 0;
        for (Plan plan : plans) {
            tokens += finished.tokensLeft(plan);
        }
        try (Progress progress = common.progress("evaluate", tokens); Team team = common.team()) {
            progress.update(0, Progress.Values.NONE);
            Comparison comparison = new Comparison(finished, progress);
            for (Plan plan : plans) {
                boolean rolesShown = html != null && plan.config().hasRoles();
                Transformer model = rolesShown || finished.tokensLeft(plan) > 0 ? new Transformer(ModelLoader.loadStored(plan.path()), team) : null;
                if (rolesShown) {
                    report.showRoles(plan, model);
                }
                comparison.run(model, plan, row -> {
                    report.add(row);
                    if (common.json() != null) {
                        EvaluateReport.tell(common.json(), row);
                    }
                });
            }
        }
    }

    private Plan.Wish wish() throws IOException {
        List<TaskChoice> chosen = tasks.stream().map(TaskChoice::of).distinct().toList();
        Set<PolicyChoice> wanted = PolicyChoice.of(policies);
        Map<String, Double> shares = new LinkedHashMap<>();
        for (String budget : budgets) {
            shares.put(budget, share(budget));
        }
        for (int context : contexts) {
            inRange("--context", context, MOST_CONTEXT);
        }
        inRange("--sequences", sequences, 1 << 16);
        inRange("--seeds", seeds, 1000);
        if (out != null) {
            TextFiles.checkOutput("--out", out);
        }
        if (html != null) {
            TextFiles.checkOutput("--html", html);
        }
        Map<String, String> contents = new LinkedHashMap<>();
        if (chosen.stream().anyMatch(task -> task.kind().ofText())) {
            if (texts.isEmpty()) {
                throw new UserError("--text is missing: the tasks text and facts are made of texts.");
            }
            for (Path text : texts) {
                contents.put(TextFiles.name(text, texts), TextFiles.read(text));
            }
        } else if (!texts.isEmpty()) {
            throw new UserError("--text is given, but none of the tasks needs one: only text and facts do.");
        }
        return new Plan.Wish(chosen, List.copyOf(wanted), shares, contents, tokenizer, contexts.stream().distinct().toList(), sequences, seeds);
    }

    private static double share(String budget) {
        if (budget.equals(ROLES)) {
            return Double.NaN;
        }
        try {
            double share = Double.parseDouble(budget);
            if (share > 0 && share <= 1) {
                return share;
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw new UserError("--budgets " + budget + ": must be shares of a full cache in (0, 1], or " + ROLES + ".");
    }

    private static void inRange(String option, int value, int most) {
        if (value < 1 || value > most) {
            throw new UserError(option + " " + value + ": must be in [1, " + most + "].");
        }
    }
}
