package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static org.neuralattention.kernels.vector.Codes.BYTES;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.I;
import static org.neuralattention.kernels.vector.Lanes.N;
import static org.neuralattention.kernels.vector.MatVecVector.SUMS;

import java.util.Arrays;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShuffle;
import org.neuralattention.kernels.WeightMatrix.Q4K;

/**
 * {@link MatVecVector} for one x and weights in blocks of 256 nibbles with scales and minimums for every 32: the same streams, chains
 * and bits, for a scale times a nibble is exact, so that the minimum can be subtracted in one step with it. The nibbles of four rows
 * become bytes in scratch first ({@link Codes}).
 */
public final class MatVecQ4K {

    private static final int BLOCK = 256;

    /** Elements that share a scale and a minimum, and how many such parts a block has. */
    private static final int PART = 32;
    private static final int PARTS = 8;

    /** Blocks whose four ints of scales and minimums a vector holds. */
    private static final int BLOCKS = N / 4;

    /** The lower four bits of each byte of an int. */
    private static final int LOW = 0x0f0f0f0f;

    private MatVecQ4K() {}

    /**
     * out[row] = x . w[row] for tiles [from, to) of w[n, k], k a multiple of 256.
     *
     * @param scratch as for {@link MatVecQ8#rows}
     * @param codes {@link Codes#ROOM} bytes
     */
    public static void rows(float[] out, int outOffset, float[] x, int xOffset, byte[] quants, int[] scales, int offset,
            int n, int k, int from, int to, float[] scratch, byte[] codes) {
        int stream = n / 4;
        int blocks = k / BLOCK;
        int first = offset / BLOCK;
        int group = Math.clamp((MatVecQ8.SCALES - 2 * PARTS) / 4 / Math.max(1, blocks * 2 * PARTS), 1, MatVecQ8.GROUP);
        int room = group * blocks * PARTS;
        int toMins = 4 * room + PARTS;
        for (int start = from; start < to; start += group) {
            int rows = Math.min(group, to - start);
            for (int s = 0; s < 4; s++) {
                toFloats(scratch, SUMS + s * room, toMins, scales, first + (s * stream + start) * blocks, rows * blocks, codes);
            }
            for (int i = 0; i < rows; i++) {
                tile(scratch, 4 * i * N, x, xOffset, quants, first + (start + i) * blocks, stream * blocks, blocks,
                        SUMS + i * blocks * PARTS, room, toMins, codes);
            }
            LaneSums.putAll(out, outOffset + start, stream, scratch, rows, false);
        }
        for (int row = 4 * stream; row < n && to == stream; row++) {
            toFloats(scratch, SUMS, toMins, scales, first + row * blocks, blocks, codes);
            tile(scratch, 0, x, xOffset, quants, first + row * blocks, 0, blocks, SUMS, 0, toMins, codes);
            LaneSums.put(out, outOffset + row, 0, scratch, 0, false);
        }
    }

    /** The sums of four rows that begin {@code stride} blocks apart, lane by lane; scales stand in the same scratch. */
    private static void tile(float[] scratch, int sumsOffset, float[] x, int xOffset, byte[] quants, int block, int stride, int blocks,
            int scaleOffset, int scaleStride, int toMins, byte[] codes) {
        Arrays.fill(scratch, sumsOffset, sumsOffset + 4 * N, 0);
        for (int b = 0; b < blocks; b += Codes.COLUMNS / BLOCK) {
            int many = Math.min(Codes.COLUMNS / BLOCK, blocks - b);
            unpack(codes, quants, block + b, stride, 4, many);
            addProducts(scratch, sumsOffset, x, xOffset + b * BLOCK, codes, scratch, scaleOffset + b * PARTS, scaleStride, toMins, many * BLOCK);
        }
    }

    /** Blocks of rows that begin {@code stride} blocks apart. */
    private static void unpack(byte[] codes, byte[] quants, int block, int stride, int rows, int blocks) {
        for (int r = 0; r < rows; r++) {
            int q = (block + r * stride) * Q4K.QUANTS;
            int to = r * Codes.COLUMNS;
            for (int half = 0; half < 2 * blocks; half++, q += 64, to += 128) {
                for (int i = 0; i < 64; i += Codes.STEP) {
                    IntVector pairs = ByteVector.fromArray(BYTES, quants, q + i).reinterpretAsInts();
                    pairs.and(LOW).reinterpretAsBytes().intoArray(codes, to + i);
                    pairs.lanewise(LSHR, 4).and(LOW).reinterpretAsBytes().intoArray(codes, to + i + 64);
                }
            }
        }
    }

    /** Two vectors of a part at a time. */
    private static void addProducts(float[] sums, int sumsOffset, float[] x, int xOffset, byte[] codes,
            float[] scales, int scaleOffset, int scaleStride, int toMins, int k) {
        int s1 = scaleOffset + scaleStride;
        int s2 = scaleOffset + 2 * scaleStride;
        int s3 = scaleOffset + 3 * scaleStride;
        FloatVector a0 = FloatVector.fromArray(F, sums, sumsOffset);
        FloatVector a1 = FloatVector.fromArray(F, sums, sumsOffset + N);
        FloatVector a2 = FloatVector.fromArray(F, sums, sumsOffset + 2 * N);
        FloatVector a3 = FloatVector.fromArray(F, sums, sumsOffset + 3 * N);
        for (int pair = 0; pair < k / (2 * N); pair++) {
            int i = pair * 2 * N;
            int s = N == 16 ? pair : i / PART; // linear where it can be: range checks then leave the loop
            FloatVector a = FloatVector.fromArray(F, x, xOffset + i);
            FloatVector b = FloatVector.fromArray(F, x, xOffset + i + N);
            FloatVector scale = FloatVector.broadcast(F, scales[scaleOffset + s]);
            FloatVector min = FloatVector.broadcast(F, scales[scaleOffset + toMins + s]);
            a0 = MatVecQ8.floats(codes, i).fma(scale, min).fma(a, a0);
            a0 = MatVecQ8.floats(codes, i + N).fma(scale, min).fma(b, a0);
            scale = FloatVector.broadcast(F, scales[s1 + s]);
            min = FloatVector.broadcast(F, scales[s1 + toMins + s]);
            a1 = MatVecQ8.floats(codes, i + Codes.COLUMNS).fma(scale, min).fma(a, a1);
            a1 = MatVecQ8.floats(codes, i + Codes.COLUMNS + N).fma(scale, min).fma(b, a1);
            scale = FloatVector.broadcast(F, scales[s2 + s]);
            min = FloatVector.broadcast(F, scales[s2 + toMins + s]);
            a2 = MatVecQ8.floats(codes, i + 2 * Codes.COLUMNS).fma(scale, min).fma(a, a2);
            a2 = MatVecQ8.floats(codes, i + 2 * Codes.COLUMNS + N).fma(scale, min).fma(b, a2);
            scale = FloatVector.broadcast(F, scales[s3 + s]);
            min = FloatVector.broadcast(F, scales[s3 + toMins + s]);
            a3 = MatVecQ8.floats(codes, i + 3 * Codes.COLUMNS).fma(scale, min).fma(a, a3);
            a3 = MatVecQ8.floats(codes, i + 3 * Codes.COLUMNS + N).fma(scale, min).fma(b, a3);
        }
        a0.intoArray(sums, sumsOffset);
        a1.intoArray(sums, sumsOffset + N);
        a2.intoArray(sums, sumsOffset + 2 * N);
        a3.intoArray(sums, sumsOffset + 3 * N);
    }

    /** The int of a block with a lane's lower bits, of scales or of minimums; the last int. */
    private static final VectorShuffle<Integer> OWN = VectorShuffle.fromOp(I, lane -> lane & ~3 | 1 + lane % 4 / 2);
    private static final VectorShuffle<Integer> LAST = VectorShuffle.fromOp(I, lane -> lane | 3);

    /** Of each block the lanes hold scales 0 to 3 and 4 to 7, minimums 0 to 3 and 4 to 7, a byte each. */
    private static IntVector perLane(int... values) {
        return IntVector.fromArray(I, values, 0, new int[] {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3}, 0);
    }

    private static final IntVector OWN_SHIFT = perLane(0, 6, 0, 6);
    private static final IntVector OWN_BITS = perLane(0x3f3f3f3f, 0x03030303, 0x3f3f3f3f, 0x03030303);
    private static final IntVector OWN_BACK = perLane(0, 4, 0, 4);
    private static final IntVector LAST_SHIFT = perLane(0, 0, 0, 4);
    private static final IntVector LAST_BITS = perLane(0, LOW, 0, LOW);

    private static final VectorShuffle<Float> HALVES = VectorShuffle.fromOp(F, lane -> lane ^ N / 2);

    /**
     * The scales of {@code blocks} blocks from {@code from} on and, {@code toMins} floats behind, the minimums, negative; behind each of
     * both runs up to {@link #PARTS} floats are overwritten. One method, too large to be inlined: in its caller C2 would run out of nodes
     * and allocate vectors.
     */
    private static void toFloats(float[] out, int outOffset, int toMins, int[] scales, int from, int blocks, byte[] codes) {
        int whole = blocks & -BLOCKS;
        for (int run = 0; run < whole; run += BLOCKS) {
            IntVector heads = IntVector.fromArray(I, scales, Q4K.SCALES * (from + run));
            IntVector own = heads.rearrange(OWN).lanewise(LSHR, OWN_SHIFT).and(OWN_BITS).lanewise(LSHL, OWN_BACK);
            heads.rearrange(LAST).lanewise(LSHR, LAST_SHIFT).and(LAST_BITS).or(own).reinterpretAsBytes().intoArray(codes, 0);
            for (int b = 0; b < BLOCKS; b++) {
                float d = Q4K.d(scales, from + run + b);
                float dmin = -Q4K.dmin(scales, from + run + b);
                int to = outOffset + (run + b) * PARTS;
                if (N == 16) { // what is stored too much is overwritten by the next block
                    FloatVector both = MatVecQ8.floats(codes, 2 * PARTS * b);
                    both.mul(d).intoArray(out, to);
                    both.rearrange(HALVES).mul(dmin).intoArray(out, to + toMins);
                    continue;
                }
                for (int i = 0; i < PARTS; i += N) {
                    MatVecQ8.floats(codes, 2 * PARTS * b + i).mul(d).intoArray(out, to + i);
                    MatVecQ8.floats(codes, 2 * PARTS * b + PARTS + i).mul(dmin).intoArray(out, to + toMins + i);
                }
            }
        }
        for (int b = whole; b < blocks; b++) {
            float d = Q4K.d(scales, from + b);
            float dmin = Q4K.dmin(scales, from + b);
            for (int j = 0; j < PARTS; j++) {
                int to = outOffset + b * PARTS + j;
                out[to] = d * Q4K.scale(scales, from + b, j);
                out[to + toMins] = -(dmin * Q4K.min(scales, from + b, j));
            }
        }
    }

    /** out[n] = the n weights from {@code at} on, whole blocks. */
    public static void expand(float[] out, int outOffset, byte[] quants, int[] scales, int at, int n) {
        byte[] codes = new byte[BLOCK + Codes.BEHIND];
        for (int i = 0; i < n; i += PART) {
            int block = (at + i) / BLOCK;
            int part = i % BLOCK / PART;
            if (part == 0) {
                unpack(codes, quants, block, 0, 1, 1);
            }
            FloatVector scale = FloatVector.broadcast(F, Q4K.d(scales, block) * Q4K.scale(scales, block, part));
            FloatVector min = FloatVector.broadcast(F, -(Q4K.dmin(scales, block) * Q4K.min(scales, block, part)));
            for (int j = 0; j < PART; j += N) {
                MatVecQ8.floats(codes, part * PART + j).fma(scale, min).intoArray(out, outOffset + i + j);
            }
        }
    }
}
