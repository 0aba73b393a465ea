package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.VectorOperators.B2F;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;
import static org.neuralattention.kernels.vector.MatVecVector.SUMS;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link MatVecVector} for one x and weights in blocks of 32 bytes: the same streams, chains and bits, for a scale times a quant
 * is exact. Needs vectors of 256 bits, since those of bytes have at least 64.
 */
public final class MatVecQ8 {

    /** Scales that are made float32 at a time, about, four streams together: they stay in the first cache, and the loop is long. */
    public static final int SCALES = 2048;

    /**
     * Tiles whose sums across the lanes are taken together: one by one, each waits for its chains and its tree (0.07 of q4's time at
     * 576 columns, one Zen 5 core).
     */
    static final int GROUP = 16;

    static final int BLOCK = 32;

    static final VectorSpecies<Byte> B = ByteVector.SPECIES_PREFERRED.withShape(VectorShape.forBitSize(Math.max(64, N * Byte.SIZE)));

    private MatVecQ8() {}

    /**
     * out[row] = x . w[row] for tiles [from, to) of w[n, k], k a multiple of 32.
     *
     * @param scratch {@link MatVecVector#SUMS} floats, and the larger of {@link #SCALES} and k / 8
     */
    public static void rows(float[] out, int outOffset, float[] x, int xOffset, byte[] quants, short[] scales, int offset,
            int n, int k, int from, int to, float[] scratch) {
        int stream = n / 4;
        int blocks = k / BLOCK;
        int group = group(blocks);
        for (int first = from; first < to; first += group) {
            int rows = Math.min(group, to - first);
            for (int s = 0; s < 4; s++) {
                toFloats(scratch, SUMS + s * group * blocks, scales, offset / BLOCK + (s * stream + first) * blocks, rows * blocks);
            }
            for (int i = 0; i < rows; i++) {
                int row = first + i;
                tile(scratch, 4 * i * N, x, xOffset, quants, offset + row * k, stream * k, scratch, SUMS + i * blocks, group * blocks, k);
            }
            LaneSums.putAll(out, outOffset + first, stream, scratch, rows, false);
        }
        for (int row = 4 * stream; row < n && to == stream; row++) {
            toFloats(scratch, SUMS, scales, offset / BLOCK + row * blocks, blocks);
            tile(scratch, 0, x, xOffset, quants, offset + row * k, 0, scratch, SUMS, 0, k);
            LaneSums.put(out, outOffset + row, 0, scratch, 0, false);
        }
    }

    /** Rows of a stream whose scales are made float32, and whose sums are taken, at a time. */
    static int group(int blocks) {
        return Math.clamp(SCALES / 4 / Math.max(1, blocks), 1, GROUP);
    }

    /** The compiler vectorises it: 0.03 ns per scale (one Zen 5 core); one at a time in the loop over k took a fifth of q8's time. */
    static void toFloats(float[] out, int outOffset, short[] scales, int from, int n) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = Float.float16ToFloat(scales[from + i]);
        }
    }

    private static void tile(float[] sums, int sumsOffset, float[] x, int xOffset, byte[] w, int wOffset, int stride,
            float[] scales, int scaleOffset, int scaleStride, int k) {
        int w1 = wOffset + stride;
        int w2 = wOffset + 2 * stride;
        int w3 = wOffset + 3 * stride;
        int s1 = scaleOffset + scaleStride;
        int s2 = scaleOffset + 2 * scaleStride;
        int s3 = scaleOffset + 3 * scaleStride;
        FloatVector zero = FloatVector.zero(F);
        FloatVector a0 = zero, a1 = zero, a2 = zero, a3 = zero;
        for (int i = 0; i < k; i += 2 * N) { // half a block or a whole one
            int block = i / BLOCK;
            FloatVector a = FloatVector.fromArray(F, x, xOffset + i);
            FloatVector b = FloatVector.fromArray(F, x, xOffset + i + N);
            float d = scales[scaleOffset + block];
            a0 = floats(w, wOffset + i).mul(d).fma(a, a0);
            a0 = floats(w, wOffset + i + N).mul(d).fma(b, a0);
            d = scales[s1 + block];
            a1 = floats(w, w1 + i).mul(d).fma(a, a1);
            a1 = floats(w, w1 + i + N).mul(d).fma(b, a1);
            d = scales[s2 + block];
            a2 = floats(w, w2 + i).mul(d).fma(a, a2);
            a2 = floats(w, w2 + i + N).mul(d).fma(b, a2);
            d = scales[s3 + block];
            a3 = floats(w, w3 + i).mul(d).fma(a, a3);
            a3 = floats(w, w3 + i + N).mul(d).fma(b, a3);
        }
        a0.intoArray(sums, sumsOffset);
        a1.intoArray(sums, sumsOffset + N);
        a2.intoArray(sums, sumsOffset + 2 * N);
        a3.intoArray(sums, sumsOffset + 3 * N);
    }

    static FloatVector floats(byte[] w, int at) {
        return (FloatVector) ByteVector.fromArray(B, w, at).convertShape(B2F, F, 0);
    }

    /** out[n] = the n weights from {@code at} on, whole blocks. */
    public static void expand(float[] out, int outOffset, byte[] quants, short[] scales, int at, int n) {
        for (int i = 0; i < n; i += N) {
            floats(quants, at + i).mul(Float.float16ToFloat(scales[(at + i) / BLOCK])).intoArray(out, outOffset + i);
        }
    }
}
