package org.neuralattention.bench.results;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.neuralattention.bench.cli.Progress;
import org.neuralattention.bench.recall.RecallRecipe;
import org.neuralattention.bench.recall.RecallTraining;
import org.neuralattention.kernels.Team;

/** A {@link RecallRun}. It takes minutes: one that is cut off is done again. */
record RecallJob(int pairs, int seed) implements Job {

    /** Tokens that were trained, and four times as many. */
    static final List<Integer> LENGTHS = List.of(256, 1024);

    private static final int SEQUENCES = 200;

    @Override
    public String name() {
        return "recall-" + pairs + "-seed" + seed;
    }

    @Override
    public String command(Place place) {
        return "recall of " + pairs + " pairs from scratch, seed " + seed;
    }

    @Override
    public String run(Place place) {
        RecallRecipe recipe = RecallRecipe.of(pairs, seed);
        if (place.quick()) {
            recipe = new RecallRecipe(recipe.task(), 256, 256, RecallRecipe.LOOK, recipe.space(), recipe.price(), seed);
        }
        Progress bar = Progress.of(name(), 2L * recipe.steps(), null, place.err());
        AtomicLong steps = new AtomicLong();
        try (bar; Team team = Team.of(Runtime.getRuntime().availableProcessors())) {
            RecallTraining.Listener listener = (report, length, recall) -> bar.update(steps.incrementAndGet(),
                    new Progress.Values(report.loss(), Double.NaN, recall, report.tokensPerSecond(), report.share(), report.price()));
            return RecallRun.of(recipe, place.quick() ? 1 : SEQUENCES, LENGTHS, team, listener).toJson();
        }
    }
}
