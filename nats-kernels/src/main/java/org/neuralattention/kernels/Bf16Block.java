package org.neuralattention.kernels;

import org.neuralattention.kernels.vector.MatVecBf16;

/** The upper half of each float, rounded to the nearest, ties to even. */
final class Bf16Block extends KvBlock {

    private final short[] rows;

    Bf16Block(int capacity, int headDim) {
        super(capacity, headDim);
        rows = new short[2 * capacity * stride];
    }

    @Override
    void encode(int slot, boolean key, float[] x, int offset) {
        int step = step(key);
        for (int d = 0, at = at(slot, key, stride); d < headDim; d++, at += step) {
            rows[at] = Quants.bf16(x[offset + d]);
        }
    }

    @Override
    void decode(float[] x, int offset, int slot, boolean key) {
        int step = step(key);
        for (int d = 0, at = at(slot, key, stride); d < headDim; d++, at += step) {
            x[offset + d] = Quants.bf16(rows[at]);
        }
    }

    @Override
    void spoil(int slot, boolean key) {
        for (int d = 0, at = at(slot, key, stride); d < headDim; d++, at += step(key)) {
            rows[at] = Quants.bf16(Float.NaN);
        }
    }

    @Override
    void expand(float[] out, int offset, int scratch, int slot, int count, boolean key, boolean vector) {
        int from = (key ? slot : capacity + slot) * stride;
        if (vector) {
            MatVecBf16.expand(out, offset, rows, from, count * stride);
        } else {
            Quants.plainBf16(out, offset, rows, from, count * stride);
        }
    }

    @Override
    public void copy(KvBlock from, int slot) {
        Bf16Block other = (Bf16Block) from;
        copy(other.rows, other, rows, slot, stride);
    }
}
