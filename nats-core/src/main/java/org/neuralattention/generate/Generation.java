package org.neuralattention.generate;

import java.util.List;

/**
 * What a call of {@link Generator#generate} made.
 *
 * @param text of the tokens: without the end token, and cut before a stop string; what was held back because it may be the beginning of a stop
 *     or of a character is in it, whatever the end. Without a tokenizer, empty
 * @param tokens all that were chosen, an end token too; all of them now belong to the session's sequence
 * @param finish why there are no more
 * @param promptTokens tokens of the prompt that were taken in: all, unless it was cancelled
 * @param promptSeconds until the first token was chosen, or there was none to choose
 * @param tokenSeconds from the first token to the end
 */
public record Generation(String text, List<Token> tokens, Finish finish, int promptTokens, double promptSeconds, double tokenSeconds) {

    /** Why a generation ended. */
    public enum Finish {
        /** An end token was chosen. */
        END,
        /** A stop string is complete. */
        STOP,
        /** The number of tokens asked for. */
        LENGTH,
        /** No room for another token: the cache's budget is used up, or the model's learned positions. */
        FULL,
        /** {@link Request#withCancel} said so. */
        CANCELLED
    }

    public Generation {
        tokens = List.copyOf(tokens);
    }

    /** The ids of the tokens. */
    public int[] ids() {
        return tokens.stream().mapToInt(Token::id).toArray();
    }

    /** Speed at which the prompt was taken in; NaN if nothing was. */
    public double promptTokensPerSecond() {
        return promptTokens == 0 ? Double.NaN : promptTokens / promptSeconds;
    }

    /** Speed of the tokens behind the first; NaN if there is none. */
    public double tokensPerSecond() {
        return tokens.size() < 2 ? Double.NaN : (tokens.size() - 1) / tokenSeconds;
    }
}
