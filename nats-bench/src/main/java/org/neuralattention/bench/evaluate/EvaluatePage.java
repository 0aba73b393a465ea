package org.neuralattention.bench.evaluate;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.neuralattention.bench.report.HeadMap;
import org.neuralattention.bench.report.HtmlReport;
import org.neuralattention.bench.report.LineChart;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.bench.report.ScatterChart;
import org.neuralattention.bench.report.WordMap;
import org.neuralattention.bench.tasks.TaskScore;
import org.neuralattention.eval.KvUse;

/**
 * The pictures of a report: score against bytes, loss by position, what heads hold, whose words are remembered.
 *
 * @param groups the same rows, those of one model and task together
 * @param roles of the models that have some
 */
record EvaluatePage(String command, List<Scored> rows, List<List<Scored>> groups, Map<Plan, TokenRoles> roles) {

    /** Places of a block that a line of losses shows as one point. */
    private static final int POINTS = 16;

    /** All but the table. */
    HtmlReport pictures() {
        HtmlReport page = new HtmlReport("Quality against bytes", command + ", " + Instant.now().truncatedTo(ChronoUnit.SECONDS));
        page.paragraph("What a model can do under cache policies: full attention, learned roles where it has them, and what else saves cache memory, with the same weights "
                + "and by the same measure. Bytes are those of the keys and values that a step sees, averaged over the steps.");
        for (List<Scored> group : groups) {
            page.figure(EvaluateReport.heading(group), quality(group), "");
        }
        fronts(page);
        List<List<Scored>> texts = groups.stream().filter(group -> group.getFirst().losses().length > 1).toList();
        if (!texts.isEmpty()) {
            page.section("Loss by position");
            texts.forEach(group -> page.figure(EvaluateReport.heading(group), losses(group), (full(group) == null ? "Loss" : "Loss above that of full attention")
                    + ", averaged over neighbouring places" + budgetShown(group) + "."));
        }
        heads(page);
        words(page);
        return page;
    }

    private ScatterChart quality(List<Scored> group) {
        ScatterChart chart = chart(group).styles(styles());
        group.forEach(row -> chart.add(row.policy(), row.use().meanBytes(), row.value(), row.budget().isEmpty() ? row.policy() : ""));
        return front(chart, Scored.front(group));
    }

    /** Where several models did the same, their fronts in one picture. */
    private void fronts(HtmlReport page) {
        Map<String, List<List<Scored>>> tasks = new LinkedHashMap<>();
        groups.forEach(group -> tasks.computeIfAbsent(group.getFirst().task(), task -> new ArrayList<>()).add(group));
        tasks.forEach((task, ofTask) -> {
            if (ofTask.size() > 1) {
                ScatterChart chart = chart(ofTask.getFirst());
                for (List<Scored> group : ofTask) {
                    Scored.front(group).forEach(row -> chart.add(row.model(), row.use().meanBytes(), row.value(), ""));
                    front(chart, Scored.front(group));
                }
                page.figure("all models: " + task, chart, "The front of each model, whatever the policy.");
            }
        });
    }

    private static ScatterChart chart(List<Scored> group) {
        boolean recall = group.getFirst().measure() == TaskScore.Measure.RECALL;
        ScatterChart chart = new ScatterChart(group.getFirst().task(), "mean KV bytes", recall ? "right answers" : "loss, nats (less is better)").logX();
        if (recall) {
            chart.yReaches(0, 1);
        }
        return chart.formats(Numbers::bytes, recall ? share -> Numbers.fixed(share * 100, 0) + " %" : Numbers::compact);
    }

    private static ScatterChart front(ScatterChart chart, List<Scored> front) {
        return chart.front("best at its bytes (Pareto front)", front.stream().mapToDouble(row -> row.use().meanBytes()).toArray(),
                front.stream().mapToDouble(Scored::value).toArray());
    }

    /** Names of the policies in the order of their styles: those of the lines of losses first, which have the fewest styles. */
    private List<String> styles() {
        return Stream.of(PolicyChoice.LEARNED, PolicyChoice.RANDOM, PolicyChoice.WINDOW, PolicyChoice.SINK, PolicyChoice.H2O, PolicyChoice.TOVA, PolicyChoice.FULL,
                PolicyChoice.SNAPKV, PolicyChoice.ORACLE).flatMap(choice -> rows.stream().filter(row -> row.choice() == choice).map(Scored::policy)).distinct().toList();
    }

    /** The budget whose policies the lines of losses show: that of the roles, else the middle one. */
    private static String shownBudget(List<Scored> group) {
        List<String> budgets = group.stream().map(Scored::budget).filter(budget -> !budget.isEmpty()).distinct().toList();
        return budgets.contains(EvaluateCommand.ROLES) ? EvaluateCommand.ROLES : budgets.isEmpty() ? "" : budgets.get(budgets.size() / 2);
    }

    private static String budgetShown(List<Scored> group) {
        String budget = shownBudget(group);
        return budget.isEmpty() ? "" : budget.equals(EvaluateCommand.ROLES) ? "; policies with a budget hold as many bytes as the roles"
                : "; policies with a budget hold " + Numbers.percent(Double.parseDouble(budget));
    }

    /** The row of full attention, or null if there is none, or nothing to compare with it. */
    private static Scored full(List<Scored> group) {
        return group.size() == 1 ? null : group.stream().filter(row -> row.choice() == PolicyChoice.FULL).findFirst().orElse(null);
    }

    /** Losses by position, above those of full attention if there are such: what all have in common is the text's. */
    private LineChart losses(List<Scored> group) {
        Scored full = full(group);
        double[] common = full == null ? new double[group.getFirst().losses().length] : full.losses();
        LineChart chart = new LineChart("Loss by position", "place in the block", full == null ? "loss, nats" : "loss above full, nats").styles(styles());
        String shown = shownBudget(group);
        for (Scored row : group) {
            if (row != full && (row.budget().isEmpty() || row.budget().equals(shown))) {
                line(chart, row.policy(), row.losses(), common);
            }
        }
        return chart;
    }

    private static void line(LineChart chart, String name, double[] losses, double[] common) {
        int points = Math.min(POINTS, losses.length);
        double[] x = new double[points];
        double[] y = new double[points];
        for (int i = 0; i < points; i++) {
            int from = i * losses.length / points;
            int to = (i + 1) * losses.length / points;
            x[i] = (from + to - 1) / 2.0;
            y[i] = IntStream.range(from, to).mapToDouble(n -> losses[n] - common[n]).average().orElseThrow();
        }
        chart.add(name, x, y);
    }

    private void heads(HtmlReport page) {
        List<Scored> learned = rows.stream().filter(row -> row.choice() == PolicyChoice.LEARNED).toList();
        if (learned.isEmpty()) {
            return;
        }
        page.section("What each layer and head holds");
        for (Scored row : learned) {
            int kvHeads = roles.keySet().stream().filter(plan -> plan.name().equals(row.model())).findFirst().orElseThrow().config().nKvHeads();
            KvUse use = row.use();
            double[][] shares = new double[use.headPairs().size() / kvHeads][kvHeads];
            for (int i = 0; i < use.headPairs().size(); i++) {
                shares[i / kvHeads][i % kvHeads] = use.share(i);
            }
            page.figure(row.model() + ": " + row.task(), new HeadMap("KV share of each layer and head", shares), "Learned roles: KV share " + Numbers.percent(use.share()) + ".");
        }
    }

    private void words(HtmlReport page) {
        if (roles.isEmpty()) {
            return;
        }
        page.section("Who is remembered");
        roles.forEach((plan, tokens) -> {
            List<String> names = IntStream.range(0, plan.config().nRoles()).mapToObj(plan.config().roleSpace()::name).toList();
            WordMap map = new WordMap(plan.sample().words(), names);
            for (int l = 0; l < plan.config().nLayers(); l++) {
                for (int h = 0; h < plan.config().nKvHeads(); h++) {
                    map.head("layer " + l + ", head " + h + ": KV share " + Numbers.percent(tokens.share(l, h)), tokens.roles()[l][h]);
                }
            }
            page.figure(plan.name() + ": " + plan.sample().source(), map, "The beginning of the first sequence, " + plan.sample().ids().length + " tokens.");
        });
    }
}
