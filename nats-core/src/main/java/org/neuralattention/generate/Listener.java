package org.neuralattention.generate;

/**
 * Hears what a {@link Generator} does, on the thread that generates. What it throws ends the call and reaches the caller; the session can be
 * used on. To end a call without an exception set a flag that {@link Request#withCancel} reads.
 */
@FunctionalInterface
public interface Listener {

    /** A token was chosen. */
    void token(Token token);

    /** Of the prompt's tokens {@code done} are taken in: told after each piece, the last too. */
    default void prompt(int done, int tokens) {}
}
