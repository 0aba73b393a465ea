package org.neuralattention.kernels;

import java.util.Arrays;

/**
 * Where the keys and values of one KV head lie: a list of spans, each a run of rows in an array.
 *
 * <p>Span i has count[i] keys, rows [count[i], headDim] of k[i] from kOffset[i], and as many values of v[i] from vOffset[i].
 * Keys are counted through all spans: span i starts at key start[i]. The list is filled anew for each step; {@link #clear}
 * keeps its memory, so that in the steady state nothing is allocated. Not thread-safe while it is filled.
 */
public final class KeySpans {

    /** Memory a span takes in the list: two references and three ints. */
    public static final int SPAN_BYTES = 2 * 8 + 3 * 4;

    float[][] k = new float[8][];
    float[][] v = new float[8][];
    int[] kOffset = new int[8];
    int[] vOffset = new int[8];
    int[] start = new int[9];
    int size;

    /** Forgets all spans and keeps their slots. */
    public void clear() {
        Arrays.fill(k, 0, size, null); // the arrays may be memory that was given back
        Arrays.fill(v, 0, size, null);
        size = 0;
    }

    /**
     * Adds a span; its rows are checked when it is used, for headDim is not known here.
     *
     * @throws IllegalArgumentException if {@code count} is negative or there would be more than 2^31 - 1 keys
     */
    public void add(float[] k, int kOffset, float[] v, int vOffset, int count) {
        if (k == null || v == null || kOffset < 0 || vOffset < 0 || count < 0 || count > Integer.MAX_VALUE - keys()) {
            throw new IllegalArgumentException("span of " + count + " keys, kOffset = " + kOffset + ", vOffset = " + vOffset
                    + " after " + keys() + " keys" + (k == null || v == null ? ": null array" : ": out of range"));
        }
        if (count == 0) {
            return;
        }
        if (size == this.k.length) {
            grow();
        }
        this.k[size] = k;
        this.v[size] = v;
        this.kOffset[size] = kOffset;
        this.vOffset[size] = vOffset;
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

    /** Memory of the list itself, without the arrays it points to. */
    public long bytes() {
        return (long) k.length * SPAN_BYTES;
    }

    /** The span that holds a key. */
    int spanOf(int key) {
        int i = Arrays.binarySearch(start, 0, size, key);
        return i >= 0 ? i : -i - 2;
    }

    void check(int kvHead, int headDim) {
        for (int i = 0; i < size; i++) {
            long length = (long) (start[i + 1] - start[i]) * headDim;
            if (kOffset[i] > k[i].length - length || vOffset[i] > v[i].length - length) {
                throw new IndexOutOfBoundsException("spans[" + kvHead + "]: span " + i + " of " + length + " floats from kOffset = " + kOffset[i]
                        + ", vOffset = " + vOffset[i] + " does not fit arrays of " + k[i].length + " and " + v[i].length);
            }
        }
    }

    private void grow() {
        int capacity = 2 * size;
        k = Arrays.copyOf(k, capacity);
        v = Arrays.copyOf(v, capacity);
        kOffset = Arrays.copyOf(kOffset, capacity);
        vOffset = Arrays.copyOf(vOffset, capacity);
        start = Arrays.copyOf(start, capacity + 1);
    }
}
