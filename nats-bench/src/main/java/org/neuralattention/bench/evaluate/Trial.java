package org.neuralattention.bench.evaluate;

import java.util.List;
import org.neuralattention.bench.tasks.Task;

/**
 * A task that a model is asked under some policies.
 *
 * @param choice what the user named
 * @param name for tables
 * @param context tokens of a sequence
 * @param sequences sequences of each seed
 * @param cells what is run, those that others look at first
 */
record Trial(TaskChoice choice, String name, Task task, int context, int sequences, List<Cell> cells) {

    /**
     * A policy with a budget.
     *
     * @param budget as the user named it; empty for a policy that has none
     * @param share of a full cache; NaN for as many bytes as the roles hold
     * @param seeds how often it is run: once where neither task nor policy draws anything
     */
    record Cell(PolicyChoice policy, String budget, double share, int seeds) {}

    /** Tokens of one run. */
    long tokens() {
        return (long) context * sequences;
    }
}
