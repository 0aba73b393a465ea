package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.FloatVector.fromArray;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;
import static org.neuralattention.kernels.vector.MatMulKernel.COLUMNS;
import static org.neuralattention.kernels.vector.MatMulKernel.ROWS;

import org.neuralattention.kernels.Team;

/**
 * A matrix product by panels, in rounds. A round takes a part of out and of the sum over k. First a and b are copied into panels
 * that all threads share, each value once; then each task computes a block of out.
 *
 * <p>The sum over k is cut at fixed places, so an element of out depends on its row of a and its column of b only: not on the
 * shape of a round or block, nor on the number of threads.
 */
public final class MatMulVector {

    /**
     * Steps of the sum over k in a round: panels of up to 128 KiB (of b, at 512 bits) that the second cache holds feed the
     * microkernel as fast as those of 256 steps from the first, and out is rarely read again.
     */
    private static final int DEPTH = 1024;

    /** Floats in the panels of an operand in a round: 8 MiB each stay in the last cache. */
    private static final int ROUND_FLOATS = 1 << 21;

    /** Rows of out in a block, at most: their panels of a have 240 KiB and stay in the second cache. */
    private static final int BLOCK_ROWS = 60;

    /** Columns of out in a block, at most. */
    private static final int BLOCK_COLUMNS = 1024;

    /**
     * With a as [k, m] a tile reads 12 neighbours at each step of k: in place, unless rows of a lie a multiple of 4 KiB apart and so
     * would push each other out of the caches.
     */
    private static final int CONFLICT = 1024;

    /** Lines of an operand that are packed together, whole panels of either: some 10 microseconds. */
    private static final int PACKED_LINES = 24 * N;

    /** Steps that are packed together. */
    private static final int PACKED_STEPS = 256;

    /** Multiply-adds that are worth a task of their own, some 10 microseconds. */
    private static final long TASK = 1 << 20;

    /** Tasks that keep a team of any usual size busy. */
    private static final int TASKS = 32;

    private final float[] out;
    private final int outOffset;
    private final float[] a;
    private final int aOffset;
    private final boolean aByK;
    private final float[] b;
    private final int bOffset;
    private final boolean bByK;
    private final int m;
    private final int n;
    private final int k;
    private final boolean accumulate;
    private final boolean inPlace;
    private final float[] aPanels;
    private final float[] bPanels;
    private final float[][] tiles;
    private final Team team;

    /**
     * out[m, n] = a b: with a as [m, k] or, if {@code aByK}, [k, m]; b as [n, k] or, if {@code bByK}, [k, n].
     * {@code aPanels} and {@code bPanels} are scratch of {@link #panelsOfA} and {@link #panelsOfB}, {@code tiles} one of
     * {@link #tile} for each worker.
     */
    public MatMulVector(float[] out, int outOffset, float[] a, int aOffset, boolean aByK, float[] b, int bOffset, boolean bByK,
            int m, int n, int k, boolean accumulate, float[] aPanels, float[] bPanels, float[][] tiles, Team team) {
        this.out = out;
        this.outOffset = outOffset;
        this.a = a;
        this.aOffset = aOffset;
        this.aByK = aByK;
        this.b = b;
        this.bOffset = bOffset;
        this.bByK = bByK;
        this.m = m;
        this.n = n;
        this.k = k;
        this.accumulate = accumulate;
        this.inPlace = aByK && m % CONFLICT != 0;
        this.aPanels = aPanels;
        this.bPanels = bPanels;
        this.tiles = tiles;
        this.team = team;
    }

    /** Floats of scratch for the panels of a. */
    public static int panelsOfA(int m, int k) {
        return inRound(m, k, ROWS) * Math.min(k, DEPTH);
    }

    /** Floats of scratch for the panels of b. */
    public static int panelsOfB(int n, int k) {
        return inRound(n, k, COLUMNS) * Math.min(k, DEPTH);
    }

    /** Floats of scratch for a tile. */
    public static int tile() {
        return ROWS * COLUMNS;
    }

    /** Lines of an operand in a round: a multiple of {@code width}, that of its panels. */
    private static int inRound(int lines, int k, int width) {
        int most = ROUND_FLOATS / Math.min(k, DEPTH) / width * width;
        return lines <= most - width ? Math.ceilDiv(lines, width) * width : most;
    }

    /** Computes the product. */
    public void run() {
        int rows = inRound(m, k, ROWS);
        int columns = inRound(n, k, COLUMNS);
        for (int pRound = 0; pRound < Math.ceilDiv(k, DEPTH); pRound++) {
            int p = pRound * DEPTH;
            int depth = Math.min(DEPTH, k - p);
            for (int jRound = 0; jRound < Math.ceilDiv(n, columns); jRound++) {
                int j = jRound * columns;
                for (int iRound = 0; iRound < Math.ceilDiv(m, rows); iRound++) {
                    int i = iRound * rows;
                    pack(i, Math.min(rows, m - i), j, Math.min(columns, n - j), p, depth);
                    blocks(i, Math.min(rows, m - i), j, Math.min(columns, n - j), p, depth);
                }
            }
        }
    }

    /** Copies rows [i, i + rows) of a and columns [j, j + columns) of b, steps [p, p + depth), into panels. */
    private void pack(int i, int rows, int j, int columns, int p, int depth) {
        int aFirst = inPlace ? rows / ROWS * ROWS : 0; // the rows before are read in place
        int aTasks = Math.ceilDiv(rows - aFirst, PACKED_LINES);
        int bTasks = i == 0 ? Math.ceilDiv(columns, PACKED_LINES) : 0; // later their panels are there
        int pieces = Math.ceilDiv(depth, PACKED_STEPS);
        team.run((aTasks + bTasks) * pieces, (task, worker) -> {
            int step = task % pieces * PACKED_STEPS;
            int steps = Math.min(PACKED_STEPS, depth - step);
            if (task < aTasks * pieces) {
                int line = aFirst + task / pieces * PACKED_LINES;
                pack(aPanels, ROWS, line, Math.min(rows, line + PACKED_LINES), depth, step, steps, a, aOffset, aByK, m, i, p);
            } else {
                int line = (task / pieces - aTasks) * PACKED_LINES;
                pack(bPanels, COLUMNS, line, Math.min(columns, line + PACKED_LINES), depth, step, steps, b, bOffset, bByK, n, j, p);
            }
        });
    }

    /** Copies lines [from, to) of those that begin at {@code first}, and steps [step, step + steps) of {@code depth} that begin at {@code p}. */
    private void pack(float[] panels, int width, int from, int to, int depth, int step, int steps,
            float[] x, int xOffset, boolean byK, int all, int first, int p) {
        int panel = from * depth + step * width;
        if (byK) {
            MatMulPack.copy(panels, panel, width * depth, width, x, xOffset + (p + step) * all + first + from, all, to - from, steps);
            return;
        }
        for (int i = from; i < to; i += width, panel += width * depth) {
            MatMulPack.transpose(panels, panel, width, x, xOffset + (first + i) * k + p + step, k, Math.min(width, to - i), steps);
        }
    }

    /** Computes a part of out from its panels. */
    private void blocks(int i, int rows, int j, int columns, int p, int depth) {
        int blockRows = Math.min(BLOCK_ROWS, Math.ceilDiv(rows, ROWS) * ROWS);
        int blockColumns = Math.min(BLOCK_COLUMNS, Math.ceilDiv(columns, COLUMNS) * COLUMNS);
        while ((long) Math.ceilDiv(rows, blockRows) * Math.ceilDiv(columns, blockColumns) < TASKS
                && (long) blockRows * blockColumns * depth > TASK) {
            if (blockColumns > 2 * blockRows && blockColumns > COLUMNS) {
                blockColumns = Math.ceilDiv(blockColumns, 2 * COLUMNS) * COLUMNS;
            } else if (blockRows > ROWS) {
                blockRows = Math.ceilDiv(blockRows, 2 * ROWS) * ROWS;
            } else {
                break;
            }
        }
        int height = blockRows;
        int width = blockColumns;
        int down = Math.ceilDiv(rows, height);
        team.run(down * Math.ceilDiv(columns, width), (task, worker) -> {
            int row = task % down * height;
            int toRow = Math.min(rows, row + height);
            int column = task / down * width;
            int toColumn = Math.min(columns, column + width);
            for (int c = column; c < toColumn; c += COLUMNS) {
                for (int r = row; r < toRow; r += ROWS) {
                    tile(i + r, Math.min(ROWS, toRow - r), r * depth, j + c, Math.min(COLUMNS, toColumn - c), c * depth, p, depth, tiles[worker]);
                }
            }
        });
    }

    /** Rows [i, i + rows), columns [j, j + columns) of out from a panel of a, at {@code aPanel}, or a in place, and one of b. */
    private void tile(int i, int rows, int aPanel, int j, int columns, int bPanel, int p, int depth, float[] tile) {
        boolean there = inPlace && rows == ROWS;
        float[] aFrom = there ? a : aPanels;
        int aAt = there ? aOffset + p * m + i : aPanel;
        int aStride = there ? m : ROWS;
        int to = outOffset + i * n + j;
        boolean add = accumulate || p > 0;
        if (rows == ROWS && columns == COLUMNS && !add) {
            MatMulKernel.tile(rows, out, to, n, aFrom, aAt, aStride, bPanels, bPanel, COLUMNS, depth);
            return;
        }
        MatMulKernel.tile(rows, tile, 0, COLUMNS, aFrom, aAt, aStride, bPanels, bPanel, COLUMNS, depth);
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
