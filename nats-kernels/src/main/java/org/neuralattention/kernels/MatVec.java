package org.neuralattention.kernels;

import org.neuralattention.kernels.vector.Lanes;
import org.neuralattention.kernels.vector.MatVecBf16;
import org.neuralattention.kernels.vector.MatVecQ4;
import org.neuralattention.kernels.vector.MatVecQ8;
import org.neuralattention.kernels.vector.MatVecVector;

/**
 * Products of one matrix with a few vectors, as in decoding: the time goes into reading the weights once.
 *
 * <p>Each x gets the same bits alone as among others, and for any number of threads. The vector kernels take the same sums for
 * weights of any format: the bits are those of the expanded weights as float32.
 */
public final class MatVec {

    /**
     * Multiply-adds in a task: at least some 10 microseconds of work, at most a megabyte of bytes. A task reads four runs of rows
     * at once; long runs are what the processor's prefetchers follow (q8 from memory, one Zen 5 core: 14 GB/s with runs of one row
     * of 1 KiB, 26 GB/s with 256 KiB).
     */
    private static final int LEAST = 1 << 16;

    private static final int MOST = 1 << 20;

    /** Tasks that keep a team of any usual size busy. */
    private static final int TASKS = 64;

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
            int rows = rowsPerTask(n, k);
            team.run(Math.ceilDiv(n, rows), (task, worker) ->
                    plainRows(out, outOffset, x, xOffset, w, wOffset, count, n, k, task * rows, Blocks.end(task, rows, n)));
        }
    }

    /** out[count, w.rows] = x[count, w.cols] w^T, as above for weights of any format. */
    public static void forward(float[] out, int outOffset, float[] x, int xOffset, WeightMatrix w, int count, Team team) {
        if (w instanceof WeightMatrix.F32(float[] data, int offset, int n, int k)) {
            forward(out, outOffset, x, xOffset, data, offset, count, n, k, team);
            return;
        }
        Check.notNegative("count", count);
        Check.range("out", out, outOffset, (long) count * w.rows());
        Check.range("x", x, xOffset, (long) count * w.cols());
        int rows = rowsPerTask(w.rows(), w.cols());
        float[][] floats = team.workerFloats(MatVec.class, MatVecVector.SUMS + Math.max(4 * w.cols(), MatVecQ8.SCALES));
        team.run(Math.ceilDiv(w.rows(), rows), (task, worker) -> {
            int from = task * rows;
            int to = Blocks.end(task, rows, w.rows());
            if (Kernels.VECTOR && count == 1 && inRegisters(w)) {
                stored(out, outOffset, x, xOffset, w, from, to, floats[worker]);
            } else {
                expanded(out, outOffset, x, xOffset, w, count, from, to, floats[worker]);
            }
        });
    }

    /** Whether {@link #stored} takes such rows. */
    private static boolean inRegisters(WeightMatrix w) {
        return w.cols() % (Lanes.BITS / Float.SIZE) == 0 && (w.dtype() == Dtype.BF16 || Quants.BYTES);
    }

    /** One x, rows [from, to) expanded in registers. */
    private static void stored(float[] out, int outOffset, float[] x, int xOffset, WeightMatrix w, int from, int to, float[] scratch) {
        switch (w) {
            case WeightMatrix.F32 f -> throw new AssertionError(f);
            case WeightMatrix.Bf16(short[] bits, int offset, int n, int k) ->
                    MatVecBf16.rows(out, outOffset, x, xOffset, bits, offset, k, from, to, scratch);
            case WeightMatrix.Q8(byte[] quants, short[] scales, int offset, int n, int k) ->
                    MatVecQ8.rows(out, outOffset, x, xOffset, quants, scales, offset, k, from, to, scratch);
            case WeightMatrix.Q4(byte[] quants, short[] scales, int offset, int n, int k) ->
                    MatVecQ4.rows(out, outOffset, x, xOffset, quants, scales, offset, k, from, to, scratch);
        }
    }

    /** Several x: four rows at a time are expanded into scratch, which then serves all of them from the cache. */
    private static void expanded(float[] out, int outOffset, float[] x, int xOffset, WeightMatrix w, int count,
            int from, int to, float[] scratch) {
        int n = w.rows();
        int k = w.cols();
        for (int row = from; row < to; row += 4) {
            int rows = Math.min(4, to - row);
            w.expand(scratch, MatVecVector.SUMS, row, rows);
            if (Kernels.VECTOR) {
                MatVecVector.rows(out, outOffset + row, x, xOffset, scratch, MatVecVector.SUMS, count, n, k, 0, rows, false, scratch);
            } else {
                plainRows(out, outOffset + row, x, xOffset, scratch, MatVecVector.SUMS, count, n, k, 0, rows);
            }
        }
    }

    static void vector(float[] out, int outOffset, float[] x, int xOffset, float[] w, int wOffset,
            int count, int n, int k, boolean add, Team team) {
        int rows = rowsPerTask(n, k);
        float[][] sums = team.workerFloats(MatVec.class, MatVecVector.SUMS);
        team.run(Math.ceilDiv(n, rows), (task, worker) -> MatVecVector.rows(
                out, outOffset, x, xOffset, w, wOffset, count, n, k, task * rows, Blocks.end(task, rows, n), add, sums[worker]));
    }

    /** Rows of weights in a task: a multiple of 4 that depends on the matrix's shape only. */
    static int rowsPerTask(int n, int k) {
        long task = Math.clamp((long) n * k / TASKS, LEAST, MOST);
        return (int) Math.max(4, task / Math.max(k, 1) & -4);
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
