package org.neuralattention.eval;

import java.util.BitSet;

/**
 * What a policy may know of a sequence before it begins.
 *
 * @param index its number in a data set: random policies draw differently for each
 * @param length tokens it will have in the end
 * @param promptLength tokens of the prompt, from the beginning: what lies behind is decoding
 * @param needed positions that a later answer needs, for an oracle; empty where nobody knows
 */
public record Sequence(long index, int length, int promptLength, BitSet needed) {

    public Sequence {
        if (length < 1 || promptLength < 0 || promptLength > length) {
            throw new IllegalArgumentException("length = " + length + ", promptLength = " + promptLength
                    + ": length must be at least 1, promptLength in [0, length]");
        }
        needed = (BitSet) needed.clone();
        if (needed.length() > length) {
            throw new IllegalArgumentException("position " + (needed.length() - 1) + " is needed, but the sequence has only " + length + " tokens");
        }
    }

    /** Of a text of which nothing is known: all of it is decoding. */
    public static Sequence of(int length) {
        return new Sequence(0, length, 0, new BitSet());
    }
}
