package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.FloatVector.fromArray;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;
import static org.neuralattention.kernels.vector.MatMulKernel.COLUMNS;
import static org.neuralattention.kernels.vector.MatMulKernel.ROWS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.neuralattention.kernels.Team;

/**
 * Matrix products by panels: first b is copied into panels of {@link MatMulKernel#COLUMNS} columns that all threads share, then
 * each task computes a block of out, taking the panels of its rows of a in pieces of {@link #DEPTH}.
 *
 * <p>The sum over k is cut at fixed places, so an element of out depends on its row of a and its column of b only: not on the
 * shape of a block, nor on the number of threads.
 */
public final class MatMulVector {

    /** Steps of the sum over k at a time: a panel of b has 32 KiB (at 512 bits) and stays in the first cache. */
    private static final int DEPTH = 256;

    /** Rows of out in a block, at most: their piece of a has 120 KiB and stays in the second cache. */
    private static final int BLOCK_ROWS = 120;

    /** Columns of out in a block, at most: each value of a that was packed is used that often. */
    private static final int BLOCK_COLUMNS = 512;

    /**
     * With a as [k, m] a tile reads 12 neighbours at each step of k: in place, unless rows of a lie a multiple of 4 KiB apart and so
     * would push each other out of the first cache.
     */
    private static final int CONFLICT = 1024;

    /** Panels of b that are packed together. */
    private static final int PACKED_PANELS = 8;

    /** Multiply-adds that are worth a task of their own, some 10 microseconds. */
    private static final long TASK = 1 << 20;

    /** Tasks that keep a team of any usual size busy. */
    private static final int TASKS = 32;

    /** The greatest size: below the longest array by more than a block, so that an index may run past the end by one block. */
    private static final int LARGEST = Integer.MAX_VALUE - 1024;

    private MatMulVector() {}

    /** Whether {@link #run} takes these sizes: its panels of b, with n rounded up, fit an array. */
    public static boolean fits(int m, int n, int k) {
        return m <= LARGEST && Math.ceilDiv(n, COLUMNS) * (long) COLUMNS * k <= LARGEST;
    }

    /** Floats of scratch for the panels of b. */
    public static int panelsOfB(int n, int k) {
        return Math.ceilDiv(n, COLUMNS) * COLUMNS * k;
    }

    /** Floats of scratch a worker needs: panels of a, and a tile. */
    public static int perWorker() {
        return BLOCK_ROWS * DEPTH + ROWS * COLUMNS + N;
    }

    /**
     * out[m, n] = a b: with a as [m, k] or, if {@code aByK}, [k, m]; b as [n, k] or, if {@code bByK}, [k, n].
     * {@code floats}: for each worker a scratch of {@link #perWorker}.
     */
    public static void run(float[] out, int outOffset, float[] a, int aOffset, boolean aByK, float[] b, int bOffset, boolean bByK,
            int m, int n, int k, boolean accumulate, float[] bPanels, float[][] floats, Team team) {
        int panels = Math.ceilDiv(n, COLUMNS);
        int pieces = Math.ceilDiv(k, DEPTH);
        team.run(Math.ceilDiv(panels, PACKED_PANELS) * pieces, (task, worker) -> {
            int j = task / pieces * PACKED_PANELS * COLUMNS;
            int p = task % pieces * DEPTH;
            pack(bPanels, j * k + p * COLUMNS, k * COLUMNS, COLUMNS, b, bOffset, bByK, n, k,
                    j, Math.min(n, j + PACKED_PANELS * COLUMNS), p, Math.min(DEPTH, k - p));
        });
        int rows = Math.min(BLOCK_ROWS, Math.ceilDiv(m, ROWS) * ROWS);
        int columns = Math.min(BLOCK_COLUMNS, panels * COLUMNS);
        while ((long) Math.ceilDiv(m, rows) * Math.ceilDiv(n, columns) < TASKS && (long) rows * columns * k > TASK) {
            if (columns > 2 * rows && columns > COLUMNS) {
                columns = Math.ceilDiv(columns, 2 * COLUMNS) * COLUMNS;
            } else if (rows > ROWS) {
                rows = Math.ceilDiv(rows, 2 * ROWS) * ROWS;
            } else {
                break;
            }
        }
        int blockRows = rows;
        int blockColumns = columns;
        int down = Math.ceilDiv(m, blockRows);
        team.run(down * Math.ceilDiv(n, blockColumns), (task, worker) -> {
            int i = task % down * blockRows;
            int j = task / down * blockColumns;
            block(out, outOffset, a, aOffset, aByK, bPanels, m, n, k, accumulate,
                    i, Math.min(m, i + blockRows), j, Math.min(n, j + blockColumns), floats[worker]);
        });
    }

    private static void block(float[] out, int outOffset, float[] a, int aOffset, boolean aByK, float[] bPanels,
            int m, int n, int k, boolean accumulate, int fromRow, int toRow, int fromColumn, int toColumn, float[] scratch) {
        int tile = BLOCK_ROWS * DEPTH + N;
        for (int p = 0; p < k; p += DEPTH) {
            int depth = Math.min(DEPTH, k - p);
            boolean add = accumulate || p > 0;
            int fullRows = fromRow + (toRow - fromRow) / ROWS * ROWS;
            boolean inPlace = aByK && m % CONFLICT != 0;
            if (!inPlace) {
                pack(scratch, 0, ROWS * depth, ROWS, a, aOffset, aByK, m, k, fromRow, fullRows, p, depth);
            }
            if (fullRows < toRow) {
                pack(scratch, (fullRows - fromRow) * depth, 0, width(toRow - fullRows), a, aOffset, aByK, m, k,
                        fullRows, toRow, p, depth);
            }
            for (int j = fromColumn; j < toColumn; j += COLUMNS) {
                int columns = Math.min(COLUMNS, toColumn - j);
                int bPanel = j * k + p * COLUMNS;
                for (int i = fromRow; i < toRow; i += ROWS) {
                    int rows = Math.min(ROWS, toRow - i);
                    int width = width(rows);
                    boolean there = inPlace && i < fullRows;
                    float[] aFrom = there ? a : scratch;
                    int aPanel = there ? aOffset + p * m + i : (i - fromRow) * depth;
                    int aStride = there ? m : width;
                    int to = outOffset + i * n + j;
                    if (rows == width && columns == COLUMNS && !add) {
                        MatMulKernel.tile(width, out, to, n, aFrom, aPanel, aStride, bPanels, bPanel, COLUMNS, depth);
                    } else {
                        MatMulKernel.tile(width, scratch, tile, COLUMNS, aFrom, aPanel, aStride, bPanels, bPanel, COLUMNS, depth);
                        put(out, to, n, scratch, tile, rows, columns, add);
                    }
                }
            }
        }
    }

    /** Rows of the tile that computes {@code rows} rows. */
    private static int width(int rows) {
        return rows > 6 ? 12 : 6;
    }

    /** Packs lines [from, to) of a matrix of {@code all} lines of length k, stored line by line or, if byK, k by k. */
    private static void pack(float[] panels, int panelOffset, int panelStride, int width, float[] x, int xOffset, boolean byK,
            int all, int k, int from, int to, int p, int depth) {
        if (byK) {
            MatMulPack.copy(panels, panelOffset, panelStride, width, x, xOffset + p * all + from, all, to - from, depth);
            return;
        }
        for (int i = from; i < to; i += width, panelOffset += panelStride) {
            MatMulPack.transpose(panels, panelOffset, width, x, xOffset + i * k + p, k, Math.min(width, to - i), depth);
        }
    }

    /** Stores or adds the part of a tile that lies inside of out. */
    private static void put(float[] out, int outOffset, int outStride, float[] tile, int tileOffset, int rows, int columns, boolean add) {
        int whole = columns / N * N;
        VectorMask<Float> inside = F.indexInRange(whole, columns);
        for (int i = 0; i < rows; i++) {
            int from = tileOffset + i * COLUMNS;
            int to = outOffset + i * outStride;
            for (int j = 0; j < whole; j += N) {
                FloatVector x = fromArray(F, tile, from + j);
                (add ? x.add(fromArray(F, out, to + j)) : x).intoArray(out, to + j);
            }
            if (whole < columns) {
                FloatVector x = fromArray(F, tile, from + whole);
                (add ? x.add(fromArray(F, out, to + whole, inside)) : x).intoArray(out, to + whole, inside);
            }
        }
    }
}
