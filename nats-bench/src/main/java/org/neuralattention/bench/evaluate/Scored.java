package org.neuralattention.bench.evaluate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.neuralattention.bench.tasks.TaskScore;
import org.neuralattention.eval.KvUse;

/**
 * How well a model does a task under a policy.
 *
 * @param model its name
 * @param task its name
 * @param context tokens of a sequence
 * @param choice the policy
 * @param policy its name
 * @param source where it is from
 * @param budget as the command line has it; empty for a policy that has none
 * @param scores of each seed, or one where nothing is drawn
 */
record Scored(String model, String task, int context, PolicyChoice choice, String policy, String source, String budget, List<TaskScore> scores) {

    Scored {
        scores = List.copyOf(scores);
    }

    TaskScore.Measure measure() {
        return scores.getFirst().measure();
    }

    /** Over all seeds together. */
    double value() {
        return scores.stream().mapToDouble(TaskScore::points).sum() / scores.stream().mapToLong(TaskScore::asked).sum();
    }

    /** Half of what lies between the seeds; NaN where there is only one. */
    double spread() {
        if (scores.size() < 2) {
            return Double.NaN;
        }
        double[] values = scores.stream().mapToDouble(TaskScore::value).sorted().toArray();
        return (values[values.length - 1] - values[0]) / 2;
    }

    /** Of all seeds together. */
    KvUse use() {
        return scores.stream().map(TaskScore::use).reduce(KvUse::and).orElseThrow();
    }

    /** Loss at each position, in nats, averaged over the seeds; empty for recall. */
    double[] losses() {
        return IntStream.range(0, scores.getFirst().losses().size())
                .mapToDouble(n -> scores.stream().mapToDouble(score -> score.losses().get(n)).average().orElseThrow()).toArray();
    }

    /** More is better. */
    double quality() {
        return measure() == TaskScore.Measure.RECALL ? value() : -value();
    }

    /** Those of some rows of one task that no other of them beats at as few bytes, fewest bytes first. What cannot be had in use is left out. */
    static List<Scored> front(List<Scored> rows) {
        List<Scored> sorted = rows.stream().filter(row -> row.choice != PolicyChoice.ORACLE)
                .sorted(Comparator.<Scored>comparingDouble(row -> row.use().meanBytes()).thenComparing(Comparator.comparingDouble(Scored::quality).reversed())).toList();
        List<Scored> front = new ArrayList<>();
        for (Scored row : sorted) {
            if (front.isEmpty() || row.quality() > front.getLast().quality()) {
                front.add(row);
            }
        }
        return front;
    }
}
