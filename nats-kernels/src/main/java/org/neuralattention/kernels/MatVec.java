package org.neuralattention.kernels;

import org.neuralattention.kernels.vector.Codes;
import org.neuralattention.kernels.vector.Lanes;
import org.neuralattention.kernels.vector.MatVecBf16;
import org.neuralattention.kernels.vector.MatVecF16;
import org.neuralattention.kernels.vector.MatVecQ4;
import org.neuralattention.kernels.vector.MatVecQ4K;
import org.neuralattention.kernels.vector.MatVecQ6K;
import org.neuralattention.kernels.vector.MatVecQ8;
import org.neuralattention.kernels.vector.MatVecVector;

/**
 * Products of one matrix with a few vectors, as in decoding: the time goes into reading the weights once.
 *
 * <p>Each x gets the same bits alone as among others, and for any number of threads. The vector kernels take the same sums for
 * weights of any format: the bits are those of the expanded weights as float32.
 */
public final class MatVec {

    /** Rows of a tile, which is what tasks are made of: in the vector kernels one of each of four streams. */
    private static final int TILE = 4;

    /** Multiply-adds in a task, at least: some 5 microseconds of work. */
    private static final int LEAST = 1 << 16;

    /**
     * Multiply-adds in a task, at most. Four streams run through a matrix of that size as a whole, through all its tasks; in a larger
     * one each task has streams of its own. Long streams are what the processor's prefetchers follow: q8 from memory, 1024 columns,
     * one Zen 5 core: 13 GB/s with four neighbouring rows, 16 with streams of 16 KiB, 26 with 256 KiB.
     */
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
            int tiles = tilesPerTask(n, k);
            team.run(tasks(n, tiles), (task, worker) -> plainRows(out, outOffset, x, xOffset, w, wOffset, count, n, k,
                    task * tiles * TILE, endRow(Blocks.end(task, tiles, n / TILE), n)));
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
        int n = w.rows();
        int tiles = tilesPerTask(n, w.cols());
        float[][] floats = team.workerFloats(MatVec.class, MatVecVector.SUMS + Math.max(TILE * w.cols(), MatVecQ8.SCALES));
        byte[][] codes = w.dtype().block() == KQuants.BLOCK ? team.workerBytes(MatVec.class, Codes.ROOM) : null;
        team.run(tasks(n, tiles), (task, worker) -> {
            int from = task * tiles;
            int to = Blocks.end(task, tiles, n / TILE);
            if (!Kernels.VECTOR || count != 1 || !inRegisters(w)) {
                expanded(out, outOffset, x, xOffset, w, count, from * TILE, endRow(to, n), floats[worker]);
            } else if (oneRun(n, w.cols())) {
                stored(out, outOffset, x, xOffset, w, 0, n, from, to, floats[worker], codes == null ? null : codes[worker]);
            } else {
                stored(out, outOffset, x, xOffset, w, from * TILE, endRow(to, n) - from * TILE, 0, to - from, floats[worker],
                        codes == null ? null : codes[worker]);
            }
        });
    }

    /** Whether {@link #stored} takes such rows. */
    private static boolean inRegisters(WeightMatrix w) {
        boolean kernel = switch (w.dtype()) {
            case F16, BF16, Q6_K, Q4_K -> true;
            case Q8_0, Q4_0 -> Quants.BYTES;
            case F32 -> false;
        };
        return kernel && w.cols() % (Lanes.BITS / Float.SIZE) == 0;
    }

    /** One x; tiles [from, to) of the run of {@code rows} from row {@code first} on, expanded in registers. */
    private static void stored(float[] out, int outOffset, float[] x, int xOffset, WeightMatrix w,
            int first, int rows, int from, int to, float[] scratch, byte[] codes) {
        int o = outOffset + first;
        switch (w) {
            case WeightMatrix.F32 f -> throw new AssertionError(f);
            case WeightMatrix.F16(short[] bits, int offset, int n, int k) ->
                    MatVecF16.rows(out, o, x, xOffset, bits, offset + first * k, rows, k, from, to, scratch);
            case WeightMatrix.Q4K(byte[] quants, int[] scales, int offset, int n, int k) ->
                    MatVecQ4K.rows(out, o, x, xOffset, quants, scales, offset + first * k, rows, k, from, to, scratch, codes);
            case WeightMatrix.Q6K(byte[] quants, byte[] scales, short[] d, int offset, int n, int k) ->
                    MatVecQ6K.rows(out, o, x, xOffset, quants, scales, d, offset + first * k, rows, k, from, to, scratch, codes);
            case WeightMatrix.Bf16(short[] bits, int offset, int n, int k) ->
                    MatVecBf16.rows(out, o, x, xOffset, bits, offset + first * k, rows, k, from, to, scratch);
            case WeightMatrix.Q8(byte[] quants, short[] scales, int offset, int n, int k) ->
                    MatVecQ8.rows(out, o, x, xOffset, quants, scales, offset + first * k, rows, k, from, to, scratch);
            case WeightMatrix.Q4(byte[] quants, short[] scales, int offset, int n, int k) ->
                    MatVecQ4.rows(out, o, x, xOffset, quants, scales, offset + first * k, rows, k, from, to, scratch);
        }
    }

    /** Several x, rows [from, to): four at a time are expanded into scratch, which then serves all x from the cache. */
    private static void expanded(float[] out, int outOffset, float[] x, int xOffset, WeightMatrix w, int count,
            int from, int to, float[] scratch) {
        int n = w.rows();
        int k = w.cols();
        for (int row = from; row < to; row += TILE) {
            int rows = Math.min(TILE, to - row);
            w.expand(scratch, MatVecVector.SUMS, row, rows);
            if (Kernels.VECTOR) {
                MatVecVector.expanded(out, outOffset + row, x, xOffset, scratch, MatVecVector.SUMS, count, n, rows, k, scratch);
            } else {
                plainRows(out, outOffset + row, x, xOffset, scratch, MatVecVector.SUMS, count, n, k, 0, rows);
            }
        }
    }

    static void vector(float[] out, int outOffset, float[] x, int xOffset, float[] w, int wOffset,
            int count, int n, int k, boolean add, Team team) {
        int tiles = tilesPerTask(n, k);
        float[][] sums = team.workerFloats(MatVec.class, MatVecVector.SUMS);
        team.run(tasks(n, tiles), (task, worker) -> {
            int from = task * tiles;
            int to = Blocks.end(task, tiles, n / TILE);
            if (oneRun(n, k)) {
                MatVecVector.rows(out, outOffset, x, xOffset, w, wOffset, count, n, n, k, from, to, add, sums[worker]);
            } else {
                int first = from * TILE;
                MatVecVector.rows(out, outOffset + first, x, xOffset, w, wOffset + first * k, count, n, endRow(to, n) - first, k,
                        0, to - from, add, sums[worker]);
            }
        });
    }

    /** Whether four streams run through the whole matrix. */
    private static boolean oneRun(int n, int k) {
        return (long) n * k <= MOST;
    }

    /** Tiles in a task; depends on the matrix's shape only. */
    private static int tilesPerTask(int n, int k) {
        long task = Math.clamp((long) n * k / TASKS, LEAST, MOST);
        return (int) Math.max(1, task / Math.max(k, 1) / TILE);
    }

    private static int tasks(int n, int tilesPerTask) {
        return n == 0 ? 0 : Math.max(1, Math.ceilDiv(n / TILE, tilesPerTask));
    }

    /** The row behind the tiles before {@code tile}: the last task has the rows that are left. */
    private static int endRow(int tile, int n) {
        return tile == n / TILE ? n : tile * TILE;
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
