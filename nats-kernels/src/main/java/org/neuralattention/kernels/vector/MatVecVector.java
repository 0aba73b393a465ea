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

    private static final VectorShuffle<Float> HALF = VectorShuffle.iota(F, N / 2, 1, true);
    private static final VectorShuffle<Float> QUARTER = VectorShuffle.iota(F, Math.max(1, N / 4), 1, true);
    private static final VectorShuffle<Float> EIGHTH = VectorShuffle.iota(F, Math.max(1, N / 8), 1, true);
    private static final VectorShuffle<Float> SIXTEENTH = VectorShuffle.iota(F, Math.max(1, N / 16), 1, true);

    private MatVecVector() {}

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
        put(out, outOffset, lastRow, sum(a0), sum(a1), sum(a2), sum(a3), add);
        if (lastX == 1) {
            put(out, outOffset + n, lastRow, sum(b0), sum(b1), sum(b2), sum(b3), add);
        }
    }

    private static void put(float[] out, int at, int last, float s0, float s1, float s2, float s3, boolean add) {
        out[at] = add ? out[at] + s0 : s0;
        if (last > 0) {
            out[at + 1] = add ? out[at + 1] + s1 : s1;
        }
        if (last > 1) {
            out[at + 2] = add ? out[at + 2] + s2 : s2;
        }
        if (last > 2) {
            out[at + 3] = add ? out[at + 3] + s3 : s3;
        }
    }

    /** Sum of the lanes as a tree, in a defined order, unlike {@code reduceLanes(ADD)}. */
    private static float sum(FloatVector v) {
        v = v.add(v.rearrange(HALF));
        v = v.add(v.rearrange(QUARTER));
        if (N >= 8) {
            v = v.add(v.rearrange(EIGHTH));
        }
        if (N >= 16) {
            v = v.add(v.rearrange(SIXTEENTH));
        }
        return v.lane(0);
    }
}
