package org.neuralattention.kernels.vector;

import java.util.Arrays;

/**
 * The keys that some row of a query tile sees, a block at a time: which they are and the lanes (rows of the tile) that see them.
 *
 * <p>Roles are scattered, so nearly every block of neighbouring keys holds a global and skipping whole blocks gains nothing; collecting the live ones does.
 */
final class LiveKeys {

    /** Rows of a query tile: one per lane. */
    static final int LANES = 64;

    /** Keys of a block: scores of 64 keys x 64 lanes are 16 KiB and stay in the first-level cache. */
    static final int BLOCK = 64;

    /** Ints a worker needs. */
    static final int INTS = 3 * BLOCK;

    private static final int FIRST = BLOCK;
    private static final int LAST = 2 * BLOCK;

    /** [BLOCK] keys, [BLOCK] first lane of each, [BLOCK] last lane of each. */
    final int[] key;

    int count;

    LiveKeys(int[] ints) {
        key = ints;
    }

    /**
     * Collects live keys n from {@code from} on until the block is full or {@code to} is reached; returns where to go on.
     *
     * @param firstPosition row number of key 0, counted like the rows of the tile: 0, or negative for keys of earlier pieces
     * @param firstRow      first row of the tile
     */
    int collect(int from, int to, int firstPosition, int[] lastRow, int lastRowOffset, int firstRow) {
        int n = from;
        int live = 0;
        while (n < to && live < BLOCK) {
            int stop = Math.min(to, n + BLOCK - live);
            for (; n < stop; n++) { // no branch on what is live: which keys are is as good as random
                key[live] = n;
                long spare = (long) lastRow[lastRowOffset + n] - Math.max(firstPosition + n, firstRow);
                live += 1 - (int) (spare >>> 63);
            }
        }
        for (int i = 0; i < live; i++) {
            key[FIRST + i] = Math.max(firstPosition + key[i], firstRow) - firstRow;
            key[LAST + i] = Math.min(lastRow[lastRowOffset + key[i]], firstRow + LANES - 1) - firstRow;
        }
        count = live;
        for (int i = live; i % LaneProduct.ROWS != 0; i++) {
            key[i] = key[live - 1]; // a surplus row repeats a readable one
        }
        return n;
    }

    /** Writes {@code value} where a lane does not see a key of the block: x is [BLOCK, LANES]. */
    void blank(float[] x, int offset, float value) {
        for (int i = 0; i < count; i++) {
            int first = key[FIRST + i];
            int last = key[LAST + i];
            if (first > 0) {
                Arrays.fill(x, offset + i * LANES, offset + i * LANES + first, value);
            }
            if (last < LANES - 1) {
                Arrays.fill(x, offset + i * LANES + last + 1, offset + (i + 1) * LANES, value);
            }
        }
    }

    /**
     * c[d][l] += sum_i a[i][d] b[i][l] over the keys i that lane l sees, all in x. The bits of {@link LaneProduct} with a b that is 0 for the other lanes,
     * but there 0 x NaN is NaN. It is some ten times slower: for tiles in which that has happened.
     */
    void addToLanes(float[] x, int c, int a, int dim, int b) {
        for (int i = 0; i < count; i++) {
            int last = key[LAST + i];
            for (int d = 0; d < dim; d++) {
                float factor = x[a + i * dim + d];
                for (int l = key[FIRST + i]; l <= last; l++) {
                    x[c + d * LANES + l] = Math.fma(factor, x[b + i * LANES + l], x[c + d * LANES + l]);
                }
            }
        }
    }

    /** c[i][d] += sum of a[i][l] b[l][d] over the lanes l < rows that see key i; rows of b and c are {@code row} apart. As {@link #addToLanes}. */
    void addToKeys(float[] x, int c, int a, int b, int row, int rows) {
        for (int i = 0; i < count; i++) {
            int last = Math.min(key[LAST + i], rows - 1);
            for (int l = key[FIRST + i]; l <= last; l++) {
                float factor = x[a + i * LANES + l];
                for (int d = 0; d < row; d++) {
                    x[c + i * row + d] = Math.fma(factor, x[b + l * row + d], x[c + i * row + d]);
                }
            }
        }
    }
}
