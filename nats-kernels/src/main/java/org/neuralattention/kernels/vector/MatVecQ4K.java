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
import jdk.incubator.vector.VectorShuffle;
import org.neuralattention.kernels.WeightMatrix.Q4K;

/**
 * {@link MatVecVector} for one x and weights in blocks of 256 nibbles with scales and minimums for every 32: the same streams, chains
 * and bits, for a scale times a nibble is exact, so that the minimum can be subtracted in one step with it.
 *
 * <p>With 16 lanes a vector holds all values a part can have, and each nibble picks its own; with fewer, nibbles are converted.
 */
public final class MatVecQ4K {

    private static final int BLOCK = 256;
    private static final int PART = 32;

    private static final FloatVector STEPS = FloatVector.zero(F).addIndex(1);

    /** Floats that become of a block's scales and minimums. */
    private static final int SCALES = 16;

    /** Blocks whose four ints of scales a vector holds, and the floats they become. */
    private static final int BLOCKS = N / 4;
    private static final int RUN = BLOCKS * SCALES;

    private MatVecQ4K() {}

    /**
     * out[row] = x . w[row] for tiles [from, to) of w[n, k], k a multiple of 256.
     *
     * @param scratch as for {@link MatVecQ8#rows}
     */
    public static void rows(float[] out, int outOffset, float[] x, int xOffset, int[] quants, int[] scales, int offset,
            int n, int k, int from, int to, float[] scratch) {
        int stream = n / 4;
        int blocks = k / BLOCK;
        int first = offset / BLOCK;
        int group = Math.clamp((MatVecQ8.SCALES / 4 - RUN) / Math.max(1, blocks * SCALES), 1, MatVecQ8.GROUP);
        int room = group * blocks * SCALES + RUN;
        for (int start = from; start < to; start += group) {
            int rows = Math.min(group, to - start);
            for (int s = 0; s < 4; s++) {
                toFloats(scratch, SUMS + s * room, scales, first + (s * stream + start) * blocks, rows * blocks);
            }
            for (int i = 0; i < rows; i++) {
                tile(scratch, 4 * i * N, x, xOffset, quants, (first + (start + i) * blocks) * Q4K.QUANTS, stream * blocks * Q4K.QUANTS,
                        scratch, SUMS, room, i * blocks, blocks);
            }
            LaneSums.putAll(out, outOffset + start, stream, scratch, rows, false);
        }
        for (int row = 4 * stream; row < n && to == stream; row++) {
            toFloats(scratch, SUMS, scales, first + row * blocks, blocks);
            tile(scratch, 0, x, xOffset, quants, (first + row * blocks) * Q4K.QUANTS, 0, scratch, SUMS, 0, 0, blocks);
            LaneSums.put(out, outOffset + row, 0, scratch, 0, false);
        }
    }

    private static void tile(float[] sums, int sumsOffset, float[] x, int xOffset, int[] w, int wOffset, int stride,
            float[] scales, int scaleOffset, int scaleStride, int block, int blocks) {
        if (N == 16) {
            for (int r = 0; r < 4; r += 2) {
                picked(sums, sumsOffset + r * N, x, xOffset, w, wOffset + r * stride, stride,
                        scales, scaleOffset + r * scaleStride, scaleStride, block, blocks);
            }
        } else {
            converted(sums, sumsOffset, x, xOffset, w, wOffset, stride, scales, scaleOffset, scaleStride, block, blocks);
        }
    }

    private static void picked(float[] sums, int sumsOffset, float[] x, int xOffset, int[] w, int wOffset, int stride,
            float[] scales, int scaleOffset, int scaleStride, int block, int blocks) {
        FloatVector steps = STEPS;
        FloatVector a0 = FloatVector.zero(F);
        FloatVector a1 = a0;
        for (int pair = 0; pair < blocks * 4; pair++) {
            int i = xOffset + pair * 2 * PART;
            int q = wOffset + (pair >> 1) * N;
            int shift = (pair & 1) * 16;
            int s = scaleOffset + scale(block + (pair >> 2), pair & 3);
            FloatVector x0 = FloatVector.fromArray(F, x, i);
            FloatVector x1 = FloatVector.fromArray(F, x, i + N);
            FloatVector x2 = FloatVector.fromArray(F, x, i + 2 * N);
            FloatVector x3 = FloatVector.fromArray(F, x, i + 3 * N);
            IntVector codes = IntVector.fromArray(I, w, q).lanewise(LSHR, shift);
            IntVector low = values(steps, scales, s);
            IntVector high = values(steps, scales, s + N);
            a0 = MatVecQ4.pick(codes, low).fma(x0, a0);
            a0 = MatVecQ4.pick(codes.lanewise(LSHR, 8), low).fma(x1, a0);
            a0 = MatVecQ4.pick(codes.lanewise(LSHR, 4), high).fma(x2, a0);
            a0 = MatVecQ4.pick(codes.lanewise(LSHR, 12), high).fma(x3, a0);
            codes = IntVector.fromArray(I, w, q + stride).lanewise(LSHR, shift);
            low = values(steps, scales, s + scaleStride);
            high = values(steps, scales, s + scaleStride + N);
            a1 = MatVecQ4.pick(codes, low).fma(x0, a1);
            a1 = MatVecQ4.pick(codes.lanewise(LSHR, 8), low).fma(x1, a1);
            a1 = MatVecQ4.pick(codes.lanewise(LSHR, 4), high).fma(x2, a1);
            a1 = MatVecQ4.pick(codes.lanewise(LSHR, 12), high).fma(x3, a1);
        }
        a0.intoArray(sums, sumsOffset);
        a1.intoArray(sums, sumsOffset + N);
    }

    /** What 0 to 15 stand for in a part. */
    private static IntVector values(FloatVector steps, float[] scales, int s) {
        return steps.fma(FloatVector.broadcast(F, scales[s]), FloatVector.broadcast(F, scales[s + 2])).reinterpretAsInts();
    }

    private static void converted(float[] sums, int sumsOffset, float[] x, int xOffset, int[] w, int wOffset, int stride,
            float[] scales, int scaleOffset, int scaleStride, int block, int blocks) {
        int s1 = scaleStride;
        int s2 = 2 * scaleStride;
        int s3 = 3 * scaleStride;
        FloatVector zero = FloatVector.zero(F);
        FloatVector a0 = zero, a1 = zero, a2 = zero, a3 = zero;
        for (int i = 0; i < blocks * BLOCK; i += N) {
            int q = wOffset + (i >> 7) * 16 + (i & 15);
            int shift = shift(i);
            int s = scaleOffset + scale(block + (i >> 8), i >> 6 & 3) + (i >> 5 & 1) * N;
            FloatVector a = FloatVector.fromArray(F, x, xOffset + i);
            a0 = convert(w, q, shift, scales[s], scales[s + 2]).fma(a, a0);
            a1 = convert(w, q + stride, shift, scales[s + s1], scales[s + s1 + 2]).fma(a, a1);
            a2 = convert(w, q + 2 * stride, shift, scales[s + s2], scales[s + s2 + 2]).fma(a, a2);
            a3 = convert(w, q + 3 * stride, shift, scales[s + s3], scales[s + s3 + 2]).fma(a, a3);
        }
        a0.intoArray(sums, sumsOffset);
        a1.intoArray(sums, sumsOffset + N);
        a2.intoArray(sums, sumsOffset + 2 * N);
        a3.intoArray(sums, sumsOffset + 3 * N);
    }

    private static FloatVector convert(int[] w, int q, int shift, float scale, float min) {
        FloatVector codes = (FloatVector) IntVector.fromArray(I, w, q).lanewise(LSHR, shift).and(15).convert(I2F, 0);
        return codes.fma(FloatVector.broadcast(F, scale), FloatVector.broadcast(F, min));
    }

    /** Where the nibble of element i begins in its int. */
    private static int shift(int i) {
        return (i >> 6 & 1) * 16 + (i >> 4 & 1) * 8 + (i >> 5 & 1) * 4;
    }

    /**
     * Where {@link #toFloats} puts the scale of part 2 {@code pair} of a block; that of the next part stands N behind it, and the
     * negative minimum of each 2 behind its scale.
     */
    private static int scale(int block, int pair) {
        return (block & -BLOCKS) * SCALES + (block & BLOCKS - 1) * 4 + (pair & 1) * 2 * N + (pair >> 1);
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
    private static final IntVector LAST_BITS = perLane(0, 0x0f0f0f0f, 0, 0x0f0f0f0f);

    /**
     * The scales of {@code blocks} blocks from {@code from} on and the minimums, negative: see {@link #scale}. One method, too large to be
     * inlined: in its caller C2 would run out of nodes and allocate vectors.
     */
    private static void toFloats(float[] out, int outOffset, int[] scales, int from, int blocks) {
        int whole = blocks & -BLOCKS;
        for (int b = 0; b < whole; b++) { // what they are multiples of, where the first of them will stand
            int s = outOffset + scale(b, 0);
            float d = Q4K.d(scales, from + b);
            float dmin = -Q4K.dmin(scales, from + b);
            out[s] = d;
            out[s + 1] = d;
            out[s + 2] = dmin;
            out[s + 3] = dmin;
        }
        for (int b = 0; b < whole; b += BLOCKS) {
            int s = outOffset + b * SCALES;
            FloatVector units = FloatVector.fromArray(F, out, s);
            IntVector heads = IntVector.fromArray(I, scales, 4 * (from + b));
            IntVector own = heads.rearrange(OWN).lanewise(LSHR, OWN_SHIFT).and(OWN_BITS).lanewise(LSHL, OWN_BACK);
            IntVector bytes = heads.rearrange(LAST).lanewise(LSHR, LAST_SHIFT).and(LAST_BITS).or(own);
            floats(bytes).mul(units).intoArray(out, s);
            floats(bytes.lanewise(LSHR, 8)).mul(units).intoArray(out, s + N);
            floats(bytes.lanewise(LSHR, 16)).mul(units).intoArray(out, s + 2 * N);
            floats(bytes.lanewise(LSHR, 24)).mul(units).intoArray(out, s + 3 * N);
        }
        for (int b = whole; b < blocks; b++) {
            float d = Q4K.d(scales, from + b);
            float dmin = Q4K.dmin(scales, from + b);
            for (int j = 0; j < BLOCK / PART; j++) {
                int s = outOffset + scale(b, j / 2) + j % 2 * N;
                out[s] = d * Q4K.scale(scales, from + b, j);
                out[s + 2] = -(dmin * Q4K.min(scales, from + b, j));
            }
        }
    }

    /** The lowest byte of each lane. */
    private static FloatVector floats(IntVector bytes) {
        return (FloatVector) bytes.and(255).convert(I2F, 0);
    }

    /** out[n] = the n weights from {@code at} on, whole blocks. */
    public static void expand(float[] out, int outOffset, int[] quants, int[] scales, int at, int n) {
        for (int i = 0; i < n; i += PART) {
            int block = (at + i) / BLOCK;
            int part = i % BLOCK / PART;
            float step = Q4K.d(scales, block) * Q4K.scale(scales, block, part);
            float min = -(Q4K.dmin(scales, block) * Q4K.min(scales, block, part));
            for (int j = i; j < i + PART; j += N) {
                int q = (at + j) / 128 * 16 + j % 16;
                convert(quants, q, shift(j), step, min).intoArray(out, outOffset + j);
            }
        }
    }
}
