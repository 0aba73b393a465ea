package org.neuralattention.cache;

import org.neuralattention.kernels.KvDtype;
import org.neuralattention.roles.Role;

/**
 * How many bytes a cache can hold at most, from its shape alone. Most keys are in blocks of {@link BlockPool#MOST}; beside them each queue may
 * have a block of every size, an empty one at its tail, and, where keys expire, one at its head that holds a single key.
 */
final class CacheBound {

    /** A span in the list that attention reads: a reference and two ints. */
    private static final int SPAN = 8 + 2 * Integer.BYTES;

    private final CacheShape shape;
    private final BlockPool pool;
    private final PieceKeys past;
    /** Of a small block, what is not its rows. */
    private final long overhead;

    CacheBound(CacheShape shape, KvDtype dtype) {
        this.shape = shape;
        this.pool = new BlockPool(dtype, shape.headDim(), shape.heads());
        this.past = new PieceKeys(shape.headDim());
        long rows = pool.bytes(2 * BlockPool.LEAST) - pool.bytes(BlockPool.LEAST);
        this.overhead = pool.bytes(BlockPool.LEAST) - rows;
    }

    /** Behind so many tokens: blocks in use and spare, lists, and the copy for a prefill piece. */
    long bytes(long tokens) {
        long keys = shape.attentionWindow() == 0 ? tokens : Math.min(tokens, shape.attentionWindow());
        long used = Math.multiplyExact(shape.heads(), head(keys)) + pool.bytes(BlockPool.MOST); // one that is being joined, beside its parts
        long copied = Math.multiplyExact(shape.nKvHeads(), keys);
        return used + pool.mostSpare(used) + past.bytes(copied + copied / 2); // its room grows by halves
    }

    private long head(long keys) {
        long bytes = pool.bytes(BlockPool.MOST) * (keys / BlockPool.MOST);
        for (int capacity = BlockPool.LEAST; capacity < BlockPool.MOST; capacity *= 2) {
            bytes += (keys % BlockPool.MOST & capacity) == 0 ? 0 : pool.bytes(capacity);
        }
        int[] life = HeadCache.life(shape.windowArray(), shape.attentionWindow());
        for (int role = Role.GLOBAL; role < life.length; role++) {
            bytes += queue(Math.min(keys, life[role]), life[role]);
        }
        return bytes;
    }

    /** What a queue may take beside full blocks, its list and its spans included. */
    private long queue(long keys, int life) {
        int sizes = 8 * Integer.BYTES - Integer.numberOfLeadingZeros(BlockPool.MOST / BlockPool.LEAST);
        long blocks = keys / BlockPool.MOST + sizes + 1;
        long bytes = pool.bytes(BlockPool.LEAST) + sizes * overhead;
        if (life != KeyQueue.OPEN) {
            int largest = Math.clamp(Long.highestOneBit(Math.max(1, keys / 8)), BlockPool.LEAST, BlockPool.MOST);
            blocks = keys / largest + 8L * sizes; // those that came while the queue was short are small
            bytes += pool.bytes(largest) + blocks * overhead;
        }
        return bytes + blocks * (4 * BlockPool.SLOT + 2 * SPAN);
    }
}
