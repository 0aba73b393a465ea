package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.I;
import static org.neuralattention.kernels.vector.Lanes.N;
import static org.neuralattention.kernels.vector.MatVecVector.SUMS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import org.neuralattention.kernels.WeightMatrix.Q6K;

/**
 * {@link MatVecVector} for one x and weights in blocks of 256 numbers of 6 bits with a scale for every 16: the same streams, chains and
 * bits, for a scale times a number is exact.
 */
public final class MatVecQ6K {

    private static final int BLOCK = 256;

    private MatVecQ6K() {}

    /**
     * out[row] = x . w[row] for tiles [from, to) of w[n, k], k a multiple of 256.
     *
     * @param scratch as for {@link MatVecQ8#rows}
     */
    public static void rows(float[] out, int outOffset, float[] x, int xOffset, int[] quants, byte[] scales, short[] d, int offset,
            int n, int k, int from, int to, float[] scratch) {
        int stream = n / 4;
        int blocks = k / BLOCK;
        int first = offset / BLOCK;
        int group = MatVecQ8.group(blocks * Q6K.SCALES);
        int room = group * blocks * Q6K.SCALES;
        for (int start = from; start < to; start += group) {
            int rows = Math.min(group, to - start);
            for (int s = 0; s < 4; s++) {
                toFloats(scratch, SUMS + s * room, scales, d, first + (s * stream + start) * blocks, rows * blocks);
            }
            for (int i = 0; i < rows; i++) {
                tile(scratch, 4 * i * N, x, xOffset, quants, (first + (start + i) * blocks) * Q6K.QUANTS, stream * blocks * Q6K.QUANTS,
                        scratch, SUMS + i * blocks * Q6K.SCALES, room, k);
            }
            LaneSums.putAll(out, outOffset + start, stream, scratch, rows, false);
        }
        for (int row = 4 * stream; row < n && to == stream; row++) {
            toFloats(scratch, SUMS, scales, d, first + row * blocks, blocks);
            tile(scratch, 0, x, xOffset, quants, (first + row * blocks) * Q6K.QUANTS, 0, scratch, SUMS, 0, k);
            LaneSums.put(out, outOffset + row, 0, scratch, 0, false);
        }
    }

    private static void toFloats(float[] out, int outOffset, byte[] scales, short[] d, int from, int blocks) {
        for (int b = 0; b < blocks; b++) {
            float unit = Float.float16ToFloat(d[from + b]);
            int to = outOffset + b * Q6K.SCALES;
            int at = (from + b) * Q6K.SCALES;
            if (N >= 8) {
                for (int i = 0; i < Q6K.SCALES; i += N) {
                    MatVecQ8.floats(scales, at + i).mul(unit).intoArray(out, to + i);
                }
            } else { // there are no vectors of four bytes
                for (int i = 0; i < Q6K.SCALES; i++) {
                    out[to + i] = unit * scales[at + i];
                }
            }
        }
    }

    private static void tile(float[] sums, int sumsOffset, float[] x, int xOffset, int[] w, int wOffset, int stride,
            float[] scales, int scaleOffset, int scaleStride, int k) {
        for (int r = 0; r < 4; r += 2) { // two rows at a time: with four the method would exceed what C2 inlines
            int to = sumsOffset + r * N;
            int from = wOffset + r * stride;
            int s = scaleOffset + r * scaleStride;
            if (N == 16) {
                parts(sums, to, x, xOffset, w, from, stride, scales, s, scaleStride, k);
            } else {
                vectors(sums, to, x, xOffset, w, from, stride, scales, s, scaleStride, k);
            }
        }
    }

    /** 32 elements of two rows at a time, for whose two vectors the same ints are read and shifted once. */
    private static void parts(float[] sums, int sumsOffset, float[] x, int xOffset, int[] w, int wOffset, int stride,
            float[] scales, int scaleOffset, int scaleStride, int k) {
        FloatVector a0 = FloatVector.zero(F);
        FloatVector a1 = a0;
        for (int i = 0; i < k; i += 2 * N) {
            int low = wOffset + low(i);
            int high = wOffset + high(i);
            int lowShift = lowShift(i);
            int highShift = highShift(i);
            int s = scaleOffset + (i >> 4);
            FloatVector x0 = FloatVector.fromArray(F, x, xOffset + i);
            FloatVector x1 = FloatVector.fromArray(F, x, xOffset + i + N);
            IntVector codes = codes(w, low, lowShift, high, highShift);
            a0 = floats(codes.and(63)).mul(scales[s]).fma(x0, a0);
            a0 = floats(codes.lanewise(LSHR, 8)).mul(scales[s + 1]).fma(x1, a0);
            codes = codes(w, low + stride, lowShift, high + stride, highShift);
            a1 = floats(codes.and(63)).mul(scales[s + scaleStride]).fma(x0, a1);
            a1 = floats(codes.lanewise(LSHR, 8)).mul(scales[s + scaleStride + 1]).fma(x1, a1);
        }
        a0.intoArray(sums, sumsOffset);
        a1.intoArray(sums, sumsOffset + N);
    }

    private static void vectors(float[] sums, int sumsOffset, float[] x, int xOffset, int[] w, int wOffset, int stride,
            float[] scales, int scaleOffset, int scaleStride, int k) {
        FloatVector a0 = FloatVector.zero(F);
        FloatVector a1 = a0;
        for (int i = 0; i < k; i += N) {
            int low = wOffset + low(i);
            int high = wOffset + high(i);
            int lowShift = lowShift(i);
            int highShift = highShift(i);
            int s = scaleOffset + (i >> 4);
            FloatVector a = FloatVector.fromArray(F, x, xOffset + i);
            a0 = floats(codes(w, low, lowShift, high, highShift).and(63)).mul(scales[s]).fma(a, a0);
            a1 = floats(codes(w, low + stride, lowShift, high + stride, highShift).and(63)).mul(scales[s + scaleStride]).fma(a, a1);
        }
        a0.intoArray(sums, sumsOffset);
        a1.intoArray(sums, sumsOffset + N);
    }

    /** In each lane two codes of 6 bits, eight apart: of an element and of the one 16 behind it. */
    private static IntVector codes(int[] w, int low, int lowShift, int high, int highShift) {
        IntVector four = IntVector.fromArray(I, w, low).lanewise(LSHR, lowShift).and(0x0f0f);
        IntVector two = IntVector.fromArray(I, w, high).lanewise(LSHR, highShift).lanewise(LSHL, 4).and(0x3030);
        return four.or(two);
    }

    private static FloatVector floats(IntVector codes) {
        return (FloatVector) codes.sub(32).convert(I2F, 0);
    }

    /** The int with the lower four bits of element i, and where they begin in it; then the same of the upper two. */
    private static int low(int i) {
        return (i >> 8) * Q6K.QUANTS + (i >> 7 & 1) * 16 + (i & 15);
    }

    private static int lowShift(int i) {
        return (i >> 4 & 3) * 8 + (i >> 6 & 1) * 4;
    }

    private static int high(int i) {
        return (i >> 8) * Q6K.QUANTS + 32 + (i & 15);
    }

    private static int highShift(int i) {
        return (i >> 7 & 1) * 16 + (i >> 4 & 1) * 8 + (i >> 5 & 3) * 2;
    }

    /** out[n] = the n weights from {@code at} on, whole blocks. */
    public static void expand(float[] out, int outOffset, int[] quants, byte[] scales, short[] d, int at, int n) {
        int q = at / BLOCK * Q6K.QUANTS;
        for (int i = 0; i < n; i += N) {
            float scale = Float.float16ToFloat(d[at + i >> 8]) * scales[at + i >> 4];
            floats(codes(quants, q + low(i), lowShift(i), q + high(i), highShift(i)).and(63)).mul(scale).intoArray(out, outOffset + i);
        }
    }
}
