package org.neuralattention.bench.evaluate;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.neuralattention.bench.cli.JsonLines;
import org.neuralattention.bench.report.HtmlReport;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.bench.report.TextTable;
import org.neuralattention.bench.tasks.TaskScore;
import org.neuralattention.eval.KvUse;
import org.neuralattention.model.Transformer;

/** Tells what was found: a table, lines of JSON, a page. */
final class EvaluateReport {

    private static final List<String> HEADER = List.of("policy", "budget", "score", "KV share", "behind prompt", "mean bytes", "peak bytes");

    private static final String CAPTION = "text: mean loss of a token in nats, less is better; else share of the answers that were right. ± half of what lies between the seeds. "
            + "KV share: keys held of a full cache, averaged over the steps, also of those behind the prompt only; bytes of keys and values in float32.";

    private final String command;
    private final List<Scored> rows = new ArrayList<>();
    private final Map<Plan, TokenRoles> roles = new LinkedHashMap<>();

    EvaluateReport(String command) {
        this.command = command;
    }

    /** The page shows the roles that the model gives to the first tokens it is asked about. */
    void showRoles(Plan plan, Transformer model) {
        roles.put(plan, TokenRoles.of(model, plan.sample().ids()));
    }

    void add(Scored row) {
        rows.add(row);
    }

    static void tell(JsonLines json, Scored row) {
        KvUse use = row.use();
        json.event("score").put("model", row.model()).put("task", row.task()).put("context", row.context()).put("policy", row.choice().option())
                .put("source", row.source()).put("budget", row.budget().isEmpty() ? null : row.budget())
                .put("measure", row.measure() == TaskScore.Measure.RECALL ? "recall" : "nll").put("value", row.value()).put("spread", row.spread())
                .put("seeds", row.scores().stream().mapToDouble(TaskScore::value).toArray()).put("sequences", use.sequences())
                .put("kvShare", use.share()).put("kvShareBehindPrompt", use.shareBehindPrompt()).put("meanBytes", use.meanBytes())
                .put("meanBytesBehindPrompt", use.meanBytesBehindPrompt()).put("peakBytes", use.peakBytes()).put("fullBytes", use.meanFullBytes())
                .put("headShares", IntStream.range(0, use.headPairs().size()).mapToDouble(use::share).toArray()).put("losses", row.losses()).end();
    }

    String table() {
        return TextTable.of(HEADER, lines());
    }

    private List<List<String>> lines() {
        List<List<String>> lines = new ArrayList<>();
        for (List<Scored> group : groups()) {
            lines.add(List.of(heading(group)));
            for (Scored row : group) {
                KvUse use = row.use();
                lines.add(List.of(row.policy(), budget(row), score(row), Numbers.percent(use.share()), Numbers.percent(use.shareBehindPrompt()),
                        Numbers.bytes(use.meanBytes()), Numbers.bytes(use.peakBytes())));
            }
        }
        return lines;
    }

    /** Rows of one model and task. */
    private List<List<Scored>> groups() {
        Map<List<String>, List<Scored>> groups = new LinkedHashMap<>();
        rows.forEach(row -> groups.computeIfAbsent(List.of(row.model(), row.task()), key -> new ArrayList<>()).add(row));
        return List.copyOf(groups.values());
    }

    static String heading(List<Scored> group) {
        return group.getFirst().model() + ": " + group.getFirst().task();
    }

    private static String budget(Scored row) {
        return row.budget().isEmpty() || row.budget().equals(EvaluateCommand.ROLES) ? row.budget() : Numbers.percent(Double.parseDouble(row.budget()));
    }

    private static String score(Scored row) {
        boolean recall = row.measure() == TaskScore.Measure.RECALL;
        String value = recall ? Numbers.percent(row.value()) : Numbers.fixed(row.value(), 4);
        if (!Double.isFinite(row.spread())) {
            return value;
        }
        return value + " ± " + (recall ? Numbers.fixed(100 * row.spread(), 1) : Numbers.fixed(row.spread(), 4));
    }

    HtmlReport page() {
        HtmlReport page = new EvaluatePage(command, rows, groups(), roles).pictures();
        return page.section("All numbers").table(CAPTION, HEADER, lines());
    }
}
