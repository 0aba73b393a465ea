package org.neuralattention.generate;

import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/**
 * What is asked of a {@link Generator}. Immutable; begin with {@link #of} and change what should be different.
 *
 * @param maxTokens most tokens to choose; 0 only takes the prompt in
 * @param sampling how they are chosen
 * @param stops texts that end the generation where the first of them is complete; the result's text ends before it
 * @param ignoreEnd whether to go on behind a token that ends a text
 * @param logprobs {@link #NO_LOGPROBS}, or how many of the likeliest tokens are told with their logprobs beside that of the chosen one
 * @param cancel asked before the prompt, between its pieces and before each token, on the thread that generates; true ends the call
 */
public record Request(int maxTokens, Sampling sampling, List<String> stops, boolean ignoreEnd, int logprobs, BooleanSupplier cancel) {

    /** No logprobs at all: they cost an exponential for each entry of the vocabulary. */
    public static final int NO_LOGPROBS = -1;

    public Request {
        if (maxTokens < 0) {
            throw new IllegalArgumentException("maxTokens = " + maxTokens + ": must not be negative");
        }
        if (logprobs < NO_LOGPROBS) {
            throw new IllegalArgumentException("logprobs = " + logprobs + ": must be " + NO_LOGPROBS + " (none) or the number of likeliest tokens to tell");
        }
        Objects.requireNonNull(sampling, "sampling");
        Objects.requireNonNull(cancel, "cancel");
        stops = List.copyOf(stops);
        if (stops.contains("")) {
            throw new IllegalArgumentException("stops: none may be empty");
        }
    }

    /** So many tokens, always the likeliest, up to the model's own end. */
    public static Request of(int maxTokens) {
        return new Request(maxTokens, Sampling.GREEDY, List.of(), false, NO_LOGPROBS, () -> false);
    }

    public Request with(Sampling sampling) {
        return new Request(maxTokens, sampling, stops, ignoreEnd, logprobs, cancel);
    }

    public Request withStops(String... stops) {
        return withStops(List.of(stops));
    }

    public Request withStops(List<String> stops) {
        return new Request(maxTokens, sampling, stops, ignoreEnd, logprobs, cancel);
    }

    public Request ignoringEnd() {
        return new Request(maxTokens, sampling, stops, true, logprobs, cancel);
    }

    /** The logprob of each chosen token, and those of the {@code best} likeliest tokens at its place. */
    public Request withLogprobs(int best) {
        return new Request(maxTokens, sampling, stops, ignoreEnd, best, cancel);
    }

    /** For example {@code flag::get} of an AtomicBoolean that another thread or the listener sets, or a deadline. */
    public Request withCancel(BooleanSupplier cancel) {
        return new Request(maxTokens, sampling, stops, ignoreEnd, logprobs, cancel);
    }
}
