package org.neuralattention.generate;

/**
 * Hears what a {@link Generator} does, on the thread that generates. What it throws ends the call and reaches the caller; the session can be
 * used on. To end a call without an exception set a flag that {@link Request#withCancel} reads.
 */
@FunctionalInterface
public interface Listener {

    /** A token was chosen. */
    void token(Token token);

    /**
     * The text that was held back behind the last token, not empty, if the end was not foreseen: {@link Generation.Finish#FULL} or
     * {@link Generation.Finish#CANCELLED}. Told last.
     */
    default void rest(String text) {}

    /** Of the prompt's tokens {@code done} are taken in: told after each piece, the last too. */
    default void prompt(int done, int tokens) {}
}
