package org.neuralattention.kernels;

/**
 * Sizes of an attention call.
 *
 * <p>Queries and outputs are [batch, rows, nHeads, headDim]; keys and values [batch, rows, nKvHeads, headDim]; the log-sum-exp
 * [batch, nHeads, rows]; what is said once per key ({@code lastRow}, roles) [batch, nKvHeads, rows].
 * Query head h reads KV head h / (nHeads / nKvHeads).
 */
public record AttentionShape(int batch, int rows, int nHeads, int nKvHeads, int headDim) {

    public AttentionShape {
        if (batch < 1 || rows < 1 || nHeads < 1 || nKvHeads < 1) {
            throw new IllegalArgumentException("batch = " + batch + ", rows = " + rows + ", nHeads = " + nHeads
                    + ", nKvHeads = " + nKvHeads + ": all must be at least 1");
        }
        if (nHeads % nKvHeads != 0) {
            throw new IllegalArgumentException("nHeads = " + nHeads + " is not a multiple of nKvHeads = " + nKvHeads);
        }
        if (headDim < 2 || headDim % 2 != 0) {
            throw new IllegalArgumentException("headDim = " + headDim + ": must be positive and even");
        }
    }

    /** Query heads that share a KV head. */
    public int group() {
        return nHeads / nKvHeads;
    }

    /** Factor of the scores, 1 / sqrt(headDim). */
    public float scale() {
        return (float) (1 / Math.sqrt(headDim));
    }
}
