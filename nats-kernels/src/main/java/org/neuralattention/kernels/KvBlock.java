package org.neuralattention.kernels;

/**
 * Room for keys and values of one KV head, in the form {@link DecodeAttention} reads.
 *
 * <p>Keys lie transposed in tiles, [capacity / width, stride, width], so that a score needs no sum across lanes; the width is 32, or what
 * the block holds if that is less. Values lie row by row behind them: [capacity, stride]. stride is headDim rounded up to a multiple of
 * {@value #PAD}; what lies between is zero. A key takes effect as it is stored: {@link #get} gives what attention sees. Not thread-safe
 * while it is filled.
 */
public abstract sealed class KvBlock permits F32Block, Bf16Block, Q8Block {

    /** The least keys a block holds. */
    public static final int LEAST = 8;

    /** The widest tile: keys that all query heads of a group read in turn, out of the first-level cache. */
    static final int WIDEST = 32;

    /** A row is filled up to a multiple of this, so that no vector loop has a tail. */
    static final int PAD = 16;

    /** Memory of the object and its array's header; a Q8 block has two arrays. */
    private static final int OVERHEAD = 32 + 16;

    final int capacity;
    final int headDim;
    final int stride;

    /** Keys in a tile. */
    final int width;

    KvBlock(int capacity, int headDim) {
        this.capacity = capacity;
        this.headDim = headDim;
        stride = stride(headDim);
        width = Math.min(WIDEST, Integer.lowestOneBit(capacity));
    }

    /**
     * An empty block.
     *
     * @param capacity most keys, a multiple of {@link #LEAST}
     * @throws IllegalArgumentException if a size is out of range or the block would not fit an array
     */
    public static KvBlock of(KvDtype dtype, int capacity, int headDim) {
        Check.positive("headDim", headDim);
        if (capacity < LEAST || capacity % LEAST != 0 || 2L * capacity * (headDim + PAD - 1L) > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("capacity = " + capacity + ": must be a positive multiple of " + LEAST
                    + " and fit an array with headDim = " + headDim);
        }
        return switch (dtype) {
            case F32 -> new F32Block(capacity, headDim);
            case BF16 -> new Bf16Block(capacity, headDim);
            case Q8 -> new Q8Block(capacity, headDim);
        };
    }

    /** Memory of a block, objects included. */
    public static long bytes(KvDtype dtype, int capacity, int headDim) {
        return OVERHEAD + switch (dtype) {
            case F32 -> 2L * Float.BYTES * capacity * stride(headDim);
            case BF16 -> 2L * Short.BYTES * capacity * stride(headDim);
            case Q8 -> 24 + 2L * capacity * (stride(headDim) + Short.BYTES * KvDtype.scales(headDim));
        };
    }

    static int stride(int headDim) {
        return (headDim + PAD - 1) / PAD * PAD;
    }

    /** Most keys it holds. */
    public final int capacity() {
        return capacity;
    }

    /** Stores a key and its value, [headDim] each, at {@code slot}. */
    public final void put(int slot, float[] k, int kOffset, float[] v, int vOffset) {
        check(slot, 1);
        Check.range("k", k, kOffset, headDim);
        Check.range("v", v, vOffset, headDim);
        encode(slot, true, k, kOffset);
        encode(slot, false, v, vOffset);
    }

    /** Keys and values as stored, rows [count, headDim] each. */
    public final void get(float[] k, int kOffset, float[] v, int vOffset, int slot, int count) {
        check(slot, count);
        Check.range("k", k, kOffset, (long) count * headDim);
        Check.range("v", v, vOffset, (long) count * headDim);
        for (int j = 0; j < count; j++) {
            decode(k, kOffset + j * headDim, slot + j, true);
            decode(v, vOffset + j * headDim, slot + j, false);
        }
    }

    /** Makes {@code count} keys and values NaN: for tests, so that whoever reads an empty slot shows it. */
    public final void poison(int slot, int count) {
        check(slot, count);
        for (int j = slot; j < slot + count; j++) {
            spoil(j, true);
            spoil(j, false);
        }
    }

    final void check(int slot, int count) {
        if (slot < 0 || count < 0 || slot > capacity - count) {
            throw new IndexOutOfBoundsException("slots " + slot + " to " + ((long) slot + count) + " of a block of " + capacity);
        }
    }

    abstract void encode(int slot, boolean key, float[] x, int offset);

    abstract void decode(float[] x, int offset, int slot, boolean key);

    abstract void spoil(int slot, boolean key);

    /** The array itself where it holds floats, else null: then {@link #expand}. */
    float[] floats() {
        return null;
    }

    /**
     * Rows {@code slot} to {@code slot + count} as floats, laid out as they are stored; for keys a whole tile. Up to a vector's length
     * behind them is written too. {@code scratch} is room for count * {@link KvDtype#scales} floats and a vector, in the same array.
     */
    abstract void expand(float[] out, int offset, int scratch, int slot, int count, boolean key, boolean vector);

    /** Copies all of another block, of the same dtype and headDim, to the slots from {@code slot} on, a multiple of its capacity. */
    public abstract void copy(KvBlock from, int slot);

    /** The same for one array, with rows of {@code length}. */
    final void copy(Object from, KvBlock block, Object to, int slot, int length) {
        for (int tile = 0; tile < block.capacity; tile += block.width) {
            for (int d = 0; d < length; d++) {
                System.arraycopy(from, tile * length + d * block.width, to, at(slot + tile, true, length) + d * width, block.width);
            }
        }
        System.arraycopy(from, block.capacity * length, to, (capacity + slot) * length, block.capacity * length);
    }

    /** Where the first element of a row of {@code length} lies; the others follow in steps of {@link #step}. */
    final int at(int slot, boolean key, int length) {
        return key ? slot / width * width * length + slot % width : (capacity + slot) * length;
    }

    final int step(boolean key) {
        return key ? width : 1;
    }
}
