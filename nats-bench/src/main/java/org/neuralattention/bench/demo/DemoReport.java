package org.neuralattention.bench.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.neuralattention.bench.recall.RecallRecipe;
import org.neuralattention.bench.recall.RecallTraining;
import org.neuralattention.bench.report.HtmlReport;
import org.neuralattention.bench.report.LifetimeMap;
import org.neuralattention.bench.report.LineChart;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.bench.report.RoleMap;
import org.neuralattention.bench.report.ScatterChart;
import org.neuralattention.bench.tasks.Mqar;
import org.neuralattention.kernels.Kernels;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.roles.Role;
import org.neuralattention.roles.RoleSpace;

/** The demo's outcome as a table for the terminal and as one HTML file. */
final class DemoReport {

    static final List<String> HEADER = List.of("", "recall", "KV bytes, peak", "of full", "KV share", "decode tokens/s", "KV bytes there");

    private final Demo.Outcome outcome;

    DemoReport(Demo.Outcome outcome) {
        this.outcome = outcome;
    }

    List<List<String>> rows() {
        List<List<String>> rows = new ArrayList<>();
        for (Demo.Row row : outcome.rows()) {
            rows.add(List.of(row.name(), Numbers.percent(row.score().recall()), Numbers.bytes(row.score().peakBytes()),
                    Numbers.percent(outcome.bytesShare(row)), Numbers.percent(row.score().share()),
                    Numbers.compact(row.speed().tokensPerSecond()), Numbers.bytes(row.speed().bytes())));
        }
        return rows;
    }

    /** What the columns mean, in one sentence. */
    String caption() {
        return outcome.sequences() + " unseen sequences of " + task().length() + " tokens, decoded one by one; peak bytes the cache held, averaged over "
                + "them; KV share: keys held of a full cache, averaged over steps; the last two columns behind a context of "
                + outcome.nats().speed().context() + " tokens.";
    }

    /** One sentence if the sequences are not as long as asked for, else nothing. */
    Optional<String> shortfall() {
        return outcome.reachedLength() ? Optional.empty() : Optional.of(outcome.recipe().task().length() + " tokens were not reached in "
                + outcome.recipe().steps() + " steps, for recall did not pass " + Numbers.percent(RecallRecipe.PASSED) + " in time; measured at "
                + task().length() + ".");
    }

    void write(Path file) throws IOException {
        Demo.Row nats = outcome.nats();
        HtmlReport report = new HtmlReport("What a token is worth remembering",
                "nats demo: associative recall, " + outcome.recipe().task().pairs() + " pairs in " + task().length() + " tokens; "
                        + Kernels.describe() + ", Java " + System.getProperty("java.version"));
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("recall with learned roles", Numbers.percent(nats.score().recall()));
        facts.put("of the full cache's bytes", Numbers.percent(outcome.bytesShare(nats)));
        facts.put("recall of a window of equal bytes", Numbers.percent(outcome.rows().get(2).score().recall()));
        facts.put("trained in", Numbers.duration(outcome.trainings().getFirst().seconds()));
        report.facts(facts);
        report.paragraph("Pairs of a key and a value lie scattered in the first half of a sequence among filler; the second half asks for each key once. "
                + "Every layer gives each token a role per head: global tokens are kept for good, local ones until the next global, sliding ones for "
                + outcome.recipe().space().window(Role.FIRST_SLIDING) + " more steps. The roles were learned together with the weights, from scratch.");
        shortfall().ifPresent(report::paragraph);
        report.section("At equal bytes").table(caption(), HEADER, rows());
        report.figure("Recall against bytes", scatter(), "All points but random roles are models trained as long, on the same sequences.");
        report.section("Who is remembered");
        maps(report);
        report.section("Training");
        report.figure("Recall", curve("recall", RecallTraining.Point::recall), "On unseen sequences of the length just trained, in the training form: a question at every slot of the second half, "
                + "where the table above asks each key once. Lengths double as recall passes " + Numbers.percent(RecallRecipe.PASSED) + " and the baselines follow.");
        report.figure("Loss", curve("loss, nats", RecallTraining.Point::loss), "");
        report.figure("KV share", curve("KV share", RecallTraining.Point::share), "Of the roles that training sees. NAtS samples its roles until step " + outcome.recipe().settlesAt()
                + " and takes the likeliest from then on; full attention keeps all, sink and window follow their rule.");
        report.write(file);
    }

    private Mqar task() {
        return outcome.task();
    }

    private ScatterChart scatter() {
        ScatterChart chart = new ScatterChart("Recall against peak KV bytes", "peak KV bytes", "recall").yReaches(0, 1)
                .formats(Numbers::bytes, share -> Numbers.fixed(share * 100, 0) + " %");
        for (Demo.Row row : outcome.rows()) {
            chart.add(row.name(), row.score().peakBytes(), row.score().recall(), row.name());
        }
        return chart;
    }

    private LineChart curve(String yName, ToDoubleFunction<RecallTraining.Point> y) {
        LineChart chart = new LineChart(yName + " over training steps", "step", yName).yReaches(0);
        for (int i = 0; i < outcome.names().size(); i++) {
            List<RecallTraining.Point> points = outcome.trainings().get(i).curve();
            chart.add(outcome.names().get(i), points.stream().mapToDouble(RecallTraining.Point::step).toArray(), points.stream().mapToDouble(y).toArray());
        }
        return chart;
    }

    private void maps(HtmlReport report) {
        ModelConfig c = outcome.model().config();
        RoleSpace space = c.roleSpace();
        List<String> roleNames = IntStream.range(0, space.count()).mapToObj(space::name).toList();
        Demo.Sample sample = Demo.sample(outcome.model(), task());
        RoleMap map = new RoleMap("Role of every token in every layer and head", Arrays.stream(sample.ids()).mapToObj(this::name).toList(), roleNames);
        for (int l = 0; l < c.nLayers(); l++) {
            for (int h = 0; h < c.nKvHeads(); h++) {
                map.row("layer " + l + " head " + h, sample.roles()[l][h]);
            }
        }
        map.mark(0, RoleMap.Mark.FORCED);
        for (int i = 1; i < sample.ids().length; i++) {
            if (sample.targets()[i] >= 0) {
                map.mark(i, RoleMap.Mark.QUERY);
            } else if (sample.ids()[i] < task().keys() + task().values()) {
                map.mark(i, RoleMap.Mark.PAIR);
            }
        }
        report.figure("Roles of one unseen sequence", map, "A column is a token: full circles mark pairs, empty ones the questions. Point at a column to read it.");
        int last = c.nLayers() - 1;
        report.figure("Lifetimes in the last layer", new LifetimeMap("Which query row sees which key", sample.roles()[last][0], sample.lastRow()[last][0], roleNames),
                "Keys from left to right, query rows from top to bottom, layer " + last + ", head 0: only what is coloured is in the cache.");
    }

    private String name(int id) {
        Mqar task = task();
        return id < task.keys() ? "key " + id : id < task.keys() + task.values() ? "value " + (id - task.keys()) : "filler";
    }
}
