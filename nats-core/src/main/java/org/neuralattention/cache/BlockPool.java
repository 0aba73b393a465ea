package org.neuralattention.cache;

import java.util.Arrays;
import org.neuralattention.kernels.KvBlock;
import org.neuralattention.kernels.KvDtype;

/**
 * Blocks of {@link #LEAST} to {@link #MOST} keys and values, taken and given back by the queues of one cache.
 *
 * <p>Blocks that are given back are kept for reuse only while they are few: as much memory as three small blocks per head and 1/32 of what is
 * in use. Rings give and take all the time and so allocate nothing; memory that a segment of locals had is really free when it dies.
 */
final class BlockPool {

    /** Keys of the block a key enters: what a queue wastes at its tail is less than that. */
    static final int LEAST = KvBlock.LEAST;

    /**
     * Keys of the largest block. A step over 4096 keys in each of 30 KV heads (headDim 64, float32, 63 MB, one thread) takes 9.8 ms in blocks
     * of 8, 4.2 in 128, 4.0 in 256, 3.5 in 512 and 3.4 in one span: each block begins with reads that nothing foresees.
     */
    static final int MOST = 512;

    private static final int SIZES = Integer.numberOfTrailingZeros(MOST / LEAST) + 1;

    /** What the JVM needs for a block beside the rows: the object and an array header. */
    private static final int OVERHEAD = 40 + 16;

    /** A reference, at most. */
    static final int SLOT = 8;

    /** Room for keys and values, and where in the sequence each stands: {@code base + offset[slot]}. Slots before {@code end} are taken. */
    static final class Block {
        final KvBlock rows;
        private final int[] offset;
        private long base;
        private int end;
        private Block next;

        private Block(KvDtype dtype, int capacity, int headDim) {
            rows = KvBlock.of(dtype, capacity, headDim);
            offset = new int[capacity];
        }

        int capacity() {
            return offset.length;
        }

        int end() {
            return end;
        }

        long position(int slot) {
            return base + offset[slot];
        }

        /** Whether a key at this position, behind all others, finds room. */
        boolean takes(long position) {
            return end == 0 || end < offset.length && position - base <= Integer.MAX_VALUE;
        }

        void add(long position, float[] k, int kOffset, float[] v, int vOffset) {
            rows.put(end, k, kOffset, v, vOffset);
            base = end == 0 ? position : base;
            offset[end++] = (int) (position - base);
        }

        /** Adds all keys of a full block. */
        void add(Block other) {
            rows.copy(other.rows, end);
            base = end == 0 ? other.base : base;
            for (int offset : other.offset) {
                this.offset[end++] = (int) (other.base - base) + offset;
            }
        }
    }

    private final KvDtype dtype;
    private final int headDim;
    private final int heads;
    private final Block[] spare = new Block[SIZES]; // lists, by size
    private long spareBytes;
    private long usedBytes;
    private int blocks; // in use
    private int slots;

    BlockPool(KvDtype dtype, int headDim, int heads) {
        this.dtype = dtype;
        this.headDim = headDim;
        this.heads = heads;
    }

    /** An empty block; {@code capacity} is LEAST times a power of two. */
    Block take(int capacity) {
        int size = Integer.numberOfTrailingZeros(capacity / LEAST);
        Block block = spare[size];
        if (block == null) {
            block = new Block(dtype, capacity, headDim); // before anything is counted, for memory may be short
            assert poison(block, 0, capacity);
        } else {
            spare[size] = block.next;
            block.next = null;
            spareBytes -= bytes(capacity);
        }
        usedBytes += bytes(capacity);
        blocks++;
        return block;
    }

    void give(Block block) {
        assert poison(block, 0, block.capacity());
        long bytes = bytes(block.capacity());
        usedBytes -= bytes;
        blocks--;
        if (spareBytes + bytes <= mostSpare(usedBytes)) {
            int size = Integer.numberOfTrailingZeros(block.capacity() / LEAST);
            block.end = 0;
            block.next = spare[size];
            spare[size] = block;
            spareBytes += bytes;
        }
    }

    /** Lets the spare blocks go. */
    void trim() {
        Arrays.fill(spare, null);
        spareBytes = 0;
    }

    long mostSpare(long used) {
        return 3 * heads * bytes(LEAST) + used / 32;
    }

    /** A queue has room for {@code more} references to blocks. */
    void addSlots(int more) {
        slots += more;
    }

    /** Memory of all blocks, in use and spare, and of the queues' lists. */
    long bytes() {
        return blockBytes() + (long) slots * SLOT;
    }

    /** Memory of all blocks, in use and spare. */
    long blockBytes() {
        return usedBytes + spareBytes;
    }

    /**
     * The most {@link #bytes} can be while {@code more} small blocks are taken, and then joined to blocks of at most {@code joined} keys:
     * one of them at a time is taken beside its parts, and a list that grows has up to four slots per block.
     */
    long bytesAfter(long more, int joined) {
        long used = usedBytes + more * bytes(LEAST) + (joined < 2 * LEAST ? 0 : bytes(Math.min(joined, MOST)));
        return used + Math.max(spareBytes, mostSpare(used)) + (slots + 4 * (blocks + more)) * SLOT;
    }

    /** Memory of one block. */
    long bytes(int capacity) {
        return OVERHEAD + (long) capacity * Integer.BYTES + KvBlock.bytes(dtype, capacity, headDim);
    }

    /** With assertions on, as in every test, slots that hold no key hold NaN: whoever reads one shows it. */
    static boolean poison(Block block, int slot, int count) {
        block.rows.poison(slot, count);
        return true;
    }
}
