package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static org.neuralattention.kernels.vector.Codes.BYTES;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;
import static org.neuralattention.kernels.vector.MatVecVector.SUMS;

import java.util.Arrays;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import org.neuralattention.kernels.WeightMatrix.Q6K;

/**
 * {@link MatVecVector} for one x and weights in blocks of 256 numbers of 6 bits with a scale for every 16: the same streams, chains and
 * bits, for a scale times a number is exact. The numbers of four rows become bytes in scratch first ({@link Codes}).
 */
public final class MatVecQ6K {

    private static final int BLOCK = 256;

    /** The lower four bits, and where the upper two belong, in each byte of an int. */
    private static final int LOW = 0x0f0f0f0f;
    private static final int HIGH = 0x30303030;

    /** What is stored for 0. */
    private static final byte ZERO = 32;

    private MatVecQ6K() {}

    /**
     * out[row] = x . w[row] for tiles [from, to) of w[n, k], k a multiple of 256.
     *
     * @param scratch as for {@link MatVecQ8#rows}
     * @param codes {@link Codes#ROOM} bytes
     */
    public static void rows(float[] out, int outOffset, float[] x, int xOffset, byte[] quants, byte[] scales, short[] d, int offset,
            int n, int k, int from, int to, float[] scratch, byte[] codes) {
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
                tile(scratch, 4 * i * N, x, xOffset, quants, first + (start + i) * blocks, stream * blocks, blocks,
                        SUMS + i * blocks * Q6K.SCALES, room, codes);
            }
            LaneSums.putAll(out, outOffset + start, stream, scratch, rows, false);
        }
        for (int row = 4 * stream; row < n && to == stream; row++) {
            toFloats(scratch, SUMS, scales, d, first + row * blocks, blocks);
            tile(scratch, 0, x, xOffset, quants, first + row * blocks, 0, blocks, SUMS, 0, codes);
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

    /** The sums of four rows that begin {@code stride} blocks apart, lane by lane; scales stand in the same scratch. */
    private static void tile(float[] scratch, int sumsOffset, float[] x, int xOffset, byte[] quants, int block, int stride, int blocks,
            int scaleOffset, int scaleStride, byte[] codes) {
        Arrays.fill(scratch, sumsOffset, sumsOffset + 4 * N, 0);
        for (int b = 0; b < blocks; b += Codes.COLUMNS / BLOCK) {
            int many = Math.min(Codes.COLUMNS / BLOCK, blocks - b);
            unpack(codes, quants, block + b, stride, 4, many);
            addProducts(scratch, sumsOffset, x, xOffset + b * BLOCK, codes, scratch, scaleOffset + b * Q6K.SCALES, scaleStride, many * BLOCK);
        }
    }

    /**
     * Blocks of rows that begin {@code stride} blocks apart. Written out, for above 325 bytes C2 compiles a method alone: in the loop over
     * tiles it would run out of nodes and allocate vectors.
     */
    private static void unpack(byte[] codes, byte[] quants, int block, int stride, int rows, int blocks) {
        for (int r = 0; r < rows; r++) {
            int q = (block + r * stride) * Q6K.QUANTS;
            int to = r * Codes.COLUMNS;
            for (int b = 0; b < blocks; b++, q += Q6K.QUANTS, to += BLOCK) {
                for (int i = 0; i < 64; i += Codes.STEP) {
                    IntVector first = ByteVector.fromArray(BYTES, quants, q + i).reinterpretAsInts();
                    IntVector last = ByteVector.fromArray(BYTES, quants, q + i + 64).reinterpretAsInts();
                    IntVector high = ByteVector.fromArray(BYTES, quants, q + i + 128).reinterpretAsInts();
                    IntVector quarter = first.and(LOW).or(high.lanewise(LSHL, 4).and(HIGH));
                    quarter.reinterpretAsBytes().sub(ZERO).intoArray(codes, to + i);
                    quarter = first.lanewise(LSHR, 4).and(LOW).or(high.lanewise(LSHL, 2).and(HIGH));
                    quarter.reinterpretAsBytes().sub(ZERO).intoArray(codes, to + i + 64);
                    quarter = last.and(LOW).or(high.and(HIGH));
                    quarter.reinterpretAsBytes().sub(ZERO).intoArray(codes, to + i + 128);
                    quarter = last.lanewise(LSHR, 4).and(LOW).or(high.lanewise(LSHR, 2).and(HIGH));
                    quarter.reinterpretAsBytes().sub(ZERO).intoArray(codes, to + i + 192);
                }
            }
        }
    }

    /** Two vectors at a time; where those are of 16 lanes, each has a scale of its own. */
    private static void addProducts(float[] sums, int sumsOffset, float[] x, int xOffset, byte[] codes,
            float[] scales, int scaleOffset, int scaleStride, int k) {
        int s1 = scaleOffset + scaleStride;
        int s2 = scaleOffset + 2 * scaleStride;
        int s3 = scaleOffset + 3 * scaleStride;
        FloatVector a0 = FloatVector.fromArray(F, sums, sumsOffset);
        FloatVector a1 = FloatVector.fromArray(F, sums, sumsOffset + N);
        FloatVector a2 = FloatVector.fromArray(F, sums, sumsOffset + 2 * N);
        FloatVector a3 = FloatVector.fromArray(F, sums, sumsOffset + 3 * N);
        for (int pair = 0; pair < k / (2 * N); pair++) {
            int i = pair * 2 * N;
            int s = N == 4 ? pair >> 1 : pair * (N / 8); // linear where it can be: range checks then leave the loop
            int t = s + N / 16;
            FloatVector a = FloatVector.fromArray(F, x, xOffset + i);
            FloatVector b = FloatVector.fromArray(F, x, xOffset + i + N);
            a0 = MatVecQ8.floats(codes, i).mul(scales[scaleOffset + s]).fma(a, a0);
            a0 = MatVecQ8.floats(codes, i + N).mul(scales[scaleOffset + t]).fma(b, a0);
            a1 = MatVecQ8.floats(codes, i + Codes.COLUMNS).mul(scales[s1 + s]).fma(a, a1);
            a1 = MatVecQ8.floats(codes, i + Codes.COLUMNS + N).mul(scales[s1 + t]).fma(b, a1);
            a2 = MatVecQ8.floats(codes, i + 2 * Codes.COLUMNS).mul(scales[s2 + s]).fma(a, a2);
            a2 = MatVecQ8.floats(codes, i + 2 * Codes.COLUMNS + N).mul(scales[s2 + t]).fma(b, a2);
            a3 = MatVecQ8.floats(codes, i + 3 * Codes.COLUMNS).mul(scales[s3 + s]).fma(a, a3);
            a3 = MatVecQ8.floats(codes, i + 3 * Codes.COLUMNS + N).mul(scales[s3 + t]).fma(b, a3);
        }
        a0.intoArray(sums, sumsOffset);
        a1.intoArray(sums, sumsOffset + N);
        a2.intoArray(sums, sumsOffset + 2 * N);
        a3.intoArray(sums, sumsOffset + 3 * N);
    }

    /** out[n] = the n weights from {@code at} on, whole blocks. */
    public static void expand(float[] out, int outOffset, byte[] quants, byte[] scales, short[] d, int at, int n) {
        byte[] codes = new byte[BLOCK + Codes.BEHIND];
        for (int b = 0; b < n; b += BLOCK) {
            int block = (at + b) / BLOCK;
            float unit = Float.float16ToFloat(d[block]);
            unpack(codes, quants, block, 0, 1, 1);
            for (int i = 0; i < BLOCK; i += N) {
                MatVecQ8.floats(codes, i).mul(unit * scales[block * Q6K.SCALES + (i >> 4)]).intoArray(out, outOffset + b + i);
            }
        }
    }
}
