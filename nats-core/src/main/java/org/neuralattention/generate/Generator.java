package org.neuralattention.generate;

import java.util.Arrays;

/** Continues a prompt, token by token. */
public final class Generator {

    /** Hears each new token; returns whether to go on. */
    @FunctionalInterface
    public interface Listener {
        boolean token(int id);
    }

    private Generator() {}

    /**
     * Takes in {@code prompt} and then up to {@code maxTokens} tokens of its own choice. The last token is chosen but not taken in.
     *
     * @param prompt at least one token, unless the session has taken in some already
     * @param listener called with each new token; may be null
     * @return the new tokens
     */
    public static int[] generate(Session session, Sampler sampler, int[] prompt, int maxTokens, Listener listener) {
        if (prompt.length == 0 && session.position() == 0) {
            throw new IllegalArgumentException("the prompt is empty and the session has no tokens: nothing to continue");
        }
        if (maxTokens < 0) {
            throw new IllegalArgumentException("maxTokens = " + maxTokens + ": must not be negative");
        }
        session.prefill(prompt, 0, prompt.length);
        int[] history = Arrays.copyOf(prompt, prompt.length + maxTokens);
        int length = prompt.length;
        while (length < history.length) {
            int id = sampler.sample(session.logits(), 0, session.logits().length, history, 0, length, session.position());
            history[length++] = id;
            if (listener != null && !listener.token(id)) {
                break;
            }
            if (length < history.length) {
                session.decode(id);
            }
        }
        return Arrays.copyOfRange(history, prompt.length, length);
    }
}
