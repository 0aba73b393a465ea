package org.neuralattention.cache;

import org.neuralattention.kernels.KeySpans;

/**
 * A cache's byte budget: a step is refused if, whatever roles its tokens take, the parts of the cache could together take more while it is done.
 */
final class StepBudget {

    private final long budget;
    private final int nRoles;
    private final BlockPool pool;
    private final LayerHeads heads;
    private final KeySpans[] spans;
    private final PieceKeys past;

    /** @param budget most bytes; Long.MAX_VALUE for no limit */
    StepBudget(long budget, int nRoles, BlockPool pool, LayerHeads heads, KeySpans[] spans, PieceKeys past) {
        if (budget < 1) {
            throw new IllegalArgumentException("budget = " + budget + ": must be at least 1 byte");
        }
        this.budget = budget;
        this.nRoles = nRoles;
        this.pool = pool;
        this.heads = heads;
        this.spans = spans;
        this.past = past;
    }

    /** @throws KvBudgetExceededException if a step of {@code rows} tokens could take more */
    void check(int rows) {
        if (budget != Long.MAX_VALUE) {
            long needed = blockBytes(rows) + spanBytes(rows) + pastBytes(rows);
            if (needed > budget) {
                throw new KvBudgetExceededException(rows, needed, budget);
            }
        }
    }

    /** Each queue of a head may open a block that stays nearly empty. */
    private long blockBytes(int rows) {
        long blocks = Math.min(rows, (rows + nRoles * (BlockPool.LEAST - 1L)) / BlockPool.LEAST);
        int longest = Math.addExact(heads.longest(), rows);
        return pool.bytesAfter(blocks * heads.count(), Integer.highestOneBit(longest));
    }

    /** The list of a KV head serves all layers, so it grows to the one with most blocks, and the token's own key. */
    long spanBytes(int rows) {
        long bytes = 0;
        for (int g = 0; g < spans.length; g++) {
            bytes += rows > 1 ? spans[g].bytes() : spans[g].bytes(heads.mostBlocks(g) + 1);
        }
        return bytes;
    }

    /** A single token needs no copy of the keys held. */
    private long pastBytes(int rows) {
        return rows > 1 ? past.bytes(past.room(heads.mostKeys())) : past.bytes();
    }
}
