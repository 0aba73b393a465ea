package org.neuralattention.kernels;

import java.util.Arrays;
import org.neuralattention.kernels.vector.Q8BlockVector;
import org.neuralattention.kernels.vector.MatVecBf16;

/**
 * Bytes with a scale for each {@link KvDtype#SCALED} elements of a row: x = scale byte, scale = bf16(max |x| / 127), byte = round(x / scale).
 *
 * <p>A scale of 8 significant bits makes scale byte exact in float32. So what is stored, read and stored again stays the same to the bit,
 * and a key of a prefill piece is attended exactly as a later token finds it, except where a scale is subnormal (max |x| below 1.5e-36)
 * and has fewer bits. A row with a NaN or infinity is read as NaN in those elements that share a scale with it.
 */
final class Q8Block extends KvBlock {

    /** Scales lie as rows of {@code scales}: keys [capacity / width, scales, width], then values [capacity, scales]. */
    private final short[] scale;
    private final byte[] rows;
    private final int scales;

    Q8Block(int capacity, int headDim) {
        super(capacity, headDim);
        rows = new byte[2 * capacity * stride];
        scales = KvDtype.scales(headDim);
        scale = new short[2 * capacity * scales];
    }

    @Override
    void encode(int slot, boolean key, float[] x, int offset) {
        int step = step(key);
        int at = at(slot, key, stride);
        int scaleAt = at(slot, key, scales);
        for (int d = 0; d < headDim; d += KvDtype.SCALED, scaleAt += step) {
            int end = Math.min(d + KvDtype.SCALED, headDim);
            float most = 0;
            for (int i = d; i < end; i++) {
                most = Math.max(most, Math.abs(x[offset + i]));
            }
            short bits = Quants.bf16(most / 127);
            scale[scaleAt] = bits;
            float s = Quants.bf16(bits);
            for (int i = d; i < end; i++) {
                // A scale of 0 gives 0 / 0, an infinite one infinity / infinity: NaN, and as a byte 0.
                rows[at + i * step] = (byte) Math.clamp(Math.rint(x[offset + i] / s), -127, 127);
            }
        }
    }

    @Override
    void decode(float[] x, int offset, int slot, boolean key) {
        int step = step(key);
        int at = at(slot, key, stride);
        int scaleAt = at(slot, key, scales);
        for (int d = 0; d < headDim; d++) {
            x[offset + d] = Quants.bf16(scale[scaleAt + d / KvDtype.SCALED * step]) * rows[at + d * step];
        }
    }

    @Override
    void spoil(int slot, boolean key) {
        for (int b = 0, at = at(slot, key, scales); b < scales; b++, at += step(key)) {
            scale[at] = Quants.bf16(Float.NaN);
        }
    }

    @Override
    void expand(float[] out, int offset, int scratch, int slot, int count, boolean key, boolean vector) {
        int first = key ? slot : capacity + slot;
        if (vector) {
            MatVecBf16.expand(out, scratch, scale, first * scales, count * scales);
        } else {
            Quants.plainBf16(out, scratch, scale, first * scales, count * scales);
        }
        if (vector && key) {
            Q8BlockVector.q8Keys(out, offset, scratch, rows, first * stride, width, stride, KvDtype.SCALED);
        } else if (vector) {
            Q8BlockVector.q8Values(out, offset, scratch, rows, first * stride, count, stride, KvDtype.SCALED);
        } else {
            int step = step(key);
            for (int i = 0; i < count * stride; i++) {
                int row = i / (stride * step);
                int d = i / step % stride;
                out[offset + i] = out[scratch + (row * scales + d / KvDtype.SCALED) * step + i % step] * rows[first * stride + i];
            }
        }
    }

    @Override
    public void copy(KvBlock from, int slot) {
        Q8Block other = (Q8Block) from;
        copy(other.rows, other, rows, slot, stride);
        copy(other.scale, other, scale, slot, scales);
    }
}
