package org.neuralattention.kernels.vector;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.neuralattention.kernels.AttentionShape;
import org.neuralattention.kernels.PastKeys;

/**
 * Forward pass of sparse attention, one query tile of one KV head at a time: 64 rows on the lanes, live keys in blocks of 64, softmax online.
 *
 * <p>With queries on the lanes neither K nor V is transposed, no sum runs across lanes and a key is used where it lies. The query heads of a group share the
 * collected keys and the packed values.
 *
 * <p>A value that is not finite makes NaN of every lane of its tile, for 0 x NaN is NaN: then the tile is done again by a product that leaves out what is not visible.
 */
public final class SparseAttentionVector {

    private static final int LANES = LiveKeys.LANES;
    private static final int BLOCK = LiveKeys.BLOCK;
    private static final int N = Lanes.N;

    private final float[] out, lse, q, k, v;
    private final int outOffset, lseOffset, qOffset, kOffset, vOffset;
    private final int[] lastRow;
    private final int lastRowOffset;
    private final PastKeys past;
    private final AttentionShape shape;
    private final int rows, dim, group, tiles, queryRow, keyRow;
    private final Tile[] workers;

    /** {@code floats} and {@code ints}: for each worker a scratch of {@link #floats} and {@link #ints}. */
    public SparseAttentionVector(
            float[] out, int outOffset, float[] lse, int lseOffset, float[] q, int qOffset, float[] k, int kOffset,
            float[] v, int vOffset, int[] lastRow, int lastRowOffset, PastKeys past, AttentionShape shape,
            float[][] floats, int[][] ints) {
        this.out = out;
        this.outOffset = outOffset;
        this.lse = lse;
        this.lseOffset = lseOffset;
        this.q = q;
        this.qOffset = qOffset;
        this.k = k;
        this.kOffset = kOffset;
        this.v = v;
        this.vOffset = vOffset;
        this.lastRow = lastRow;
        this.lastRowOffset = lastRowOffset;
        this.past = past;
        this.shape = shape;
        rows = shape.rows();
        dim = shape.headDim();
        group = shape.group();
        tiles = (rows + LANES - 1) / LANES;
        queryRow = shape.nHeads() * dim;
        keyRow = shape.nKvHeads() * dim;
        workers = new Tile[floats.length];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Tile(floats[i], ints[i]);
        }
    }

    /** Independent tasks of the call: one per sequence, KV head and query tile. */
    public int tasks() {
        return shape.batch() * shape.nKvHeads() * tiles;
    }

    /** Floats a worker needs: per query head q [headDim, LANES], out [outRows, LANES], max and sum [LANES]; scores [BLOCK, LANES]; values [BLOCK, headDim]. */
    public static int floats(AttentionShape shape) {
        int dim = shape.headDim();
        return shape.group() * (dim + outRows(dim) + 2) * LANES + BLOCK * (LANES + dim) + outRows(dim) - dim;
    }

    /** {@link LaneProduct} computes a multiple of its rows. */
    private static int outRows(int dim) {
        return (dim + LaneProduct.ROWS - 1) / LaneProduct.ROWS * LaneProduct.ROWS;
    }

    /** Ints a worker needs. */
    public static int ints() {
        return LiveKeys.INTS;
    }

    /** Computes one task with a worker's own scratch. */
    public void run(int task, int worker) {
        int tile = tiles - 1 - task % tiles; // the last tiles see the most keys: first come, so that no thread ends with one
        int b = task / tiles / shape.nKvHeads();
        int g = task / tiles % shape.nKvHeads();
        int firstRow = tile * LANES;
        int tileRows = Math.min(LANES, rows - firstRow);
        Tile t = workers[worker];
        for (int j = 0; j < group; j++) {
            int query = (b * rows + firstRow) * queryRow + (g * group + j) * dim;
            Lanewise.load(t.x, t.qLanes(j), q, qOffset + query, queryRow, tileRows, dim, shape.scale());
        }

        boolean sees = attend(t, b, g, firstRow, tileRows, false);
        if (sees && t.spoilt()) {
            attend(t, b, g, firstRow, tileRows, true);
        }

        for (int j = 0; j < group; j++) {
            int h = g * group + j;
            if (sees) {
                t.divide(j);
            } else {
                Arrays.fill(t.x, t.max(j), t.max(j) + 2 * LANES, 0);
                Arrays.fill(t.x, t.outLanes(j), t.outLanes(j) + dim * LANES, 0);
            }
            t.logSumExp(j, lse, lseOffset + (b * shape.nHeads() + h) * rows + firstRow, tileRows);
            Lanewise.store(out, outOffset + (b * rows + firstRow) * queryRow + h * dim, queryRow, t.x, t.outLanes(j), tileRows, dim);
        }
    }

    /** Takes all keys into the running softmax of a tile; false if there are none. */
    private boolean attend(Tile t, int b, int g, int firstRow, int tileRows, boolean visibleOnly) {
        LiveKeys live = t.live;
        boolean first = true;
        if (past != null) {
            int end = past.headStart()[g + 1];
            for (int n = past.headStart()[g]; n < end;) {
                n = live.collect(n, end, -end, past.lastRow(), past.lastRowOffset(), firstRow);
                first &= !t.attend(first, past.k(), past.kOffset(), past.v(), past.vOffset(), dim, visibleOnly);
            }
        }
        int head = b * rows * keyRow + g * dim;
        for (int n = 0; n < firstRow + tileRows;) {
            n = live.collect(n, firstRow + tileRows, 0, lastRow, lastRowOffset + (b * shape.nKvHeads() + g) * rows, firstRow);
            first &= !t.attend(first, k, kOffset + head, v, vOffset + head, keyRow, visibleOnly);
        }
        return !first;
    }

    /** State of a query tile in a worker's scratch; everything per row is on the lanes. */
    private final class Tile {
        final float[] x;
        final LiveKeys live;
        private final int outRows = outRows(dim);
        private final int scores = group * (dim + outRows + 2) * LANES;
        private final int values = scores + BLOCK * LANES;

        Tile(float[] floats, int[] ints) {
            x = floats;
            live = new LiveKeys(ints);
        }

        int qLanes(int j) {
            return j * dim * LANES;
        }

        int outLanes(int j) {
            return (group * dim + j * outRows) * LANES;
        }

        int max(int j) {
            return (group * (dim + outRows) + 2 * j) * LANES;
        }

        int sum(int j) {
            return max(j) + LANES;
        }

        /** Takes a block of keys into the running softmax of every query head; false if the block is empty. */
        boolean attend(boolean first, float[] k, int kOffset, float[] v, int vOffset, int keyRow, boolean visibleOnly) {
            if (live.count == 0) {
                return false;
            }
            for (int i = 0; i < live.count; i++) {
                System.arraycopy(v, vOffset + live.key[i] * keyRow, x, values + i * dim, dim);
            }
            for (int j = 0; j < group; j++) {
                LaneProduct.multiplyRows(x, scores, LANES, k, kOffset, live.key, keyRow, x, qLanes(j), LANES, live.count, LANES, dim);
                live.blank(x, scores, Float.NEGATIVE_INFINITY);
                softmax(j, live.count, first);
                if (visibleOnly) {
                    if (first) {
                        Arrays.fill(x, outLanes(j), outLanes(j) + dim * LANES, 0);
                    }
                    live.addToLanes(x, outLanes(j), values, dim, scores);
                } else {
                    LaneProduct.multiply(x, outLanes(j), LANES, x, values, 1, dim, x, scores, LANES, dim, LANES, live.count, !first);
                }
            }
            return true;
        }

        /** Whether a value may have spread: an element that is not finite makes that of every lane not finite, so one lane tells. */
        boolean spoilt() {
            for (int j = 0; j < group; j++) {
                for (int d = 0; d < dim; d++) {
                    if (!Float.isFinite(x[outLanes(j) + d * LANES])) {
                        return true;
                    }
                }
            }
            return false;
        }

        /** scores become exp(score - max); max, sum and what is summed so far move to the new max. */
        private void softmax(int j, int count, boolean first) {
            for (int l = 0; l < LANES; l += N) {
                FloatVector before = first ? FloatVector.broadcast(Lanes.F, -Float.MAX_VALUE) : load(max(j) + l);
                FloatVector max = before;
                for (int i = 0; i < count; i++) {
                    max = max.max(load(scores + i * LANES + l));
                }
                FloatVector sum = FloatVector.zero(Lanes.F);
                if (!first) {
                    sum = load(sum(j) + l);
                    if (max.compare(VectorOperators.GT, before).anyTrue()) {
                        FloatVector shrink = VectorMath.exp(before.sub(max));
                        sum = sum.mul(shrink);
                        for (int d = 0; d < dim; d++) {
                            int o = outLanes(j) + d * LANES + l;
                            load(o).mul(shrink).intoArray(x, o);
                        }
                    }
                }
                max.intoArray(x, max(j) + l);
                exponentials(max, sum, count, l).intoArray(x, sum(j) + l);
            }
        }

        private FloatVector exponentials(FloatVector max, FloatVector sum, int count, int l) {
            for (int i = 0; i < count; i++) {
                int s = scores + i * LANES + l;
                FloatVector p = VectorMath.exp(load(s).sub(max));
                sum = sum.add(p);
                p.intoArray(x, s);
            }
            return sum;
        }

        /** Divides by the sum; a row that sees nothing has sum 0 and keeps its 0. */
        void divide(int j) {
            for (int l = 0; l < LANES; l += N) {
                FloatVector sum = load(sum(j) + l);
                VectorMask<Float> none = sum.compare(VectorOperators.EQ, 0);
                FloatVector factor = FloatVector.broadcast(Lanes.F, 1).div(sum).blend(0, none);
                for (int d = 0; d < dim; d++) {
                    int o = outLanes(j) + d * LANES + l;
                    load(o).mul(factor).intoArray(x, o);
                }
            }
        }

        void logSumExp(int j, float[] lse, int lseOffset, int tileRows) {
            for (int l = 0; l < tileRows; l++) {
                lse[lseOffset + l] = (float) (x[max(j) + l] + Math.log(x[sum(j) + l])); // log(0) is -infinity
            }
        }

        private FloatVector load(int offset) {
            return FloatVector.fromArray(Lanes.F, x, offset);
        }
    }
}
