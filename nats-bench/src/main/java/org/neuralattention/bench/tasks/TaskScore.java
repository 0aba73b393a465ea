package org.neuralattention.bench.tasks;

import java.util.List;
import org.neuralattention.eval.KvUse;

/**
 * How well a task was done, and what the cache held while it was.
 *
 * @param measure what {@link #value} is
 * @param asked points that could be had, or tokens predicted
 * @param points points had, or the sum of the losses in nats
 * @param losses mean loss at each position of a block, in nats; empty for recall
 * @param use bytes and shares
 */
public record TaskScore(Measure measure, long asked, double points, List<Double> losses, KvUse use) {

    public enum Measure {
        /** Share of the points: more is better. */
        RECALL,
        /** Mean negative log-likelihood of a token in nats: less is better. */
        NLL
    }

    public TaskScore {
        losses = List.copyOf(losses);
    }

    static TaskScore recall(long asked, double points, KvUse use) {
        return new TaskScore(Measure.RECALL, asked, points, List.of(), use);
    }

    /** Points per point that could be had, or mean loss. */
    public double value() {
        return points / asked;
    }
}
