package org.neuralattention.bench.results;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.neuralattention.bench.cli.Interrupt;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.bench.report.HtmlReport;
import org.neuralattention.bench.report.TextTable;
import org.neuralattention.io.AtomicFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The queue of runs behind docs/results.md. */
@Command(
        name = "results",
        mixinStandardHelpOptions = true,
        header = "Does the runs behind docs/results.md again, one after another.",
        description = {"Each run is done once: what is finished stays in --out, and the same command goes on with the rest, or with the one that Ctrl-C has interrupted.",
            "It wants the folder with the models and books that the tests want too."},
        optionListHeading = "%nOptions:%n",
        footer = {"", "Examples:", "  nats results budgets --list", "  nats results budgets --seeds 1 --out results", "  nats results --quick --out /tmp/results"})
public final class ResultsCommand implements Callable<Integer> {

    private final Place.Commands nats;

    @Parameters(paramLabel = "QUESTION", arity = "0..*", description = "recall, budgets, facts, one-window, tuning, ablations (all)")
    private List<String> names = List.of();

    @Option(names = "--shared", paramLabel = "DIR", defaultValue = "../shared", description = "the folder with models and books (${DEFAULT-VALUE})")
    private Path shared;

    @Option(names = "--out", paramLabel = "DIR", defaultValue = "results", description = "the folder for what is done (${DEFAULT-VALUE})")
    private Path out;

    @Option(names = "--seeds", paramLabel = "N", defaultValue = "3", description = "seeds of the headline rows (${DEFAULT-VALUE})")
    private int seeds;

    @Option(names = "--quick", description = "cut each run down to seconds: shows that they run, the numbers mean nothing")
    private boolean quick;

    @Option(names = "--list", description = "print the runs, which of them are done, and what these say; do none")
    private boolean list;

    @Spec
    private CommandSpec spec;

    /** @param nats runs a command of {@code nats} */
    public ResultsCommand(Place.Commands nats) {
        this.nats = nats;
    }

    @Override
    public Integer call() throws IOException {
        List<Question> questions = questions();
        if (!Files.isDirectory(shared.resolve("models"))) {
            throw new UserError("--shared " + shared + ": there are no models in it.");
        }
        Place place = new Place(shared, out, quick, nats, spec.commandLine().getErr());
        Map<String, Job> jobs = new LinkedHashMap<>();
        questions.forEach(question -> question.jobs(place).forEach(job -> jobs.putIfAbsent(job.name(), job)));
        if (list) {
            PrintWriter terminal = spec.commandLine().getOut();
            jobs.values().forEach(job -> terminal.println((place.done(job) ? "done  " : "      ") + job.command(place)));
            terminal.println();
            tell(questions, place);
            return 0;
        }
        Files.createDirectories(out);
        int number = 0;
        for (Job job : jobs.values()) {
            number++;
            if (place.done(job)) {
                continue;
            }
            place.err().println("Run " + number + " of " + jobs.size() + ": " + job.command(place));
            String lines = job.run(place);
            if (lines == null) {
                place.err().println("Run " + number + " of " + jobs.size() + " was interrupted; the same command goes on with it.");
                return Interrupt.EXIT_CODE;
            }
            AtomicFiles.write(place.file(job.name()), lines);
        }
        tell(questions, place);
        return 0;
    }

    private List<Question> questions() {
        if (seeds < 1 || seeds > 100) {
            throw new UserError("--seeds " + seeds + ": must be in [1, 100].");
        }
        List<Question> all = List.of(new RecallQuestion(seeds), Books.budgets(seeds), new FactQuestion(seeds), Books.oneWindow(seeds), Books.tuning(), Books.ablations());
        if (names.isEmpty()) {
            return all;
        }
        List<Question> chosen = new ArrayList<>();
        for (String name : names) {
            chosen.add(all.stream().filter(question -> question.name().equals(name)).findFirst().orElseThrow(() ->
                    new UserError(name + ": must be one of " + String.join(", ", all.stream().map(Question::name).toList()) + ".")));
        }
        return chosen;
    }

    /** As tables, and as a page beside the results. */
    private void tell(List<Question> questions, Place place) throws IOException {
        PrintWriter terminal = spec.commandLine().getOut();
        HtmlReport page = new HtmlReport("What searches find", "nats " + String.join(" ", spec.root().commandLine().getParseResult().originalArgs()));
        for (Question question : questions) {
            Question.Table table = question.table(place);
            if (table.rows().isEmpty()) {
                continue;
            }
            terminal.println(question.title());
            terminal.println();
            terminal.println(TextTable.of(table.header(), table.rows()));
            page.section(question.title()).table(table.caption(), table.header(), table.rows());
        }
        if (Files.isDirectory(out)) {
            page.write(out.resolve("results.html"));
            terminal.println("The same as a page: " + out.resolve("results.html"));
        }
    }
}
