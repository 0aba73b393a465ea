package org.neuralattention.cache;

import java.util.Arrays;
import org.neuralattention.cache.BlockPool.Block;
import org.neuralattention.kernels.KeySpans;

/**
 * Keys and values in the order of their positions: they enter at the tail and leave at the head, block by block back to the pool.
 *
 * <p>A key enters a small block; two full neighbours of one size join, like the digits of a binary counter. So few keys' room is empty, and
 * attention finds long runs. Keys that expire leave a block empty from its head on: there blocks grow to an eighth of the queue only.
 */
final class KeyQueue {

    /** {@code life} of keys that do not expire. */
    static final int OPEN = Integer.MAX_VALUE;

    private final BlockPool pool;
    private final int headDim;
    private final int life;
    /** Blocks [first, end) are in use; the slots before {@code head} in the first are empty. */
    private Block[] blocks = new Block[4];
    private int first;
    private int end;
    private int head;
    private int size;

    /** @param life rows after its own that see a key */
    KeyQueue(BlockPool pool, int headDim, int life) {
        this.pool = pool;
        this.headDim = headDim;
        this.life = life;
        pool.addSlots(blocks.length);
    }

    int size() {
        return size;
    }

    int blocks() {
        return end - first;
    }

    /** Adds a key and its value, [headDim] each; {@code position} is greater than all before it. */
    void add(long position, float[] k, int kOffset, float[] v, int vOffset) {
        if (end == first || !blocks[end - 1].takes(position)) {
            join();
            makeRoom();
            blocks[end] = pool.take(BlockPool.LEAST);
            end++; // after what can fail
        }
        blocks[end - 1].add(position, k, kOffset, v, vOffset);
        size++;
    }

    /** Joins the last two blocks, and again, while they are full and alike. */
    private void join() {
        int most = life == OPEN ? BlockPool.MOST : Math.min(BlockPool.MOST, size / 8);
        while (end - first >= 2) {
            Block a = blocks[end - 2];
            Block b = blocks[end - 1];
            int capacity = 2 * a.capacity();
            if (capacity > most || b.capacity() != a.capacity() || a.end() < a.capacity() || b.end() < b.capacity()
                    || end - 2 == first && head > 0 || b.position(b.end() - 1) - a.position(0) > Integer.MAX_VALUE) {
                return;
            }
            Block joined = pool.take(capacity);
            joined.add(a);
            joined.add(b);
            blocks[end - 2] = joined;
            blocks[--end] = null;
            pool.give(a);
            pool.give(b);
        }
    }

    /** Makes room for one more block. */
    private void makeRoom() {
        if (end == blocks.length) {
            Block[] to = 2 * first >= end ? blocks : new Block[2 * end];
            System.arraycopy(blocks, first, to, 0, end - first);
            Arrays.fill(to, end - first, end, null);
            pool.addSlots(to.length - blocks.length);
            blocks = to;
            end -= first;
            first = 0;
        }
    }

    /** Removes the keys that no row from {@code row} on sees. */
    void dropBefore(long row) {
        while (life != OPEN && size > 0 && blocks[first].position(head) + life < row) {
            assert BlockPool.poison(blocks[first], head, 1);
            head++;
            size--;
            if (head == blocks[first].end()) {
                give();
            }
        }
    }

    void clear() {
        while (first < end) {
            give();
        }
        size = 0;
    }

    private void give() {
        pool.give(blocks[first]);
        blocks[first++] = null;
        head = 0;
    }

    /** Adds the keys as spans, a block each. */
    void addTo(KeySpans spans) {
        int from = head;
        for (int i = first; i < end; i++) {
            spans.add(blocks[i].rows, from, blocks[i].end() - from);
            from = 0;
        }
    }

    /** Copies keys and values to rows [key] from {@code key} on, with the last of the rows from {@code row} on that sees each. */
    int copyTo(float[] k, float[] v, int[] lastRow, int key, long row, int lastRowLimit) {
        int from = head;
        for (int i = first; i < end; i++) {
            Block block = blocks[i];
            block.rows.get(k, key * headDim, v, key * headDim, from, block.end() - from);
            for (int slot = from; slot < block.end(); slot++) {
                lastRow[key++] = lastRow(block.position(slot), row, lastRowLimit);
            }
            from = 0;
        }
        return key;
    }

    /** Pairs (row, key) in which one of the rows from {@code row} on, up to {@code lastRowLimit} after it, sees a key. */
    long visiblePairs(long row, int lastRowLimit) {
        if (life == OPEN) {
            return size * (lastRowLimit + 1L);
        }
        long pairs = 0;
        int from = head;
        for (int i = first; i < end; i++) {
            for (int slot = from; slot < blocks[i].end(); slot++) {
                pairs += lastRow(blocks[i].position(slot), row, lastRowLimit) + 1L;
            }
            from = 0;
        }
        return pairs;
    }

    private int lastRow(long position, long row, int limit) {
        return life == OPEN ? limit : (int) Math.min(position - row + life, limit);
    }

    /** Writes the positions of all keys from {@code at} on; returns where they end. */
    int positions(long[] positions, int at) {
        int from = head;
        for (int i = first; i < end; i++) {
            for (int slot = from; slot < blocks[i].end(); slot++) {
                positions[at++] = blocks[i].position(slot);
            }
            from = 0;
        }
        return at;
    }
}
