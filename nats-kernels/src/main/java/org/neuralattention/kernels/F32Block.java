package org.neuralattention.kernels;

/** Keys and values as they come. */
final class F32Block extends KvBlock {

    private final float[] rows;

    F32Block(int capacity, int headDim) {
        super(capacity, headDim);
        rows = new float[2 * capacity * stride];
    }

    @Override
    void encode(int slot, boolean key, float[] x, int offset) {
        int step = step(key);
        for (int d = 0, at = at(slot, key, stride); d < headDim; d++, at += step) {
            rows[at] = x[offset + d];
        }
    }

    @Override
    void decode(float[] x, int offset, int slot, boolean key) {
        int step = step(key);
        for (int d = 0, at = at(slot, key, stride); d < headDim; d++, at += step) {
            x[offset + d] = rows[at];
        }
    }

    @Override
    void spoil(int slot, boolean key) {
        for (int d = 0, at = at(slot, key, stride); d < headDim; d++, at += step(key)) {
            rows[at] = Float.NaN;
        }
    }

    @Override
    float[] floats() {
        return rows;
    }

    @Override
    void expand(float[] out, int offset, int scratch, int slot, int count, boolean key, boolean vector) {
        throw new AssertionError("read where they lie");
    }

    @Override
    public void copy(KvBlock from, int slot) {
        F32Block other = (F32Block) from;
        copy(other.rows, other, rows, slot, stride);
    }
}
