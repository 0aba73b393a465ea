package org.neuralattention.bench.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.neuralattention.bench.demo.RecallEvaluation.Score;
import org.neuralattention.bench.demo.RecallEvaluation.Speed;
import org.neuralattention.bench.recall.RecallRecipe;
import org.neuralattention.bench.recall.RecallTraining;
import org.neuralattention.bench.tasks.Mqar;
import org.neuralattention.cache.KvCache;
import org.neuralattention.generate.Session;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.roles.RolePolicy;
import org.neuralattention.roles.RoleSpace;

/**
 * The demo's story: learn roles on the recall task, train the baselines through the same lessons, and compare all of them on unseen
 * sequences, through the real cache, at equal bytes.
 */
final class Demo {

    /** Tokens that the sink-and-window baseline keeps for good. */
    static final int SINKS = 4;

    private static final long UNSEEN = -1_000_003; // a seed that no training has: the command takes none below 0

    /** One row of the comparison. */
    record Row(String name, Score score, Speed speed) {}

    /** Hears what the demo does; {@code training} before each run. */
    interface Listener {
        RecallTraining.Listener training(String name, int steps);

        void trained(RecallTraining.Result result);

        void measuring(String name);
    }

    /** All that was found. */
    record Outcome(RecallRecipe recipe, int sequences, int window, List<RecallTraining.Result> trainings, List<String> names, List<Row> rows) {

        Row nats() {
            return rows.get(1);
        }

        /** The model that learned its roles. */
        Transformer model() {
            return trainings.getFirst().model();
        }

        /** What was measured: of the length asked for only if training got there. */
        Mqar task() {
            return recipe.task().withLength(trainings.getFirst().lessons().getLast().length());
        }

        boolean reachedLength() {
            return task().length() == recipe.task().length();
        }

        /** Peak bytes of a row as a share of the full cache's. */
        double bytesShare(Row row) {
            return row.score().peakBytes() / rows.getFirst().score().peakBytes();
        }
    }

    private final RecallRecipe recipe;
    private final int sequences;
    private final int context;
    private final Team team;
    private final Listener listener;

    Demo(RecallRecipe recipe, int sequences, int context, Team team, Listener listener) {
        this.recipe = recipe;
        this.sequences = sequences;
        this.context = context;
        this.team = team;
        this.listener = listener;
    }

    Outcome run() {
        RecallTraining.Result nats = RecallTraining.learnRoles(recipe, team, listener.training("NAtS", recipe.steps()));
        listener.trained(nats);
        Mqar task = recipe.task().withLength(nats.lessons().getLast().length());
        Score learned = RecallEvaluation.score(nats.model(), i -> RoleChoice.BEST, task, UNSEEN, sequences);

        RecallTraining.Result full = follow("full attention", recipe, RoleChoice.FULL, nats);
        int window = windowOf(learned.peakBytes(), task);
        RoleChoice sinkAndWindow = new RoleChoice.Fixed(RolePolicy.sinkAndWindow(SINKS, 0));
        RecallTraining.Result windowed = follow("sink + window", sliding(window), sinkAndWindow, nats);
        RolePolicy random = RolePolicy.random(recipe.seed(), histogram(nats.model(), task));

        List<Row> rows = new ArrayList<>();
        rows.add(row("full attention", full.model(), i -> RoleChoice.FULL, task));
        rows.add(row("NAtS", nats.model(), i -> RoleChoice.BEST, task));
        rows.add(row("sink + window " + window, windowed.model(), i -> sinkAndWindow, task));
        rows.add(row("random roles", nats.model(), i -> ofSequence(random, i), task));
        return new Outcome(recipe, sequences, window, List.of(nats, full, windowed), List.of("NAtS", "full attention", "sink + window"), rows);
    }

    private RecallTraining.Result follow(String name, RecallRecipe recipe, RoleChoice choice, RecallTraining.Result first) {
        RecallTraining.Result result = RecallTraining.follow(recipe, choice, first.lessons(), team, listener.training(name, recipe.steps()));
        listener.trained(result);
        return result;
    }

    /** A session knows only its own sequence, number 0: each of the measured ones shall draw roles of its own. */
    private static RoleChoice ofSequence(RolePolicy policy, int index) {
        return new RoleChoice.Fixed((layer, kvHead, sequence, position) -> policy.role(layer, kvHead, index, position));
    }

    private Row row(String name, Transformer model, IntFunction<RoleChoice> choices, Mqar task) {
        listener.measuring(name);
        return new Row(name, RecallEvaluation.score(model, choices, task, UNSEEN, sequences),
                RecallEvaluation.speed(model, choices.apply(0), task, context, 256));
    }

    /** The recipe with another window. */
    private RecallRecipe sliding(int window) {
        return recipe.withSpace(RoleSpace.of(window));
    }

    /** The smallest window with which sink and window hold at least as many bytes at their peak as the learned roles do. */
    private int windowOf(double bytes, Mqar task) {
        int low = 1;
        int high = task.length();
        while (low < high) {
            int window = (low + high) / 2;
            if (peakBytes(sliding(window).model(), task) >= bytes) {
                high = window;
            } else {
                low = window + 1;
            }
        }
        return low;
    }

    /** Peak bytes of sink and window, which do not depend on weights or tokens. */
    private double peakBytes(ModelConfig config, Mqar task) {
        Transformer model = new Transformer(new Weights(config), team);
        Session session = new Session(model, KvCache.of(config), new RoleChoice.Fixed(RolePolicy.sinkAndWindow(SINKS, 0)), Session.PIECE);
        for (int t = 0; t < task.length(); t++) {
            session.decode(0);
        }
        return session.cache().stats().peakBytes();
    }

    /** How often the learned model takes each role, [layer][head][role]. */
    private double[][][] histogram(Transformer model, Mqar task) {
        ModelConfig c = model.config();
        double[][][] shares = new double[c.nLayers()][c.nKvHeads()][c.nRoles()];
        Activations s = new Activations(c, 8, task.length(), Activations.Keep.ALL);
        int[] ids = new int[s.rows()];
        for (int b = 0; b < s.batch(); b++) {
            task.evaluation(ids, b * task.length(), new int[task.length()], 0, UNSEEN, b);
        }
        model.forward(s, ids, 0, RoleChoice.BEST);
        for (int l = 0; l < c.nLayers(); l++) {
            int[] roles = s.layer(l).roles;
            for (int i = 0; i < s.rows() * c.nKvHeads(); i++) {
                shares[l][i / s.seqLen() % c.nKvHeads()][roles[i]] += 1.0 / s.rows();
            }
        }
        return shares;
    }

    /** One unseen sequence and the roles its tokens take. */
    record Sample(int[] ids, int[] targets, int[][][] roles, int[][][] lastRow) {}

    static Sample sample(Transformer model, Mqar task) {
        ModelConfig c = model.config();
        int[] ids = new int[task.length()];
        int[] targets = new int[task.length()];
        task.evaluation(ids, 0, targets, 0, UNSEEN, 0);
        Activations s = new Activations(c, 1, task.length(), Activations.Keep.ALL);
        model.forward(s, ids, 0, RoleChoice.BEST);
        int[][][] roles = new int[c.nLayers()][c.nKvHeads()][task.length()];
        int[][][] lastRow = new int[c.nLayers()][c.nKvHeads()][task.length()];
        for (int l = 0; l < c.nLayers(); l++) {
            for (int h = 0; h < c.nKvHeads(); h++) {
                System.arraycopy(s.layer(l).roles, h * task.length(), roles[l][h], 0, task.length());
                System.arraycopy(s.layer(l).lastRow, h * task.length(), lastRow[l][h], 0, task.length());
            }
        }
        return new Sample(ids, targets, roles, lastRow);
    }
}
