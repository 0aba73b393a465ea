package org.neuralattention.generate;

import java.util.function.Consumer;

/**
 * Perplexity of a text, through the session's own cache: with the roles, the windows and the rounding that generation has.
 * <pre>
 *   perplexity = exp(nll),   nll = 1/n * sum over the predicted tokens of -ln p(token | those of its block before it)
 * </pre>
 * The text is cut into consecutive blocks of {@code context} tokens that do not see each other. Each token of a block predicts the one that
 * follows it, the last one the first of the next block; of the text's end, what does not fill a block and the token behind it is left out.
 */
public final class Perplexity {

    /**
     * What was found in the blocks until now.
     *
     * @param tokens tokens predicted
     * @param nll mean negative log-likelihood of a token, in nats
     * @param kvShare KV share of the blocks: visible pairs / causal pairs
     * @param kvPeakBytes most memory the cache took
     */
    public record Result(long tokens, double nll, double kvShare, long kvPeakBytes) {

        public static final Result NONE = new Result(0, 0, 0, 0);

        public double perplexity() {
            return Math.exp(nll);
        }

        /** Of both together. */
        public Result and(Result other) {
            long all = tokens + other.tokens;
            return all == 0 ? NONE : new Result(all, (nll * tokens + other.nll * other.tokens) / all,
                    (kvShare * tokens + other.kvShare * other.tokens) / all, Math.max(kvPeakBytes, other.kvPeakBytes));
        }
    }

    private Perplexity() {}

    /** Blocks of {@code context} tokens in a text of so many ids. */
    public static int blocks(int ids, int context, int maxBlocks) {
        return Math.min(maxBlocks, Math.max(0, ids - 1) / context);
    }

    /**
     * The perplexity of a text.
     *
     * @param session one that has taken in nothing; its cache is cleared behind every block
     * @param ids of the text, the id that begins a sequence included
     * @param maxBlocks most blocks, from the beginning of the text
     * @param listener hears the result of all blocks until now, after each
     * @throws IllegalArgumentException if the session has taken in tokens or the text does not fill a block, and as {@link Session#prefill}
     */
    public static Result of(Session session, int[] ids, int context, int maxBlocks, Consumer<Result> listener) {
        if (context < 1 || maxBlocks < 1) {
            throw new IllegalArgumentException("context = " + context + ", maxBlocks = " + maxBlocks + ": both must be at least 1");
        }
        if (session.cache().tokens() > 0) {
            throw new IllegalArgumentException("the session has taken in " + session.cache().tokens() + " tokens: must be new");
        }
        int blocks = blocks(ids.length, context, maxBlocks);
        if (blocks == 0) {
            throw new IllegalArgumentException("a text of " + ids.length + " tokens is too short for a block of " + context + " and the token after");
        }
        float[] losses = new float[context];
        Result all = Result.NONE;
        for (int block = 0; block < blocks; block++) {
            int from = block * context;
            double sum = session.score(losses, 0, ids, from, ids, from + 1, context);
            var kv = session.cache().stats();
            all = all.and(new Result(context, sum / context, kv.kvShare(), kv.peakBytes()));
            session.cache().clear();
            listener.accept(all);
        }
        return all;
    }
}
