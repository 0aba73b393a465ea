package org.neuralattention.cache;

import java.util.Arrays;
import org.neuralattention.cache.BlockPool.Block;
import org.neuralattention.kernels.KeySpans;

/** Keys and values in the order of their positions: they enter at the tail and leave at the head, block by block back to the pool. */
final class KeyQueue {

    /** {@code life} of keys that do not expire. */
    static final int OPEN = Integer.MAX_VALUE;

    private static final int KEYS = BlockPool.KEYS;

    private final BlockPool pool;
    private final int headDim;
    /** Blocks [first, end) are in use; the slots before {@code head} in the first and behind the last key in the last are empty. */
    private Block[] blocks = new Block[4];
    private int first;
    private int end;
    private int head;
    private int size;

    KeyQueue(BlockPool pool, int headDim) {
        this.pool = pool;
        this.headDim = headDim;
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
        int slot = (head + size) % KEYS;
        if (slot == 0) {
            makeRoom();
            blocks[end] = pool.take();
            end++; // after what can fail
        }
        Block block = blocks[end - 1];
        block.positions[slot] = position;
        System.arraycopy(k, kOffset, block.rows, slot * headDim, headDim);
        System.arraycopy(v, vOffset, block.rows, (KEYS + slot) * headDim, headDim);
        size++;
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

    /** Removes the keys before {@code position}. */
    void dropBefore(long position) {
        while (size > 0 && blocks[first].positions[head] < position) {
            assert poisonHead();
            head++;
            size--;
            if (head == KEYS || size == 0) {
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

    private boolean poisonHead() {
        float[] rows = blocks[first].rows;
        return BlockPool.poison(rows, head * headDim, (head + 1) * headDim)
                && BlockPool.poison(rows, (KEYS + head) * headDim, (KEYS + head + 1) * headDim);
    }

    /** Adds the keys as spans, a block each. */
    void addTo(KeySpans spans) {
        int from = head;
        for (int i = first, left = size; i < end; i++) {
            int count = Math.min(KEYS - from, left);
            spans.add(blocks[i].rows, from * headDim, blocks[i].rows, (KEYS + from) * headDim, count);
            left -= count;
            from = 0;
        }
    }

    /** Copies keys and values to rows [key] from {@code key} on, with the last of the rows from {@code row} on that sees each. */
    int copyTo(float[] k, float[] v, int[] lastRow, int key, long row, int life, int lastRowLimit) {
        int from = head;
        for (int i = first, left = size; i < end; i++) {
            int count = Math.min(KEYS - from, left);
            System.arraycopy(blocks[i].rows, from * headDim, k, key * headDim, count * headDim);
            System.arraycopy(blocks[i].rows, (KEYS + from) * headDim, v, key * headDim, count * headDim);
            for (int j = 0; j < count; j++) {
                lastRow[key + j] = lastRow(blocks[i].positions[from + j], row, life, lastRowLimit);
            }
            key += count;
            left -= count;
            from = 0;
        }
        return key;
    }

    /** Pairs (row, key) in which one of the rows from {@code row} on, up to {@code lastRowLimit} after it, sees a key. */
    long visiblePairs(long row, int life, int lastRowLimit) {
        if (life == OPEN) {
            return size * (lastRowLimit + 1L);
        }
        long pairs = 0;
        for (int n = 0; n < size; n++) {
            pairs += lastRow(position(n), row, life, lastRowLimit) + 1L;
        }
        return pairs;
    }

    private static int lastRow(long position, long row, int life, int limit) {
        return life == OPEN ? limit : (int) Math.min(position - row + life, limit);
    }

    /** Position of the n-th key from the head. */
    long position(int n) {
        int slot = head + n;
        return blocks[first + slot / KEYS].positions[slot % KEYS];
    }
}
