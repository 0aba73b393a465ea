package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.FloatVector.fromArray;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * Products of a few vectors with rows of weights, both contiguous along k: nothing is packed.
 *
 * <p>Four rows and two vectors at a time give eight independent chains of multiply-adds, as many as two units with a latency of
 * four keep going, and four streams from memory. Each sum is one chain over k in steps of a vector and a tree over its lanes,
 * whatever stands beside it: a tile that is not full repeats its last row or vector.
 */
public final class MatVecVector {

    private static final VectorShuffle<Float> HALF = swap(N / 2);
    private static final VectorShuffle<Float> QUARTER = swap(N / 4);
    private static final VectorShuffle<Float> EIGHTH = swap(N / 8);
    private static final VectorShuffle<Float> SIXTEENTH = swap(N / 16);
    private static final VectorMask<Float> UPPER_HALF = bits(N / 2);
    private static final VectorMask<Float> UPPER_QUARTERS = bits(N / 4);

    /** Where the sums of four vectors end: the first in the lowest quarter, the second above the middle, for halves are split first. */
    private static final VectorShuffle<Float> FIRSTS =
            VectorShuffle.fromOp(F, lane -> lane % 4 / 2 * (N / 4) + lane % 2 * (N / 2));

    private MatVecVector() {}

    /** Exchanges lanes whose numbers differ by {@code distance}, a power of two, or none if it is 0. */
    private static VectorShuffle<Float> swap(int distance) {
        return VectorShuffle.fromOp(F, lane -> lane ^ distance);
    }

    /** Lanes in whose number {@code bit} is set. */
    private static VectorMask<Float> bits(int bit) {
        boolean[] set = new boolean[N];
        for (int lane = 0; lane < N; lane++) {
            set[lane] = (lane & bit) != 0;
        }
        return VectorMask.fromArray(F, set, 0);
    }

    /** out[c, row] = (add ? out[c, row] : 0) + x[c] . w[row] for rows [from, to) of w[n, k] and each of {@code count} x. */
    public static void rows(float[] out, int outOffset, float[] x, int xOffset, float[] w, int wOffset,
            int count, int n, int k, int from, int to, boolean add) {
        for (int row = from; row < to; row += 4) {
            for (int c = 0; c < count; c += 2) {
                tile(out, outOffset + c * n + row, n, x, xOffset + c * k, w, wOffset + row * k,
                        Math.min(1, count - 1 - c), Math.min(3, to - 1 - row), k, add);
            }
        }
    }

    /** Up to two vectors and four rows; {@code lastX} and {@code lastRow} are those that exist. */
    private static void tile(float[] out, int outOffset, int n, float[] x, int xOffset, float[] w, int wOffset,
            int lastX, int lastRow, int k, boolean add) {
        int x1 = xOffset + lastX * k;
        int w1 = wOffset + Math.min(1, lastRow) * k;
        int w2 = wOffset + Math.min(2, lastRow) * k;
        int w3 = wOffset + lastRow * k;
        FloatVector zero = FloatVector.zero(F);
        FloatVector a0 = zero, a1 = zero, a2 = zero, a3 = zero;
        FloatVector b0 = zero, b1 = zero, b2 = zero, b3 = zero;
        int i = 0;
        for (; i <= k - N; i += N) {
            FloatVector a = fromArray(F, x, xOffset + i);
            FloatVector b = fromArray(F, x, x1 + i);
            FloatVector v = fromArray(F, w, wOffset + i);
            a0 = v.fma(a, a0);
            b0 = v.fma(b, b0);
            v = fromArray(F, w, w1 + i);
            a1 = v.fma(a, a1);
            b1 = v.fma(b, b1);
            v = fromArray(F, w, w2 + i);
            a2 = v.fma(a, a2);
            b2 = v.fma(b, b2);
            v = fromArray(F, w, w3 + i);
            a3 = v.fma(a, a3);
            b3 = v.fma(b, b3);
        }
        if (i < k) {
            VectorMask<Float> inside = F.indexInRange(i, k);
            FloatVector a = fromArray(F, x, xOffset + i, inside);
            FloatVector b = fromArray(F, x, x1 + i, inside);
            FloatVector v = fromArray(F, w, wOffset + i, inside);
            a0 = v.fma(a, a0);
            b0 = v.fma(b, b0);
            v = fromArray(F, w, w1 + i, inside);
            a1 = v.fma(a, a1);
            b1 = v.fma(b, b1);
            v = fromArray(F, w, w2 + i, inside);
            a2 = v.fma(a, a2);
            b2 = v.fma(b, b2);
            v = fromArray(F, w, w3 + i, inside);
            a3 = v.fma(a, a3);
            b3 = v.fma(b, b3);
        }
        put(out, outOffset, lastRow, sums(a0, a1, a2, a3), add);
        if (lastX == 1) {
            put(out, outOffset + n, lastRow, sums(b0, b1, b2, b3), add);
        }
    }

    private static void put(float[] out, int at, int lastRow, FloatVector sums, boolean add) {
        VectorMask<Float> inside = F.indexInRange(0, lastRow + 1);
        (add ? sums.add(fromArray(F, out, at, inside)) : sums).intoArray(out, at, inside);
    }

    /** The sum of the lanes of each, in lanes 0 to 3. Halves are added to halves, an order that is defined and the same for all four. */
    private static FloatVector sums(FloatVector x0, FloatVector x1, FloatVector x2, FloatVector x3) {
        FloatVector x01 = fold(x0, x1, UPPER_HALF, HALF);
        FloatVector x23 = fold(x2, x3, UPPER_HALF, HALF);
        FloatVector s = fold(x01, x23, UPPER_QUARTERS, QUARTER);
        if (N >= 8) {
            s = s.add(s.rearrange(EIGHTH));
        }
        if (N >= 16) {
            s = s.add(s.rearrange(SIXTEENTH));
        }
        return s.rearrange(FIRSTS);
    }

    /** Adds the parts of x onto each other, and those of y, and returns one part of each: x where {@code upper} is not set. */
    private static FloatVector fold(FloatVector x, FloatVector y, VectorMask<Float> upper, VectorShuffle<Float> swap) {
        return x.blend(y, upper).add(y.blend(x, upper).rearrange(swap));
    }
}
