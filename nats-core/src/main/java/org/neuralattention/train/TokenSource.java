package org.neuralattention.train;

/** Training data as a pure function of the step: that alone makes a resumed run equal to one that never stopped. */
@FunctionalInterface
public interface TokenSource {

    /** Target of a place whose prediction is not asked. */
    int NOT_ASKED = -1;

    /**
     * Fills one sequence of a step, the same for the same arguments.
     *
     * @param ids out, seqLen tokens from {@code offset}
     * @param targets out, for each of them the token that follows, or {@link #NOT_ASKED}
     * @param step counted from 0
     * @param row number of the sequence within the step, counted over its micro-batches
     */
    void fill(int[] ids, int[] targets, int offset, long step, int row, int seqLen);
}
