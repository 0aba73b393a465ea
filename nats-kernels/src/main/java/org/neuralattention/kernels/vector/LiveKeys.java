package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.LE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;

/**
 * The keys that some row of a query tile sees, a block at a time: where they lie and the lanes (rows of the tile) that see them.
 *
 * <p>Roles are scattered, so nearly every block of neighbouring keys holds a global and skipping whole blocks gains nothing; collecting the live ones does.
 */
final class LiveKeys {

    /** Rows of a query tile: one per lane. With 32, fewer pairs of a short-lived key are computed in vain, but keys are read twice as often: no faster. */
    static final int LANES = 64;

    /** Keys of a block, a multiple of {@link LaneProduct#ROWS}: scores of 96 keys x 64 lanes are 24 KiB and stay in the first-level cache; 64 keys were up to 3 % slower. */
    static final int BLOCK = 96;

    private static final int FIRST = BLOCK + Lanes.N;
    private static final int LAST = 2 * FIRST;

    /** Ints a worker needs. */
    static final int INTS = 3 * FIRST;

    private static final FloatVector LANE = FloatVector.zero(Lanes.F).addIndex(1);
    private static final IntVector STEP = IntVector.zero(Lanes.I).addIndex(1);

    /** [BLOCK] where each key lies, [BLOCK] first lane of each, [BLOCK] last lane of each; with room for a vector behind each. */
    final int[] at;

    int count;

    LiveKeys(int[] ints) {
        at = ints;
    }

    /**
     * Collects live keys n from {@code from} on until the block is full or {@code to} is reached; returns where to go on. Key n lies {@code n * row} from the first.
     *
     * @param firstPosition row number of key 0, counted like the rows of the tile: 0, or negative for keys of earlier pieces
     * @param firstRow      first row of the tile
     * @param surplus       where keys lie that fill up the last tile of a product
     */
    int collect(int from, int to, int firstPosition, int[] lastRow, int lastRowOffset, int firstRow, int row, int surplus) {
        count = 0;
        int n = from;
        while (n <= to - Lanes.N && count <= BLOCK - Lanes.N) {
            n = collectVector(n, firstPosition, lastRow, lastRowOffset, firstRow, row);
        }
        for (; n < to && count < BLOCK; n++) {
            int first = Math.max(firstPosition + n, firstRow);
            int last = lastRow[lastRowOffset + n];
            if (last >= first) {
                at[count] = n * row;
                at[FIRST + count] = first - firstRow;
                at[LAST + count++] = Math.min(last - firstRow, LANES - 1);
            }
        }
        for (int i = count; i % LaneProduct.ROWS != 0; i++) {
            at[i] = surplus;
        }
        return n;
    }

    /** Takes the live ones of a vector of keys. */
    private int collectVector(int n, int firstPosition, int[] lastRow, int lastRowOffset, int firstRow, int row) {
        IntVector last = IntVector.fromArray(Lanes.I, lastRow, lastRowOffset + n);
        IntVector first = STEP.add(firstPosition + n).max(firstRow);
        VectorMask<Integer> live = last.compare(GE, first);
        STEP.add(n).mul(row).compress(live).intoArray(at, count);
        first.sub(firstRow).compress(live).intoArray(at, FIRST + count);
        last.min(firstRow + LANES - 1).sub(firstRow).compress(live).intoArray(at, LAST + count);
        count += live.trueCount();
        return n + Lanes.N;
    }

    /** Writes {@code value} where a lane does not see a key of the block: x is [BLOCK, LANES]. */
    void blank(float[] x, int offset, float value) {
        for (int i = 0; i < count; i++) {
            int first = at[FIRST + i];
            int last = at[LAST + i];
            if (first > 0 || last < LANES - 1) {
                blank(x, offset + i * LANES, first, last, value);
            }
        }
    }

    private static void blank(float[] x, int offset, int first, int last, float value) {
        for (int l = 0; l < LANES; l += Lanes.N) {
            VectorMask<Float> seen = LANE.compare(GE, (float) (first - l)).and(LANE.compare(LE, (float) (last - l)));
            FloatVector.broadcast(Lanes.F, value).blend(FloatVector.fromArray(Lanes.F, x, offset + l), seen).intoArray(x, offset + l);
        }
    }

    /**
     * c[d][l] += sum_i a[at[i] + d] b[i][l] over the keys i that lane l sees. The bits of {@link LaneProduct#addToLanes} with a b that is 0 for the other lanes,
     * but there 0 x NaN is NaN. It is some ten times slower: for tiles in which that has happened.
     */
    void addToLanes(float[] c, int cOffset, float[] a, int aOffset, float[] b, int bOffset, int dim) {
        for (int i = 0; i < count; i++) {
            int last = at[LAST + i];
            for (int d = 0; d < dim; d++) {
                float factor = a[aOffset + at[i] + d];
                for (int l = at[FIRST + i]; l <= last; l++) {
                    int to = cOffset + d * LANES + l;
                    c[to] = Math.fma(factor, b[bOffset + i * LANES + l], c[to]);
                }
            }
        }
    }

    /** c[at[i] + d] += sum of a[i][l] b[l][d] over the lanes l < depth that see key i, d < bRow. As {@link #addToLanes}, for {@link LaneProduct#addToKeys}. */
    void addToKeys(float[] c, int cOffset, float[] a, int aOffset, float[] b, int bOffset, int bRow, int depth) {
        for (int i = 0; i < count; i++) {
            int last = Math.min(at[LAST + i], depth - 1);
            for (int l = at[FIRST + i]; l <= last; l++) {
                float factor = a[aOffset + i * LANES + l];
                for (int d = 0; d < bRow; d++) {
                    int to = cOffset + at[i] + d;
                    c[to] = Math.fma(factor, b[bOffset + l * bRow + d], c[to]);
                }
            }
        }
    }
}
