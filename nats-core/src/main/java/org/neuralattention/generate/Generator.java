package org.neuralattention.generate;

import java.util.Arrays;
import java.util.Objects;

/** Continues a prompt, token by token. */
public final class Generator {

    /** Most elements an array can have on every JVM. */
    private static final int LONGEST = Integer.MAX_VALUE - 8;

    /** Hears each new token; returns whether to go on. */
    @FunctionalInterface
    public interface Listener {
        boolean token(int id);
    }

    private Generator() {}

    /**
     * Takes in {@code prompt} and then up to {@code maxTokens} tokens of its own choice. The last token is chosen but not taken in.
     *
     * <p>The sampler's repetition penalty applies to this prompt and the new tokens, not to what the session took in before.
     *
     * @param prompt at least one token, unless the session has taken in some already
     * @param maxTokens any number: memory grows with the tokens made
     * @param listener called with each new token; may be null
     * @return the new tokens
     * @throws IllegalArgumentException if there is nothing to continue or {@code maxTokens} is negative, and as {@link Session#prefill};
     *     nothing has changed
     */
    public static int[] generate(Session session, Sampler sampler, int[] prompt, int maxTokens, Listener listener) {
        Objects.requireNonNull(sampler, "sampler");
        if (prompt.length == 0 && session.cache().tokens() == 0) {
            throw new IllegalArgumentException("the prompt is empty and the session has no tokens: nothing to continue");
        }
        if (maxTokens < 0) {
            throw new IllegalArgumentException("maxTokens = " + maxTokens + ": must not be negative");
        }
        session.prefill(prompt, 0, prompt.length);
        int[] history = prompt.clone();
        int length = prompt.length;
        for (int made = 0; made < maxTokens; made++) {
            if (made > 0) {
                session.decode(history[length - 1]);
            }
            if (length == history.length) {
                history = Arrays.copyOf(history, (int) Math.clamp(2L * length, 64, LONGEST));
            }
            int id = sampler.sample(session.logits(), 0, session.logits().length, history, 0, length, session.position());
            history[length++] = id;
            if (listener != null && !listener.token(id)) {
                break;
            }
        }
        return Arrays.copyOfRange(history, prompt.length, length);
    }
}
