package org.neuralattention.bench.results;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.neuralattention.bench.recall.RecallRecipe;
import org.neuralattention.bench.recall.RecallTraining;
import org.neuralattention.bench.tasks.Mqar;
import org.neuralattention.bench.tasks.TaskScore;
import org.neuralattention.eval.Budget;
import org.neuralattention.eval.Oracle;
import org.neuralattention.eval.Policy;
import org.neuralattention.eval.Roles;
import org.neuralattention.eval.Sequence;
import org.neuralattention.eval.SinkWindow;
import org.neuralattention.io.Json;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Transformer;
import org.neuralattention.roles.Role;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.roles.RolePolicy;
import org.neuralattention.roles.RoleSpace;

/**
 * A model that learns to recall and what to keep for it, and one with sinks and a window that hold as many bytes, both trained from scratch through the
 * same lessons; then both are asked for held-out pairs, at the length they were trained at and at a longer one.
 */
final class RecallRun {

    /** First tokens that the window keeps beside it. */
    static final int SINKS = 4;

    private static final long HELD_OUT = 7; // a task shares no draw between what is held out and any training's seed

    /**
     * What was asked.
     *
     * @param policy {@code learned}, {@code oracle} or {@code window}; under the first two the model with roles
     * @param length tokens of a sequence
     */
    record Asked(String policy, int length, TaskScore score) {

        private Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("event", "recall");
            json.put("policy", policy);
            json.put("length", length);
            json.put("questions", score.asked());
            json.put("recall", score.value());
            json.put("kvShare", score.use().share());
            json.put("meanBytes", score.use().meanBytes());
            json.put("peakBytes", score.use().peakBytes());
            return json;
        }
    }

    /**
     * What came of it.
     *
     * @param roles the model that learned what to keep
     * @param windowed the other
     * @param window keys that it sees before a row's own, beside the sinks
     */
    record Outcome(RecallTraining.Result roles, RecallTraining.Result windowed, int window, List<Asked> asked) {

        Asked asked(String policy, int length) {
            return find(asked, policy, length);
        }

        /** Lines of JSON: both trainings, then what was asked. */
        String toJson() {
            List<Map<String, Object>> lines = new ArrayList<>(List.of(trained("learned", roles), trained("window", windowed)));
            lines.getLast().put("window", window);
            asked.forEach(a -> lines.add(a.toJson()));
            return lines.stream().map(Json::compact).collect(Collectors.joining("\n", "", "\n"));
        }

        private static Map<String, Object> trained(String policy, RecallTraining.Result result) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("event", "trained");
            json.put("policy", policy);
            json.put("seconds", result.seconds());
            json.put("lessons", result.lessons().stream().map(lesson -> List.of(lesson.step(), lesson.length())).toList());
            return json;
        }
    }

    private final RecallRecipe recipe;
    private final int sequences;
    private final Team team;
    private final List<Asked> asked = new ArrayList<>();

    private RecallRun(RecallRecipe recipe, int sequences, Team team) {
        this.recipe = recipe;
        this.sequences = sequences;
        this.team = team;
    }

    /**
     * Trains and asks.
     *
     * @param sequences asked at the trained length; so many tokens are asked at the others too
     * @param lengths at which is asked
     * @param listener hears both trainings
     */
    static Outcome of(RecallRecipe recipe, int sequences, List<Integer> lengths, Team team, RecallTraining.Listener listener) {
        return new RecallRun(recipe, sequences, team).run(lengths, listener);
    }

    private Outcome run(List<Integer> lengths, RecallTraining.Listener listener) {
        RecallTraining.Result roles = RecallTraining.learnRoles(recipe, team, listener);
        Oracle oracle = new Oracle(1, recipe.space().window(Role.FIRST_SLIDING));
        for (int length : lengths) {
            ask(roles.model(), "learned", Roles.learned(), length);
            ask(roles.model(), "oracle", oracle, length);
        }
        int window = windowOf(find(asked, "learned", recipe.task().length()).score().use().meanBytes());
        RolePolicy policy = RolePolicy.sinkAndWindow(SINKS, 0);
        RecallTraining.Result windowed = RecallTraining.follow(recipe.withSpace(RoleSpace.of(window)), new RoleChoice.Fixed(policy), roles.lessons(), team, listener);
        for (int length : lengths) {
            ask(windowed.model(), "window", new Roles("sink + window", policy), length);
        }
        return new Outcome(roles, windowed, window, List.copyOf(asked));
    }

    private static Asked find(List<Asked> asked, String policy, int length) {
        return asked.stream().filter(a -> a.policy().equals(policy) && a.length() == length).findFirst().orElseThrow();
    }

    /** The smallest window with which sinks and window hold at least so many bytes, averaged over the steps of a sequence of the trained length. */
    private int windowOf(double meanBytes) {
        return new SinkWindow(SINKS, new Budget.MeanBytes(meanBytes)).window(Sequence.of(recipe.task().length()), recipe.model());
    }

    private void ask(Transformer model, String name, Policy policy, int length) {
        Mqar task = recipe.task().withLength(length);
        TaskScore score = task.evaluate(model, policy, HELD_OUT, Math.max(1, sequences * recipe.task().length() / length), ignored -> {});
        asked.add(new Asked(name, length, score));
    }
}
