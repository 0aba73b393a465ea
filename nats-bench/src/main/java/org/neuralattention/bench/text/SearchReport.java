package org.neuralattention.bench.text;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.neuralattention.bench.cli.CommonOptions;
import org.neuralattention.bench.cli.JsonLines;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.bench.report.TextTable;
import org.neuralattention.cache.KvStats;
import org.neuralattention.model.Activations.Keep;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.roles.RoleSpace;
import org.neuralattention.train.Evaluation;

/** What {@code nats search} prints beside its progress. */
record SearchReport(CommonOptions common, SearchOptions options) {

    /** A share so near to the target is the target's; text that was not trained on differs a little. */
    private static final double SETTLED = 0.02;

    /**
     * What a search reached.
     *
     * @param dense the model it began with, with a full cache
     * @param heldOut the model as it is, with its roles, on the same tokens
     * @param cache of generation, behind a sequence of the held-out text
     * @param steps done by this process
     * @param seconds it took
     */
    record Outcome(TrainLog.Dense dense, Evaluation.Result heldOut, KvStats cache, long steps, double seconds) {}

    void begin(StartModel start, Corpus corpus, long steps) {
        long heldOut = corpus.heldOut().stream().mapToLong(ids -> ids.length).sum();
        if (common.json() != null) {
            common.json().event("begin").put("parameters", start.config().parameters()).put("roles", names(start.config()))
                    .put("trainingTokens", corpus.training().length).put("heldOutTokens", heldOut).put("steps", steps).end();
            return;
        }
        common.out().println(start.path() + ": " + Numbers.compact(start.config().parameters()) + " parameters, " + options.learns()
                + "; roles: " + names(start.config()) + ".");
        common.out().println(corpus.training().length + " tokens to train on, " + heldOut + " held out; "
                + aim(start.config())
                + (steps == 0 ? "" : " Goes on after step " + steps + "."));
        if (start.keep() == Keep.INPUTS) {
            common.out().println("The heap does not hold all activations: each layer runs a second time in the backward pass.");
        }
        common.out().flush();
    }

    private String aim(ModelConfig model) {
        return !model.learnsRoles() ? "every token's role is given."
                : options.targetKv == null ? "the price rises to " + Numbers.compact(options.price) + "."
                : "target: " + Numbers.percent(options.targetKv) + " of a full cache.";
    }

    /** Before what takes a while without a step. */
    void measuring() {
        if (common.json() == null) {
            common.err().println("Measuring the model as it is...");
        }
    }

    void dense(TrainLog.Dense dense) {
        if (common.json() != null) {
            common.json().event("dense").put("lookNll", dense.lookNll()).put("nll", dense.nll()).put("tokens", dense.tokens()).end();
            return;
        }
        common.out().println("As it is, with a full cache: held-out loss " + Numbers.fixed(dense.nll(), 4) + ".");
        common.out().flush();
    }

    void look(long steps, Evaluation.Result result, TrainLog.Dense dense, ModelConfig model) {
        RoleSpace space = model.roleSpace();
        JsonLines json = common.json();
        if (json != null) {
            json.event("evaluation").put("step", steps).put("nll", result.nll()).put("denseNll", dense.lookNll()).put("tokens", result.tokens())
                    .put("kvShare", result.share()).array("roles", roles(model), (line, role) -> line.put("role", space.name(role))
                            .put("share", result.roles().get(role))).end();
            return;
        }
        String roles = roles(model).stream().map(role -> space.name(role) + " " + Numbers.percent(result.roles().get(role))).collect(Collectors.joining(", "));
        common.out().println("step " + steps + ": held-out loss " + Numbers.fixed(result.nll(), 4) + ", dense " + Numbers.fixed(dense.lookNll(), 4)
                + "; KV " + Numbers.percent(result.share()) + "; roles: " + roles);
        common.out().flush();
    }

    /** Those that some layer may use. */
    private static List<Integer> roles(ModelConfig model) {
        RoleSpace space = model.roleSpace();
        return IntStream.range(0, space.count()).filter(role -> IntStream.range(0, model.nLayers()).anyMatch(layer -> space.allows(layer, role))).boxed().toList();
    }

    private static String names(ModelConfig model) {
        RoleSpace space = model.roleSpace();
        return roles(model).stream().map(space::name).collect(Collectors.joining(", ")) + (space.sinks() == 1 ? "" : "; " + space.sinks() + " sinks");
    }

    void end(Path directory, Outcome outcome) {
        Evaluation.Result heldOut = outcome.heldOut();
        KvStats cache = outcome.cache();
        JsonLines json = common.json();
        if (json != null) {
            json.event("done").put("model", directory.toString()).put("nll", heldOut.nll()).put("denseNll", outcome.dense().nll())
                    .put("tokens", heldOut.tokens()).put("kvShare", heldOut.share()).put("targetKv", options.targetKv == null ? Double.NaN : options.targetKv)
                    .put("context", cache.tokens()).put("cacheBytes", cache.bytesHeld()).put("fullBytes", cache.fullBytes())
                    .put("steps", outcome.steps()).put("seconds", outcome.seconds()).end();
            return;
        }
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("held-out loss", Numbers.fixed(outcome.dense().nll(), 4), Numbers.fixed(heldOut.nll(), 4)));
        rows.add(List.of("KV share", Numbers.percent(1), Numbers.percent(heldOut.share())));
        if (options.targetKv != null) {
            rows.add(List.of("  target", "", Numbers.percent(options.targetKv)));
        }
        rows.add(List.of("cache behind " + cache.tokens() + " tokens", Numbers.bytes(cache.fullBytes()), Numbers.bytes(cache.bytesHeld())));
        common.out().println();
        common.out().print(TextTable.of(List.of("", "before", "searched"), rows));
        common.out().println(outcome.steps() + " steps in " + Numbers.duration(outcome.seconds()) + "; measured on " + heldOut.tokens() + " held-out tokens.");
        if (options.targetKv != null && Math.abs(heldOut.share() - options.targetKv) > SETTLED) {
            common.out().println("The KV share is not the target's: more --steps give the price the time to find it.");
        }
        common.out().println();
        common.out().printf("""
                The model is in %1$s. Next:
                  nats generate --model %1$s --prompt 'Once upon a time'
                  nats inspect %1$s --text %2$s
                  nats evaluate --model %3$s %1$s --text %2$s --html page.html
                """, RunCommand.quoted(directory), text(), RunCommand.quoted(options.model));
    }

    /** A file to look at. */
    private String text() {
        Path given = options.valid.isEmpty() ? options.text.getFirst() : options.valid.getFirst();
        return Files.isDirectory(given) ? "FILE" : RunCommand.quoted(given);
    }
}
