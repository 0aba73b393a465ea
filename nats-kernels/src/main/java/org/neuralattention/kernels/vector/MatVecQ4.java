package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_B2I;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.I;
import static org.neuralattention.kernels.vector.Lanes.N;
import static org.neuralattention.kernels.vector.MatVecQ8.B;
import static org.neuralattention.kernels.vector.MatVecQ8.BLOCK;
import static org.neuralattention.kernels.vector.MatVecVector.SUMS;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * {@link MatVecVector} for one x and weights in blocks of 32 nibbles: the same streams, chains and bits. Needs vectors of 256 bits.
 *
 * <p>With 16 lanes a vector holds all values a block can have, (0..15 - 8) times its scale, and each nibble picks its own; with
 * fewer, nibbles are converted.
 */
public final class MatVecQ4 {

    private static final float[] STEPS = {-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7};

    private MatVecQ4() {}

    /**
     * out[row] = x . w[row] for tiles [from, to) of w[n, k], k a multiple of 32.
     *
     * @param scratch as for {@link MatVecQ8#rows}
     */
    public static void rows(float[] out, int outOffset, float[] x, int xOffset, byte[] quants, short[] scales, int offset,
            int n, int k, int from, int to, float[] scratch) {
        int stream = n / 4;
        int blocks = k / BLOCK;
        int group = MatVecQ8.group(blocks);
        for (int first = from; first < to; first += group) {
            int rows = Math.min(group, to - first);
            for (int s = 0; s < 4; s++) {
                MatVecQ8.toFloats(scratch, SUMS + s * group * blocks, scales, offset / BLOCK + (s * stream + first) * blocks, rows * blocks);
            }
            for (int i = 0; i < rows; i++) {
                int row = first + i;
                tile(scratch, 4 * i * N, x, xOffset, quants, offset / 2 + row * (k / 2), stream * (k / 2),
                        scratch, SUMS + i * blocks, group * blocks, k);
            }
            LaneSums.putAll(out, outOffset + first, stream, scratch, rows, false);
        }
        for (int row = 4 * stream; row < n && to == stream; row++) {
            MatVecQ8.toFloats(scratch, SUMS, scales, offset / BLOCK + row * blocks, blocks);
            tile(scratch, 0, x, xOffset, quants, offset / 2 + row * (k / 2), 0, scratch, SUMS, 0, k);
            LaneSums.put(out, outOffset + row, 0, scratch, 0, false);
        }
    }

    private static void tile(float[] sums, int sumsOffset, float[] x, int xOffset, byte[] w, int wOffset, int stride,
            float[] scales, int scaleOffset, int scaleStride, int k) {
        if (N == 16) {
            for (int r = 0; r < 4; r += 2) { // one call in a loop: inlined twice, it would be too large again
                picked(sums, sumsOffset + r * N, x, xOffset, w, wOffset + r * stride, stride, scales, scaleOffset + r * scaleStride, scaleStride, k);
            }
        } else {
            converted(sums, sumsOffset, x, xOffset, w, wOffset, stride, scales, scaleOffset, scaleStride, k);
        }
    }

    /** Two rows only: with four the method would exceed what C2 inlines, and gain nothing. */
    private static void picked(float[] sums, int sumsOffset, float[] x, int xOffset, byte[] w, int wOffset, int stride,
            float[] scales, int scaleOffset, int scaleStride, int k) {
        int w1 = wOffset + stride;
        int s1 = scaleOffset + scaleStride;
        FloatVector steps = FloatVector.fromArray(F, STEPS, 0);
        FloatVector a0 = FloatVector.zero(F);
        FloatVector a1 = a0;
        for (int i = 0, block = 0; i < k / 2; i += BLOCK / 2, block++) {
            FloatVector low = FloatVector.fromArray(F, x, xOffset + 2 * i);
            FloatVector high = FloatVector.fromArray(F, x, xOffset + 2 * i + BLOCK / 2);
            IntVector q = nibbles(w, wOffset + i);
            IntVector values = steps.mul(scales[scaleOffset + block]).reinterpretAsInts();
            a0 = pick(q, values).fma(low, a0);
            a0 = pick(q.lanewise(LSHR, 4), values).fma(high, a0);
            q = nibbles(w, w1 + i);
            values = steps.mul(scales[s1 + block]).reinterpretAsInts();
            a1 = pick(q, values).fma(low, a1);
            a1 = pick(q.lanewise(LSHR, 4), values).fma(high, a1);
        }
        a0.intoArray(sums, sumsOffset);
        a1.intoArray(sums, sumsOffset + N);
    }

    /** The value that the lowest four bits of each lane name. */
    static FloatVector pick(IntVector q, IntVector values) {
        return q.selectFrom(values).reinterpretAsFloats();
    }

    private static void converted(float[] sums, int sumsOffset, float[] x, int xOffset, byte[] w, int wOffset, int stride,
            float[] scales, int scaleOffset, int scaleStride, int k) {
        int w1 = wOffset + stride;
        int w2 = wOffset + 2 * stride;
        int w3 = wOffset + 3 * stride;
        int s1 = scaleOffset + scaleStride;
        int s2 = scaleOffset + 2 * scaleStride;
        int s3 = scaleOffset + 3 * scaleStride;
        FloatVector zero = FloatVector.zero(F);
        FloatVector a0 = zero, a1 = zero, a2 = zero, a3 = zero;
        for (int i = 0; i < k; i += N) {
            int block = i / BLOCK;
            int q = block * (BLOCK / 2) + i % (BLOCK / 2);
            int shift = i % BLOCK / (BLOCK / 2) * 4;
            FloatVector a = FloatVector.fromArray(F, x, xOffset + i);
            a0 = convert(nibbles(w, wOffset + q), shift).mul(scales[scaleOffset + block]).fma(a, a0);
            a1 = convert(nibbles(w, w1 + q), shift).mul(scales[s1 + block]).fma(a, a1);
            a2 = convert(nibbles(w, w2 + q), shift).mul(scales[s2 + block]).fma(a, a2);
            a3 = convert(nibbles(w, w3 + q), shift).mul(scales[s3 + block]).fma(a, a3);
        }
        a0.intoArray(sums, sumsOffset);
        a1.intoArray(sums, sumsOffset + N);
        a2.intoArray(sums, sumsOffset + 2 * N);
        a3.intoArray(sums, sumsOffset + 3 * N);
    }

    private static FloatVector convert(IntVector q, int shift) {
        return (FloatVector) q.lanewise(LSHR, shift).and(15).sub(8).convert(I2F, 0);
    }

    /** Bytes with a nibble in the lowest four bits and one above. */
    static IntVector nibbles(byte[] w, int at) {
        return (IntVector) ByteVector.fromArray(B, w, at).convertShape(ZERO_EXTEND_B2I, I, 0);
    }

    /** out[n] = the n weights from {@code at} on, whole blocks. */
    public static void expand(float[] out, int outOffset, byte[] quants, short[] scales, int at, int n) {
        for (int i = 0; i < n; i += N) {
            int block = (at + i) / BLOCK;
            int q = block * (BLOCK / 2) + i % (BLOCK / 2);
            convert(nibbles(quants, q), i % BLOCK / (BLOCK / 2) * 4).mul(Float.float16ToFloat(scales[block])).intoArray(out, outOffset + i);
        }
    }
}
