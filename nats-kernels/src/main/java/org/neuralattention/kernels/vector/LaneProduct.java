package org.neuralattention.kernels.vector;

import static org.neuralattention.kernels.vector.LiveKeys.LANES;

/**
 * The three matrix products of the attention kernels: rows of queries on the lanes, or elements of a head. Keys, their values and what is summed up for them are rows that may lie
 * anywhere, {@code at[i]} floats from an offset, so a key is used where it is.
 *
 * <p>A kernel computes full tiles: surplus keys up to a multiple of {@link #ROWS} are computed from whatever {@code at} points to.
 */
final class LaneProduct {

    private static final boolean WIDE = Lanes.REGISTERS == 32;

    /** Rows of a tile. */
    static final int ROWS = WIDE ? LaneKernel.ROWS : LaneKernel16.ROWS;

    /** Columns of a tile: lanes, or elements of a key. */
    static final int COLUMNS = 2 * Lanes.N;

    private LaneProduct() {}

    /** c[i][l] = sum over d < depth of a[at[i] + d] b[d][l] for i < keys; rows of b and c are {@link LiveKeys#LANES} long. */
    static void scores(float[] c, int cOffset, float[] a, int aOffset, int[] at, float[] b, int bOffset, int keys, int depth) {
        for (int i = 0; i < keys; i += ROWS) {
            for (int l = 0; l < LANES; l += COLUMNS) {
                if (WIDE) {
                    LaneKernel.scores(c, cOffset + i * LANES + l, a, aOffset, at, i, b, bOffset + l, depth);
                } else {
                    LaneKernel16.scores(c, cOffset + i * LANES + l, a, aOffset, at, i, b, bOffset + l, depth);
                }
            }
        }
    }

    /** c[d][l] += sum over i < keys of a[at[i] + d] b[i][l] for d < dim; rows of b and c are {@link LiveKeys#LANES} long. */
    static void addToLanes(float[] c, int cOffset, float[] a, int aOffset, int[] at, float[] b, int bOffset, int dim, int keys) {
        for (int d = 0; d < dim; d += ROWS) {
            for (int l = 0; l < LANES; l += COLUMNS) {
                if (WIDE) {
                    LaneKernel.addToLanes(c, cOffset + d * LANES + l, a, aOffset + d, at, b, bOffset + l, keys);
                } else {
                    LaneKernel16.addToLanes(c, cOffset + d * LANES + l, a, aOffset + d, at, b, bOffset + l, keys);
                }
            }
        }
    }

    /** c[at[i] + d] += sum over l < depth of a[i][l] b[l][d] for i < keys, d < bRow; rows of a are {@link LiveKeys#LANES} long, rows of b {@code bRow}, a multiple of {@link #COLUMNS}. */
    static void addToKeys(float[] c, int cOffset, int[] at, float[] a, int aOffset, float[] b, int bOffset, int bRow, int keys, int depth) {
        for (int i = 0; i < keys; i += ROWS) {
            for (int d = 0; d < bRow; d += COLUMNS) {
                if (WIDE) {
                    LaneKernel.addToKeys(c, cOffset + d, at, i, a, aOffset + i * LANES, b, bOffset + d, bRow, depth);
                } else {
                    LaneKernel16.addToKeys(c, cOffset + d, at, i, a, aOffset + i * LANES, b, bOffset + d, bRow, depth);
                }
            }
        }
    }
}
