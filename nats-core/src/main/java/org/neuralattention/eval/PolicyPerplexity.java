package org.neuralattention.eval;

import java.util.BitSet;
import java.util.function.Consumer;
import org.neuralattention.generate.Perplexity;
import org.neuralattention.model.Transformer;

/**
 * How unlikely a text is to a model under a policy, by position: the text is cut into blocks as {@link Perplexity} cuts it, and the loss at place n
 * is that of the token predicted from n + 1 tokens. Different contexts are different runs.
 */
public final class PolicyPerplexity {

    /**
     * What was found in the blocks until now.
     *
     * @param blocks blocks run
     * @param losses [context] sums over the blocks, in nats
     * @param use what was held
     */
    public record Result(long blocks, double[] losses, KvUse use) {

        /** Mean over all positions, in nats. */
        public double nll() {
            return nll(0, losses.length);
        }

        /** Mean over the places from {@code from} to before {@code to}. */
        public double nll(int from, int to) {
            double sum = 0;
            for (int n = from; n < to; n++) {
                sum += losses[n];
            }
            return sum / blocks / (to - from);
        }

        public double perplexity() {
            return Math.exp(nll());
        }
    }

    private PolicyPerplexity() {}

    /**
     * Runs a text's blocks; each is a sequence of its own, numbered from 0, all of it decoding.
     *
     * @param maxBlocks most blocks, from the beginning of the text
     * @param listener hears the result of all blocks until now, after each; its arrays change
     * @throws IllegalArgumentException if the text does not fill a block
     */
    public static Result of(Transformer model, Policy policy, int[] ids, int context, int maxBlocks, Consumer<Result> listener) {
        if (context < 1 || maxBlocks < 1) {
            throw new IllegalArgumentException("context = " + context + ", maxBlocks = " + maxBlocks + ": both must be at least 1");
        }
        int blocks = Perplexity.blocks(ids.length, context, maxBlocks);
        if (blocks == 0) {
            throw new IllegalArgumentException("a text of " + ids.length + " tokens is too short for a block of " + context + " and the token after");
        }
        PolicyDecoder decoder = new PolicyDecoder(model);
        float[] losses = new float[context];
        double[] sums = new double[context];
        Result result = new Result(0, sums, KvUse.none(model.config()));
        for (int block = 0; block < blocks; block++) {
            decoder.begin(policy, new Sequence(block, context, 0, new BitSet()));
            decoder.score(losses, 0, ids, block * context, ids, block * context + 1, context);
            for (int n = 0; n < context; n++) {
                sums[n] += losses[n];
            }
            result = new Result(block + 1, sums, result.use().and(decoder.use()));
            listener.accept(result);
        }
        return result;
    }
}
