package org.neuralattention.chat;

import java.util.stream.IntStream;
import org.neuralattention.tokenize.Tokenizer;

/**
 * A conversation as the text that a model reads, and which parts of it somebody wrote in a message.
 *
 * @param text all of it, with the token that begins a sequence if the template writes it: put no other before
 * @param literal positions in the text, [from, to) after [from, to): contents, in which special tokens are only text
 */
public record Prompt(String text, int[] literal) {

    /** The ids of the text; what is written in a message becomes no special token. */
    public int[] encode(Tokenizer tokenizer) {
        return tokenizer.encode(text, literal);
    }

    /** What is behind the first {@code begin} characters. */
    Prompt from(int begin) {
        int[] rest = IntStream.of(literal).map(at -> Math.max(0, at - begin)).toArray();
        return new Prompt(text.substring(begin), rest);
    }
}
