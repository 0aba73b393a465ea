package org.neuralattention.generate;

/** A model computed something that is no number: nothing can be chosen or measured by it. */
public final class NotFiniteException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private NotFiniteException(float value, long position) {
        super("the model's computation gave " + value + " at position " + position + ": its weights are damaged or not of this architecture");
    }

    /**
     * Checks what was computed from one token.
     *
     * @param values [count]; negative infinity is a number here: a probability of 0
     * @param position of the token
     * @throws NotFiniteException if one is NaN or positive infinity
     */
    static void check(float[] values, int count, long position) {
        for (int i = 0; i < count; i++) {
            if (!(values[i] < Float.POSITIVE_INFINITY)) {
                throw new NotFiniteException(values[i], position);
            }
        }
    }

    /** The same for values of tokens one behind the other, where infinity is a number too: the loss of what has a probability of 0. */
    static void checkLosses(float[] losses, int offset, int count, long position) {
        for (int i = 0; i < count; i++) {
            if (Float.isNaN(losses[offset + i])) {
                throw new NotFiniteException(losses[offset + i], position + i);
            }
        }
    }
}
