package org.neuralattention.train;

import java.util.Arrays;
import java.util.List;
import org.neuralattention.model.Activations;
import org.neuralattention.model.Transformer;
import org.neuralattention.roles.RoleChoice;

/**
 * Loss on a held-out text, cut into consecutive blocks that do not see each other. Memory for a pass is taken once.
 */
public final class Evaluation {

    /**
     * What a run found.
     *
     * @param nll mean negative log-likelihood of a token, in nats
     * @param tokens tokens predicted
     * @param share KV share: visible pairs / causal pairs, over blocks, layers and KV heads
     * @param roles how often each role was taken, as a share of all tokens in all layers and KV heads; without roles all are global
     */
    public record Result(double nll, long tokens, double share, List<Double> roles) {

        public Result {
            roles = List.copyOf(roles);
        }

        public double perplexity() {
            return Math.exp(nll);
        }

        /** Bits for a token; for a model of bytes, bits per byte. */
        public double bits() {
            return nll / Math.log(2);
        }
    }

    private final Transformer transformer;
    private final int[] tokens;
    private final int seqLen;
    private final int batch;
    private final int blocks;
    private final Activations whole;
    private final Activations rest; // for the blocks left over, or null
    private final int[] targets;

    /**
     * @param tokens the text; of its end, what does not fill a block and the token after it is left out
     * @param seqLen tokens in a block
     * @param batch blocks in a pass
     * @param maxBlocks blocks at most; the first ones of the text
     */
    public Evaluation(Transformer transformer, int[] tokens, int seqLen, int batch, int maxBlocks) {
        if (seqLen < 1 || batch < 1 || maxBlocks < 1) {
            throw new IllegalArgumentException("seqLen = " + seqLen + ", batch = " + batch + ", maxBlocks = " + maxBlocks + ": all must be at least 1");
        }
        if (tokens.length <= seqLen) {
            throw new IllegalArgumentException("a text of " + tokens.length + " tokens is too short for a block of " + seqLen + " and the token after");
        }
        this.transformer = transformer;
        this.tokens = tokens;
        this.seqLen = seqLen;
        this.blocks = Math.min(maxBlocks, (tokens.length - 1) / seqLen);
        this.batch = Math.min(batch, blocks);
        this.whole = activations(this.batch);
        this.rest = blocks % this.batch == 0 ? null : activations(blocks % this.batch);
        this.targets = new int[this.batch * seqLen];
    }

    private Activations activations(int batch) {
        return new Activations(transformer.config(), batch, seqLen, Activations.Keep.NOTHING);
    }

    /** Runs over all blocks with roles chosen by {@code choice}. */
    public Result run(RoleChoice choice) {
        double nll = 0;
        double share = 0;
        long[] roles = new long[Math.max(1, transformer.config().nRoles())];
        for (int block = 0; block < blocks; block += batch) {
            int n = Math.min(batch, blocks - block);
            Activations s = n == batch ? whole : rest;
            int from = block * seqLen;
            System.arraycopy(tokens, from + 1, targets, 0, n * seqLen);
            nll += transformer.forward(s, tokens, from, targets, 0, choice) * n;
            share += s.share() * n;
            for (long[] ofLayer : s.roleCounts()) {
                Arrays.setAll(roles, role -> roles[role] + ofLayer[role]);
            }
        }
        double all = Arrays.stream(roles).sum();
        return new Result(nll / blocks, (long) blocks * seqLen, share / blocks, Arrays.stream(roles).mapToObj(count -> count / all).toList());
    }
}
