package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.FloatVector.fromArray;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Products of a few vectors with rows of float32 weights, both contiguous along k: nothing is packed.
 *
 * <p>A run of rows is read as four streams, a quarter of it each, so that the processor's prefetchers have long runs to follow;
 * a tile takes one row of each. The up to three rows that are left are tiles of one row four times. A row that is read once serves up to four x. Each sum is one chain over k in steps of a
 * vector and a tree over its lanes, whatever stands beside it.
 */
public final class MatVecVector {

    /** Floats of scratch: the sums of a tile for four x, or of {@link MatVecQ8#GROUP} tiles for one, lane by lane. */
    public static final int SUMS = MatVecQ8.GROUP * 4 * 16;

    private MatVecVector() {}

    /**
     * out[c, row] = (add ? out[c, row] : 0) + x[c] . w[row] for tiles [from, to) of the rows / 4 of w[rows, k], the last with the
     * rows that are left, and each of {@code count} x; n from one row of out to the next.
     *
     * @param sums scratch of {@link #SUMS}
     */
    public static void rows(float[] out, int outOffset, float[] x, int xOffset, float[] w, int wOffset,
            int count, int n, int rows, int k, int from, int to, boolean add, float[] sums) {
        int stream = rows / 4;
        for (int row = from; row < to; row++) {
            tile(out, outOffset + row, stream, x, xOffset, w, wOffset + row * k, stream * k, count, n, k, add, sums);
        }
        for (int row = 4 * stream; row < rows && to == stream; row++) {
            tile(out, outOffset + row, 0, x, xOffset, w, wOffset + row * k, 0, count, n, k, add, sums);
        }
    }

    /** The same for {@code rows} neighbouring rows, at most four, of a matrix of n: out stands at the first. */
    public static void expanded(float[] out, int outOffset, float[] x, int xOffset, float[] w, int wOffset,
            int count, int n, int rows, int k, float[] sums) {
        if (rows == 4) {
            tile(out, outOffset, 1, x, xOffset, w, wOffset, k, count, n, k, false, sums);
            return;
        }
        for (int row = 0; row < rows; row++) {
            tile(out, outOffset + row, 0, x, xOffset, w, wOffset + row * k, 0, count, n, k, false, sums);
        }
    }

    /** Four rows, {@code stream} apart in out and {@code stride} in w. */
    private static void tile(float[] out, int at, int stream, float[] x, int xOffset, float[] w, int wOffset, int stride,
            int count, int n, int k, boolean add, float[] sums) {
        for (int c = 0; c < count; ) {
            int many = count - c >= 4 ? 4 : count - c >= 2 ? 2 : 1;
            int from = xOffset + c * k;
            switch (many) {
                case 4 -> four(sums, x, from, w, wOffset, stride, k);
                case 2 -> two(sums, x, from, w, wOffset, stride, k);
                default -> one(sums, x, from, w, wOffset, stride, k);
            }
            for (int i = 0; i < many; i++, c++) {
                LaneSums.put(out, at + c * n, stream, sums, 4 * i * N, add);
            }
        }
    }

    /** Four rows, one x. */
    private static void one(float[] sums, float[] x, int xOffset, float[] w, int wOffset, int stride, int k) {
        int w1 = wOffset + stride;
        int w2 = wOffset + 2 * stride;
        int w3 = wOffset + 3 * stride;
        FloatVector zero = FloatVector.zero(F);
        FloatVector a0 = zero, a1 = zero, a2 = zero, a3 = zero;
        int i = 0;
        for (; i <= k - N; i += N) {
            FloatVector a = fromArray(F, x, xOffset + i);
            FloatVector v = fromArray(F, w, wOffset + i);
            a0 = v.fma(a, a0);
            v = fromArray(F, w, w1 + i);
            a1 = v.fma(a, a1);
            v = fromArray(F, w, w2 + i);
            a2 = v.fma(a, a2);
            v = fromArray(F, w, w3 + i);
            a3 = v.fma(a, a3);
        }
        a0.intoArray(sums, 0);
        a1.intoArray(sums, N);
        a2.intoArray(sums, 2 * N);
        a3.intoArray(sums, 3 * N);
        rest(sums, 1, x, xOffset, w, wOffset, stride, i, k);
    }

    /** Four rows, two x. */
    private static void two(float[] sums, float[] x, int xOffset, float[] w, int wOffset, int stride, int k) {
        int x1 = xOffset + k;
        int w1 = wOffset + stride;
        int w2 = wOffset + 2 * stride;
        int w3 = wOffset + 3 * stride;
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
        a0.intoArray(sums, 0);
        a1.intoArray(sums, N);
        a2.intoArray(sums, 2 * N);
        a3.intoArray(sums, 3 * N);
        b0.intoArray(sums, 4 * N);
        b1.intoArray(sums, 5 * N);
        b2.intoArray(sums, 6 * N);
        b3.intoArray(sums, 7 * N);
        rest(sums, 2, x, xOffset, w, wOffset, stride, i, k);
    }

    /** Four rows, four x. */
    private static void four(float[] sums, float[] x, int xOffset, float[] w, int wOffset, int stride, int k) {
        int x1 = xOffset + k;
        int x2 = xOffset + 2 * k;
        int x3 = xOffset + 3 * k;
        int w1 = wOffset + stride;
        int w2 = wOffset + 2 * stride;
        int w3 = wOffset + 3 * stride;
        FloatVector zero = FloatVector.zero(F);
        FloatVector a0 = zero, a1 = zero, a2 = zero, a3 = zero;
        FloatVector b0 = zero, b1 = zero, b2 = zero, b3 = zero;
        FloatVector c0 = zero, c1 = zero, c2 = zero, c3 = zero;
        FloatVector d0 = zero, d1 = zero, d2 = zero, d3 = zero;
        int i = 0;
        for (; i <= k - N; i += N) {
            FloatVector a = fromArray(F, x, xOffset + i);
            FloatVector b = fromArray(F, x, x1 + i);
            FloatVector c = fromArray(F, x, x2 + i);
            FloatVector d = fromArray(F, x, x3 + i);
            FloatVector v = fromArray(F, w, wOffset + i);
            a0 = v.fma(a, a0);
            b0 = v.fma(b, b0);
            c0 = v.fma(c, c0);
            d0 = v.fma(d, d0);
            v = fromArray(F, w, w1 + i);
            a1 = v.fma(a, a1);
            b1 = v.fma(b, b1);
            c1 = v.fma(c, c1);
            d1 = v.fma(d, d1);
            v = fromArray(F, w, w2 + i);
            a2 = v.fma(a, a2);
            b2 = v.fma(b, b2);
            c2 = v.fma(c, c2);
            d2 = v.fma(d, d2);
            v = fromArray(F, w, w3 + i);
            a3 = v.fma(a, a3);
            b3 = v.fma(b, b3);
            c3 = v.fma(c, c3);
            d3 = v.fma(d, d3);
        }
        a0.intoArray(sums, 0);
        a1.intoArray(sums, N);
        a2.intoArray(sums, 2 * N);
        a3.intoArray(sums, 3 * N);
        b0.intoArray(sums, 4 * N);
        b1.intoArray(sums, 5 * N);
        b2.intoArray(sums, 6 * N);
        b3.intoArray(sums, 7 * N);
        c0.intoArray(sums, 8 * N);
        c1.intoArray(sums, 9 * N);
        c2.intoArray(sums, 10 * N);
        c3.intoArray(sums, 11 * N);
        d0.intoArray(sums, 12 * N);
        d1.intoArray(sums, 13 * N);
        d2.intoArray(sums, 14 * N);
        d3.intoArray(sums, 15 * N);
        rest(sums, 4, x, xOffset, w, wOffset, stride, i, k);
    }

    /**
     * Adds what is left from {@code i} on to the sums of four rows and {@code many} x. A method of its own also because {@link #four} with it is more
     * than C1 can compile, and then now and then stays for good in the code that boxes every vector, 90 times slower.
     */
    private static void rest(float[] sums, int many, float[] x, int xOffset, float[] w, int wOffset, int stride, int i, int k) {
        if (i == k) {
            return;
        }
        VectorMask<Float> inside = F.indexInRange(i, k);
        for (int c = 0; c < many; c++) {
            FloatVector a = fromArray(F, x, xOffset + c * k + i, inside);
            for (int r = 0; r < 4; r++) {
                int sum = (4 * c + r) * N;
                fromArray(F, w, wOffset + r * stride + i, inside).fma(a, fromArray(F, sums, sum)).intoArray(sums, sum);
            }
        }
    }
}
