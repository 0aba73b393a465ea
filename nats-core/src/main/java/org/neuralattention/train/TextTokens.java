package org.neuralattention.train;

import org.neuralattention.kernels.CounterRandom;

/**
 * A text cut into windows at random places. The place of a window depends on (seed, step, row) only.
 *
 * @param tokens the text; not copied
 * @param seed of the places
 */
public record TextTokens(int[] tokens, long seed) implements TokenSource {

    /** Draws of the data lie in a layer no model has, so that they are never those of a role's noise. */
    private static final int DATA = -1;

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if the text is not longer than the window
     */
    @Override
    public void fill(int[] ids, int[] targets, int offset, long step, int row, int seqLen) {
        if (tokens.length <= seqLen) {
            throw new IllegalArgumentException("a text of " + tokens.length + " tokens is too short for windows of " + seqLen + " and the token after");
        }
        long bits = CounterRandom.bits(seed, step, DATA, 0, row, 0);
        int start = (int) Math.unsignedMultiplyHigh(bits, tokens.length - seqLen);
        System.arraycopy(tokens, start, ids, offset, seqLen);
        System.arraycopy(tokens, start + 1, targets, offset, seqLen);
    }
}
