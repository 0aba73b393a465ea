package org.neuralattention.kernels;

import java.util.Arrays;

/**
 * Where the keys and values of one KV head lie: a list of spans, each a run of slots of a {@link KvBlock}.
 *
 * <p>Span i has the slots first[i] to first[i] + start[i + 1] - start[i] of block[i]. Keys are counted through all spans: span i starts at
 * key start[i]. The list is filled anew for each step; {@link #clear} keeps its memory, so that in the steady state nothing is
 * allocated. Not thread-safe while it is filled.
 */
public final class KeySpans {

    /** Memory a span takes in the list: a reference and two ints. */
    private static final int SPAN_BYTES = 8 + 2 * 4;

    KvBlock[] block = new KvBlock[8];
    int[] first = new int[8];
    int[] start = new int[9];
    int size;

    /** Forgets all spans and keeps their slots. */
    public void clear() {
        Arrays.fill(block, 0, size, null); // they may be memory that was given back
        size = 0;
    }

    /**
     * Adds {@code count} keys of a block, from slot {@code first} on.
     *
     * @throws IllegalArgumentException if the block is null or there would be more than 2^31 - 1 keys
     * @throws IndexOutOfBoundsException if the block has no such slots
     */
    public void add(KvBlock block, int first, int count) {
        if (block == null || count > Integer.MAX_VALUE - keys()) {
            throw new IllegalArgumentException("span of " + count + " keys after " + keys() + (block == null ? ": null block" : ": too many"));
        }
        block.check(first, count);
        if (count == 0) {
            return;
        }
        if (size == this.block.length) {
            grow();
        }
        this.block[size] = block;
        this.first[size] = first;
        start[size + 1] = start[size] + count;
        size++;
    }

    /** Number of spans; empty ones are not kept. */
    public int spans() {
        return size;
    }

    /** Number of keys in all spans. */
    public int keys() {
        return start[size];
    }

    /** Memory of the list itself, without the blocks it points to. */
    public long bytes() {
        return (long) block.length * SPAN_BYTES;
    }

    /** The same once the list has held {@code spans} spans. */
    public long bytes(int spans) {
        int slots = block.length;
        while (slots < spans) {
            slots *= 2;
        }
        return (long) slots * SPAN_BYTES;
    }

    /** The span that holds a key. */
    int spanOf(int key) {
        int i = Arrays.binarySearch(start, 0, size, key);
        return i >= 0 ? i : -i - 2;
    }

    void check(int kvHead, int headDim) {
        for (int i = 0; i < size; i++) {
            if (block[i].headDim != headDim) {
                throw new IllegalArgumentException("spans[" + kvHead + "]: span " + i + " has headDim = " + block[i].headDim
                        + ", the query " + headDim);
            }
        }
    }

    private void grow() {
        block = Arrays.copyOf(block, 2 * size);
        first = Arrays.copyOf(first, 2 * size);
        start = Arrays.copyOf(start, 2 * size + 1);
    }
}
