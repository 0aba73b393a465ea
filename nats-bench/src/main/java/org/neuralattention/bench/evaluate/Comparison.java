package org.neuralattention.bench.evaluate;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.neuralattention.bench.cli.Progress;
import org.neuralattention.bench.tasks.TaskScore;
import org.neuralattention.eval.KvUse;
import org.neuralattention.eval.Policy;
import org.neuralattention.model.Transformer;

/** Runs what is planned, model by model, and tells how far it is. */
final class Comparison {

    private final FinishedRuns finished;
    private final Progress progress;
    private long done;

    /**
     * @param finished what need not be run again, and where the rest is kept
     * @param progress counts the tokens of all runs that are still to be done
     */
    Comparison(FinishedRuns finished, Progress progress) {
        this.finished = finished;
        this.progress = progress;
    }

    /**
     * @param model null where all runs are finished
     * @param listener hears each row when it is complete
     */
    void run(Transformer model, Plan plan, Consumer<Scored> listener) throws IOException {
        for (Trial trial : plan.trials()) {
            List<KvUse> learned = new ArrayList<>(); // by seed
            for (Trial.Cell cell : trial.cells()) {
                List<TaskScore> scores = new ArrayList<>();
                Policy policy = null;
                for (int seed = 0; seed < cell.seeds(); seed++) {
                    KvUse sameSequences = learned.isEmpty() ? null : learned.get(Math.min(seed, learned.size() - 1));
                    policy = cell.policy().policy(cell.share(), sameSequences, seed, plan.config());
                    TaskScore score = finished.score(plan, trial, cell, seed);
                    if (score == null) {
                        score = run(model, trial, policy, seed);
                        finished.add(plan, trial, cell, seed, score);
                    }
                    scores.add(score);
                }
                if (cell.policy() == PolicyChoice.LEARNED) {
                    scores.forEach(score -> learned.add(score.use()));
                }
                listener.accept(new Scored(plan.name(), trial.name(), trial.context(), cell.policy(), policy.name(), policy.source(), cell.budget(), scores));
            }
        }
    }

    private TaskScore run(Transformer model, Trial trial, Policy policy, long seed) {
        long before = done;
        TaskScore score = trial.task().evaluate(model, policy, seed, trial.sequences(), now -> {
            boolean recall = now.measure() == TaskScore.Measure.RECALL;
            progress.update(before + now.use().steps(), new Progress.Values(recall ? Double.NaN : now.value(), Double.NaN, recall ? now.value() : Double.NaN,
                    Double.NaN, now.use().share()));
        });
        done = before + trial.tokens();
        return score;
    }
}
