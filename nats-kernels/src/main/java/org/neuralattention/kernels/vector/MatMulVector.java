package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.FloatVector.fromArray;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;
import static org.neuralattention.kernels.vector.MatMulKernel.COLUMNS;
import static org.neuralattention.kernels.vector.MatMulKernel.ROWS;

import org.neuralattention.kernels.Team;
import org.neuralattention.kernels.WeightMatrix;

/**
 * A matrix product by panels. The operand with fewer lines (rows of a, columns of b) is copied into panels that all threads
 * share. Then each task takes a block of lines of the other, copies it into panels of its own and computes that part of out: so
 * each value is packed once, and the larger operand never travels from core to core.
 *
 * <p>The sum over k is cut at fixed places, so an element of out depends on its row of a and its column of b only: not on the
 * shape of a block, nor on the number of threads.
 */
public final class MatMulVector {

    /**
     * Steps of the sum over k at a time: panels of up to 128 KiB (of b, at 512 bits) in the second cache feed the microkernel
     * as fast as those of 256 steps in the first, and out is rarely read again.
     */
    private static final int DEPTH = 1024;

    /** Floats in shared panels: 8 MiB stay in the last cache. */
    private static final int SHARED = 1 << 21;

    /** Lines of a shared operand that a task packs, whole panels of either, and steps: some 10 microseconds. */
    private static final int PACKED_LINES = ROWS * COLUMNS;
    private static final int PACKED_STEPS = 256;

    /** Rows and columns of a task, at most: either's panels fit the second cache, with what of the shared panels is in use. */
    private static final int BLOCK_ROWS = 60;
    private static final int BLOCK_COLUMNS = 128;

    /** Multiply-adds that are worth a task of their own, some 10 microseconds. */
    private static final long TASK = 1 << 20;

    /** Tasks that keep a team of any usual size busy. */
    private static final int TASKS = 32;

    /**
     * With a as [k, m] a tile reads ROWS neighbours at each step of k: in place, unless rows of a lie a multiple of 4 KiB apart and so
     * would push each other out of the caches.
     */
    private static final int CONFLICT = 1024;

    /** Floats of a tile, with which the scratch of a worker begins. */
    private static final int TILE = ROWS * COLUMNS;

    /** Rows of stored weights that are expanded before they are transposed into a panel, as many as are transposed together: 16 KiB. */
    private static final int EXPANDED = 4;

    private final float[] out;
    private final int outOffset;
    private final float[] a;
    private final int aOffset;
    private final boolean aByK;
    private final float[] b;
    private final int bOffset;
    private final boolean bByK;
    private final WeightMatrix weights; // b, or null if it is float32
    private final int m;
    private final int n;
    private final int k;
    private final boolean accumulate;
    private final boolean inPlace;

    /** out[m, n] = a b: with a as [m, k] or, if {@code aByK}, [k, m]; b as [n, k] or, if {@code bByK}, [k, n]. */
    public MatMulVector(float[] out, int outOffset, float[] a, int aOffset, boolean aByK, float[] b, int bOffset, boolean bByK,
            int m, int n, int k, boolean accumulate) {
        this(out, outOffset, a, aOffset, aByK, b, bOffset, bByK, null, m, n, k, accumulate);
    }

    /** out[m, n] = a[m, k] weights[n, k]^T, for weights that are not float32. */
    public MatMulVector(float[] out, int outOffset, float[] a, int aOffset, WeightMatrix weights, int m) {
        this(out, outOffset, a, aOffset, false, null, 0, false, weights, m, weights.rows(), weights.cols(), false);
    }

    private MatMulVector(float[] out, int outOffset, float[] a, int aOffset, boolean aByK, float[] b, int bOffset, boolean bByK,
            WeightMatrix weights, int m, int n, int k, boolean accumulate) {
        this.out = out;
        this.outOffset = outOffset;
        this.a = a;
        this.aOffset = aOffset;
        this.aByK = aByK;
        this.b = b;
        this.bOffset = bOffset;
        this.bByK = bByK;
        this.weights = weights;
        this.m = m;
        this.n = n;
        this.k = k;
        this.accumulate = accumulate;
        this.inPlace = aByK && m % CONFLICT != 0;
    }

    /** Floats of scratch that the threads share. */
    public int shared() {
        return Math.min(k, DEPTH) * (bShared() ? sharedLines(n, COLUMNS) : sharedLines(m, ROWS));
    }

    /** Floats of scratch for each worker. */
    public int perWorker() {
        return expanded() + (weights == null ? 0 : Math.min(k, DEPTH) * EXPANDED);
    }

    /** Where a worker's expanded rows stand, behind its tile and its panels. */
    private int expanded() {
        return TILE + Math.min(k, DEPTH) * (bShared() ? BLOCK_ROWS : BLOCK_COLUMNS);
    }

    private boolean bShared() {
        return n <= m;
    }

    /** Lines of the shared operand that are packed at a time: whole panels. */
    private int sharedLines(int lines, int width) {
        int most = SHARED / Math.min(k, DEPTH) / width * width;
        return lines <= most - width ? Math.ceilDiv(lines, width) * width : most;
    }

    /** Computes the product, with scratch of {@link #shared} and {@link #perWorker}. */
    public void run(float[] shared, float[][] floats, Team team) {
        for (int piece = 0; piece < Math.ceilDiv(k, DEPTH); piece++) {
            int p = piece * DEPTH;
            int depth = Math.min(DEPTH, k - p);
            if (bShared()) {
                int most = sharedLines(n, COLUMNS);
                for (int part = 0; part < Math.ceilDiv(n, most); part++) {
                    columns(part * most, Math.min(most, n - part * most), p, depth, shared, floats, team);
                }
            } else {
                int most = sharedLines(m, ROWS);
                for (int part = 0; part < Math.ceilDiv(m, most); part++) {
                    rows(part * most, Math.min(most, m - part * most), p, depth, shared, floats, team);
                }
            }
        }
    }

    /** Columns [j, j + columns) of out for steps [p, p + depth): their panels of b are shared, tasks are blocks of rows. */
    private void columns(int j, int columns, int p, int depth, float[] shared, float[][] floats, Team team) {
        int pieces = Math.ceilDiv(depth, PACKED_STEPS);
        team.run(Math.ceilDiv(columns, PACKED_LINES) * pieces, (task, worker) -> {
            int from = task / pieces * PACKED_LINES;
            int step = task % pieces * PACKED_STEPS;
            packB(shared, from * depth + step * COLUMNS, COLUMNS * depth,
                    j + from, Math.min(PACKED_LINES, columns - from), p + step, Math.min(PACKED_STEPS, depth - step), floats[worker]);
        });
        int block = block(BLOCK_ROWS, ROWS, m, (long) columns * depth);
        team.run(Math.ceilDiv(m, block), (task, worker) -> {
            int i = task * block;
            int rows = Math.min(block, m - i);
            packA(floats[worker], TILE, ROWS * depth, i, rows, p, depth);
            tiles(i, rows, floats[worker], TILE, j, columns, shared, 0, p, depth, floats[worker]);
        });
    }

    /** Rows [i, i + rows) of out for steps [p, p + depth): their panels of a are shared, tasks are blocks of columns. */
    private void rows(int i, int rows, int p, int depth, float[] shared, float[][] floats, Team team) {
        int pieces = Math.ceilDiv(depth, PACKED_STEPS);
        team.run(Math.ceilDiv(rows, PACKED_LINES) * pieces, (task, worker) -> {
            int from = task / pieces * PACKED_LINES;
            int step = task % pieces * PACKED_STEPS;
            packA(shared, from * depth + step * ROWS, ROWS * depth,
                    i + from, Math.min(PACKED_LINES, rows - from), p + step, Math.min(PACKED_STEPS, depth - step));
        });
        int block = block(BLOCK_COLUMNS, COLUMNS, n, (long) rows * depth);
        team.run(Math.ceilDiv(n, block), (task, worker) -> {
            int j = task * block;
            int columns = Math.min(block, n - j);
            packB(floats[worker], TILE, COLUMNS * depth, j, columns, p, depth, floats[worker]);
            for (int from = 0; from < rows; from += BLOCK_ROWS) { // shared panels that the second cache holds meanwhile
                tiles(i + from, Math.min(BLOCK_ROWS, rows - from), shared, from * depth, j, columns, floats[worker], TILE, p, depth, floats[worker]);
            }
        });
    }

    /** Lines of a task, whole panels: at most {@code most}, fewer for more tasks, if one still is worth its dispatch. */
    private static int block(int most, int width, int lines, long perLine) {
        int block = Math.min(most, Math.ceilDiv(Math.ceilDiv(lines, TASKS), width) * width);
        while (block < most && block * perLine < TASK) {
            block += width;
        }
        return block;
    }

    /** Copies steps [p, p + depth) of rows [i, i + rows) of a into panels, but those that are read in place. */
    private void packA(float[] panels, int panelOffset, int panelStride, int i, int rows, int p, int depth) {
        int first = inPlace ? rows / ROWS * ROWS : 0;
        if (first < rows) {
            pack(panels, panelOffset + first / ROWS * panelStride, panelStride, ROWS, a, aOffset, aByK, m, i + first, rows - first, p, depth);
        }
    }

    /** Copies steps [p, p + depth) of columns [j, j + columns) of b into panels. */
    private void packB(float[] panels, int panelOffset, int panelStride, int j, int columns, int p, int depth, float[] scratch) {
        if (weights == null) {
            pack(panels, panelOffset, panelStride, COLUMNS, b, bOffset, bByK, n, j, columns, p, depth);
            return;
        }
        for (int i = 0; i < columns; i += EXPANDED) {
            int rows = Math.min(EXPANDED, columns - i);
            for (int row = 0; row < rows; row++) {
                weights.expandRun(scratch, expanded() + row * depth, (j + i + row) * k + p, depth);
            }
            MatMulPack.transpose(panels, panelOffset + i / COLUMNS * panelStride + i % COLUMNS, COLUMNS, scratch, expanded(), depth, rows, depth);
        }
    }

    private void pack(float[] panels, int panelOffset, int panelStride, int width, float[] x, int xOffset, boolean byK, int all,
            int first, int lines, int p, int depth) {
        if (byK) {
            MatMulPack.copy(panels, panelOffset, panelStride, width, x, xOffset + p * all + first, all, lines, depth);
            return;
        }
        for (int i = 0; i < lines; i += width, panelOffset += panelStride) {
            MatMulPack.transpose(panels, panelOffset, width, x, xOffset + (first + i) * k + p, k, Math.min(width, lines - i), depth);
        }
    }

    /** Rows [i, i + rows) by columns [j, j + columns) of out, whose panels begin at {@code aPanel} and {@code bPanel}. */
    private void tiles(int i, int rows, float[] aPanels, int aPanel, int j, int columns, float[] bPanels, int bPanel,
            int p, int depth, float[] tile) {
        for (int c = 0; c < columns; c += COLUMNS) {
            for (int r = 0; r < rows; r += ROWS) {
                tile(i + r, Math.min(ROWS, rows - r), aPanels, aPanel + r * depth,
                        j + c, Math.min(COLUMNS, columns - c), bPanels, bPanel + c * depth, p, depth, tile);
            }
        }
    }

    private void tile(int i, int rows, float[] aPanels, int aPanel, int j, int columns, float[] bPanels, int bPanel,
            int p, int depth, float[] tile) {
        boolean there = inPlace && rows == ROWS;
        float[] aFrom = there ? a : aPanels;
        int aAt = there ? aOffset + p * m + i : aPanel;
        int aStride = there ? m : ROWS;
        int to = outOffset + i * n + j;
        boolean add = accumulate || p > 0;
        boolean whole = rows == ROWS && columns == COLUMNS && !add;
        MatMulKernel.tile(whole ? out : tile, whole ? to : 0, whole ? n : COLUMNS, aFrom, aAt, aStride, bPanels, bPanel, COLUMNS, depth);
        if (whole) {
            return;
        }
        for (int row = 0; row < rows; row++) {
            if (add) {
                add(out, to + row * n, tile, row * COLUMNS, columns);
            } else {
                System.arraycopy(tile, row * COLUMNS, out, to + row * n, columns);
            }
        }
    }

    /** Adds the part of a row of a tile that lies inside of out. */
    private static void add(float[] out, int outOffset, float[] tile, int tileOffset, int columns) {
        int j = 0;
        for (; j <= columns - N; j += N) {
            fromArray(F, out, outOffset + j).add(fromArray(F, tile, tileOffset + j)).intoArray(out, outOffset + j);
        }
        for (; j < columns; j++) {
            out[outOffset + j] += tile[tileOffset + j];
        }
    }
}
