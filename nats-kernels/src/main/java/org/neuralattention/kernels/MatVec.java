package org.neuralattention.kernels;

import org.neuralattention.kernels.vector.MatVecVector;

/**
 * Products of one matrix with a few vectors, as in decoding: the time goes into reading the weights once.
 *
 * <p>Each x gets the same bits alone as among others, and for any number of threads.
 */
public final class MatVec {

    /** Multiply-adds in a task, about: a quarter of a megabyte of weights, some 10 microseconds. */
    private static final int TASK = 1 << 16;

    private MatVec() {}

    /**
     * out[count, n] = x[count, k] w[n, k]^T. A row of weights is read once for all x. {@code out} must not overlap an input;
     * sizes may be 0, and with {@code k = 0} the product is all zeros.
     *
     * @throws IllegalArgumentException if a size is negative or an array null
     * @throws IndexOutOfBoundsException if a matrix does not fit its array
     */
    public static void forward(float[] out, int outOffset, float[] x, int xOffset, float[] w, int wOffset,
            int count, int n, int k, Team team) {
        Check.notNegative("count", count);
        Check.notNegative("n", n);
        Check.notNegative("k", k);
        Check.range("out", out, outOffset, (long) count * n);
        Check.range("x", x, xOffset, (long) count * k);
        Check.range("w", w, wOffset, (long) n * k);
        if (Kernels.VECTOR) {
            vector(out, outOffset, x, xOffset, w, wOffset, count, n, k, false, team);
        } else {
            int rows = rowsPerTask(k);
            team.run(Math.ceilDiv(n, rows), (task, worker) ->
                    plainRows(out, outOffset, x, xOffset, w, wOffset, count, n, k, task * rows, Blocks.end(task, rows, n)));
        }
    }

    static void vector(float[] out, int outOffset, float[] x, int xOffset, float[] w, int wOffset,
            int count, int n, int k, boolean add, Team team) {
        int rows = rowsPerTask(k);
        team.run(Math.ceilDiv(n, rows), (task, worker) -> MatVecVector.rows(
                out, outOffset, x, xOffset, w, wOffset, count, n, k, task * rows, Blocks.end(task, rows, n), add));
    }

    /** Rows of weights in a task: a multiple of 4 that depends on the length of a row only. */
    static int rowsPerTask(int k) {
        return Math.max(4, TASK / Math.max(k, 1) & -4);
    }

    static void plainRows(float[] out, int outOffset, float[] x, int xOffset, float[] w, int wOffset,
            int count, int n, int k, int from, int to) {
        for (int row = from; row < to; row++) {
            int wRow = wOffset + row * k;
            for (int c = 0; c < count; c++) {
                int xRow = xOffset + c * k;
                float sum = 0;
                for (int i = 0; i < k; i++) {
                    sum += x[xRow + i] * w[wRow + i];
                }
                out[outOffset + c * n + row] = sum;
            }
        }
    }
}
