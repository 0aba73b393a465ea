package org.neuralattention.cache;

import java.util.Arrays;

/**
 * Blocks of {@link #KEYS} keys and values, taken and given back by the queues of one cache.
 *
 * <p>A block that is given back is kept for reuse only while few are spare: two per head and one per 16 in use. Rings give and take all
 * the time and so allocate nothing; memory that a segment of locals had is really free when it dies.
 */
final class BlockPool {

    /**
     * Keys per block. Each queue wastes half a block at its tail, a ring as much at its head; the kernel pays per span. At 16384 tokens, 8 %
     * of them global, 8 keys hold 1.06 x the live bytes and 16 keys more; a step over 16384 keys takes 30 ns per key (headDim 64, 3 query
     * heads) with 8 keys, 24 with 16, 23 in one span.
     */
    static final int KEYS = 8;

    /** What the JVM needs for a block beside its numbers: two array headers and the object. */
    private static final int OVERHEAD = 16 + 16 + 24;

    /** A reference, at most. */
    private static final int SLOT = 8;

    /** Rows [KEYS, headDim] of keys, then as many of values; and where in the sequence each stands. */
    static final class Block {
        final float[] rows;
        final long[] positions = new long[KEYS];
        private Block next;

        private Block(int headDim) {
            rows = new float[2 * KEYS * headDim];
        }
    }

    private final int headDim;
    private final int heads;
    private Block spare;
    private int spares;
    private int inUse;
    private int slots;

    BlockPool(int headDim, int heads) {
        this.headDim = headDim;
        this.heads = heads;
    }

    Block take() {
        if (spare == null) {
            Block block = new Block(headDim);
            inUse++; // only now, for memory may have been short
            assert poison(block.rows, 0, block.rows.length);
            return block;
        }
        inUse++;
        Block block = spare;
        spare = block.next;
        block.next = null;
        spares--;
        return block;
    }

    void give(Block block) {
        assert poison(block.rows, 0, block.rows.length);
        inUse--;
        block.next = spare;
        spare = block;
        spares++;
        while (spares > 2 * heads + inUse / 16) {
            spare = spare.next;
            spares--;
        }
    }

    /** Lets the spare blocks go. */
    void trim() {
        spare = null;
        spares = 0;
    }

    /** Blocks in use and spare. */
    int total() {
        return inUse + spares;
    }

    /** A queue has room for {@code more} references to blocks. */
    void addSlots(int more) {
        slots += more;
    }

    /** Memory of all blocks, in use and spare, and of the queues' lists. */
    long bytes() {
        return bytes(total(), slots);
    }

    /** The most {@link #bytes} can be after taking {@code more} blocks: a list that grows has up to four slots per block. */
    long bytesAfter(long more) {
        return Math.max(bytes(), bytes(inUse + more, slots + 4 * (inUse + more)));
    }

    private long bytes(long blocks, long slots) {
        return blocks * (OVERHEAD + KEYS * (2L * headDim * Float.BYTES + Long.BYTES)) + slots * SLOT;
    }

    /** With assertions on, as in every test, rows that hold no key hold NaN: whoever reads one shows it. */
    static boolean poison(float[] rows, int from, int to) {
        Arrays.fill(rows, from, to, Float.NaN);
        return true;
    }
}
