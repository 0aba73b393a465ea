package org.neuralattention.kernels.vector;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.neuralattention.kernels.AttentionShape;

/**
 * Backward pass of sparse attention in five products per tile: S = K Q and dP = V dOut with rows on the lanes, dQ += K dS likewise, dV += P dOut and dK += dS Q with elements on the lanes.
 *
 * <p>A task owns the query tiles t = part, part + parts, ... of one KV head: it adds to their dq directly and keeps dk and dv of all keys in sums of its own, which
 * {@link #reduce} adds up in the order of the parts. The number of parts follows from the shape alone, so the bits do not depend on threads.
 *
 * <p>The products take pairs that are not visible with a factor 0, and 0 x NaN is NaN: a tile in which a number is not finite is done by products over visible pairs only.
 */
public final class SparseAttentionBackwardVector {

    private static final int LANES = LiveKeys.LANES;
    private static final int BLOCK = LiveKeys.BLOCK;
    private static final int N = Lanes.N;
    private static final float LOG2_E = (float) (1 / Math.log(2));

    /** Tasks wanted when there are few KV heads; each costs another dk and dv, to hold and to add up. */
    private static final int TASKS = 8;

    /** Rows of dk and dv per task of {@link #reduce}. */
    private static final int REDUCE_ROWS = 64;

    private final float[] dq, dk, dv, dOut, out, lse, q, k, v, keys, values, dkParts, dvParts;
    private final int dqOffset, dkOffset, dvOffset, dOutOffset, outOffset, lseOffset, qOffset, kOffset, vOffset;
    private final int[] lastRow;
    private final int lastRowOffset;
    private final AttentionShape shape;
    private final PackedKeys packed;
    private final float scale; // exponent of 2 per unit of q . k
    private final int rows, dim, group, tiles, parts, queryRow, keyRow;
    private final Tile[] workers;

    /** {@code keys} and {@code values}: scratch of {@link #packedFloats}; {@code dkParts} and {@code dvParts}: of {@link #partialFloats}; {@code floats} and {@code ints}: for each worker a scratch of {@link #floats} and {@link #ints}. */
    public SparseAttentionBackwardVector(
            float[] dq, int dqOffset, float[] dk, int dkOffset, float[] dv, int dvOffset, float[] dOut, int dOutOffset,
            float[] out, int outOffset, float[] lse, int lseOffset, float[] q, int qOffset, float[] k, int kOffset,
            float[] v, int vOffset, int[] lastRow, int lastRowOffset, AttentionShape shape,
            float[] keys, float[] values, float[] dkParts, float[] dvParts, float[][] floats, int[][] ints) {
        this.dq = dq;
        this.dqOffset = dqOffset;
        this.dk = dk;
        this.dkOffset = dkOffset;
        this.dv = dv;
        this.dvOffset = dvOffset;
        this.dOut = dOut;
        this.dOutOffset = dOutOffset;
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
        this.shape = shape;
        scale = shape.scale() * LOG2_E;
        this.keys = keys;
        this.values = values;
        this.dkParts = dkParts;
        this.dvParts = dvParts;
        packed = new PackedKeys(shape, null);
        rows = shape.rows();
        dim = shape.headDim();
        group = shape.group();
        tiles = (rows + LANES - 1) / LANES;
        parts = parts(shape);
        queryRow = shape.nHeads() * dim;
        keyRow = shape.nKvHeads() * dim;
        workers = new Tile[floats.length];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Tile(floats[i], ints[i]);
        }
    }

    private static int parts(AttentionShape shape) {
        int pairs = shape.batch() * shape.nKvHeads();
        int tiles = (shape.rows() + LANES - 1) / LANES;
        return Math.min(tiles, (TASKS + pairs - 1) / pairs);
    }

    /** Floats of the scratch for keys, and of that for values. */
    public static long packedFloats(AttentionShape shape) {
        return PackedKeys.floats(shape, null);
    }

    /** Floats of each of the two arrays of partial sums, [batch, nKvHeads, parts, rows + 1, row]: the last row takes what {@link LaneProduct} computes for surplus keys. */
    public static long partialFloats(AttentionShape shape) {
        return (long) shape.batch() * shape.nKvHeads() * parts(shape) * (shape.rows() + 1) * PackedKeys.row(shape);
    }

    /** Floats a worker needs: per query head q and dOut [headDim, LANES], q, dOut and dq [LANES, row], delta and lse [LANES]; scores and dP [BLOCK, LANES]. */
    public static int floats(AttentionShape shape) {
        return (shape.group() * (2 * shape.headDim() + 3 * PackedKeys.row(shape) + 2) + 2 * BLOCK) * LANES;
    }

    /** Ints a worker needs. */
    public static int ints() {
        return LiveKeys.INTS;
    }

    /** Independent tasks of {@link #pack}, which comes first. */
    public int packTasks() {
        return packed.tasks();
    }

    /** Copies some keys and values to where {@link #run} reads them. */
    public void pack(int task, int worker) {
        packed.pack(task, keys, values, k, kOffset, v, vOffset);
    }

    /** Independent tasks of {@link #run}: one per sequence, KV head and part. */
    public int tasks() {
        return shape.batch() * shape.nKvHeads() * parts;
    }

    /** Computes one task with a worker's own scratch. */
    public void run(int task, int worker) {
        int part = task % parts;
        int b = task / parts / shape.nKvHeads();
        int g = task / parts % shape.nKvHeads();
        int length = (rows + 1) * packed.row;
        int sums = task * length;
        Arrays.fill(dkParts, sums, sums + length, 0);
        Arrays.fill(dvParts, sums, sums + length, 0);
        Tile t = workers[worker];
        for (int tile = part; tile < tiles; tile += parts) {
            t.load(b, g, tile * LANES);
            int done = t.finiteQueries() ? attend(t, b, g, sums, 0, false) : 0;
            if (done >= 0) {
                attend(t, b, g, sums, done, true);
            }
            for (int j = 0; j < group; j++) {
                Lanewise.store(t.x, t.qRows(j), packed.row, t.x, t.dqLanes(j), t.tileRows, dim);
                for (int l = 0; l < t.tileRows; l++) {
                    int row = dqOffset + (b * rows + t.firstRow + l) * queryRow + (g * group + j) * dim;
                    addScaled(dq, row, t.x, t.qRows(j) + l * packed.row, dim, shape.scale());
                }
            }
        }
    }

    /**
     * dq of a tile from all keys, and its part of their dk and dv but for the first {@code done} pairs of a block and a query head. Returns -1 or, if only visible pairs must be taken,
     * how many such pairs are done.
     */
    private int attend(Tile t, int b, int g, int sums, int done, boolean visibleOnly) {
        t.clear();
        int start = packed.start(b, g);
        int pair = 0;
        int end = t.firstRow + t.tileRows;
        for (int n = 0; n < end;) {
            n = t.live.collect(n, end, 0, lastRow, lastRowOffset + (b * shape.nKvHeads() + g) * rows, t.firstRow, packed.row, rows * packed.row);
            for (int j = 0; j < group && t.live.count > 0; j++, pair++) {
                t.attend(j, start, visibleOnly);
                if (!visibleOnly && t.spoilt(j)) {
                    return pair;
                }
                if (pair >= done) {
                    t.addToKeys(j, sums, visibleOnly);
                }
            }
        }
        return -1;
    }

    /** Independent tasks of {@link #reduce}. */
    public int reduceTasks() {
        return shape.batch() * ((rows + REDUCE_ROWS - 1) / REDUCE_ROWS);
    }

    /** dk += scale sum of its parts, dv += sum of its parts, for one block of rows. */
    public void reduce(int task, int worker) {
        int blocks = (rows + REDUCE_ROWS - 1) / REDUCE_ROWS;
        int b = task / blocks;
        int from = task % blocks * REDUCE_ROWS;
        for (int n = from; n < Math.min(rows, from + REDUCE_ROWS); n++) {
            for (int g = 0; g < shape.nKvHeads(); g++) {
                int key = (b * rows + n) * keyRow + g * dim;
                for (int part = 0; part < parts; part++) {
                    int sums = (((b * shape.nKvHeads() + g) * parts + part) * (rows + 1) + n) * packed.row;
                    addScaled(dk, dkOffset + key, dkParts, sums, dim, shape.scale());
                    addScaled(dv, dvOffset + key, dvParts, sums, dim, 1);
                }
            }
        }
    }

    private static float dot(float[] a, int aOffset, float[] b, int bOffset, int length) {
        FloatVector sum = FloatVector.zero(Lanes.F);
        int i = 0;
        for (; i <= length - N; i += N) {
            sum = FloatVector.fromArray(Lanes.F, a, aOffset + i).fma(FloatVector.fromArray(Lanes.F, b, bOffset + i), sum);
        }
        float rest = 0;
        for (; i < length; i++) {
            rest += a[aOffset + i] * b[bOffset + i];
        }
        return VectorMath.sum(sum) + rest;
    }

    private static void addScaled(float[] y, int yOffset, float[] x, int xOffset, int length, float factor) {
        for (int i = 0; i < length; i++) {
            y[yOffset + i] += factor * x[xOffset + i];
        }
    }

    /** A query tile in a worker's scratch: rows on the lanes, and q and dOut also row by row. */
    private final class Tile {
        final float[] x;
        final LiveKeys live;
        private final int perHead = (2 * dim + 3 * packed.row + 2) * LANES;
        private final int p = group * perHead;
        private final int ds = p + BLOCK * LANES;
        int firstRow;
        int tileRows;

        Tile(float[] floats, int[] ints) {
            x = floats;
            live = new LiveKeys(ints);
        }

        int qLanes(int j) {
            return j * perHead;
        }

        int dOutLanes(int j) {
            return qLanes(j) + dim * LANES;
        }

        int dqLanes(int j) {
            return dOutLanes(j) + dim * LANES;
        }

        int qRows(int j) {
            return dqLanes(j) + packed.row * LANES; // padded: LaneProduct computes a multiple of its rows
        }

        int dOutRows(int j) {
            return qRows(j) + LANES * packed.row;
        }

        int delta(int j) {
            return dOutRows(j) + LANES * packed.row;
        }

        int lse(int j) {
            return delta(j) + LANES;
        }

        void load(int b, int g, int firstRow) {
            this.firstRow = firstRow;
            tileRows = Math.min(LANES, rows - firstRow);
            for (int j = 0; j < group; j++) {
                int h = g * group + j;
                int query = (b * rows + firstRow) * queryRow + h * dim;
                Lanewise.load(x, qLanes(j), q, qOffset + query, queryRow, tileRows, dim);
                Lanewise.load(x, dOutLanes(j), dOut, dOutOffset + query, queryRow, tileRows, dim);
                Lanewise.loadLse(x, lse(j), SparseAttentionBackwardVector.this.lse,
                        lseOffset + (b * shape.nHeads() + h) * rows + firstRow, tileRows, LOG2_E);
                Arrays.fill(x, delta(j), delta(j) + LANES, 0);
                for (int l = 0; l < tileRows; l++) {
                    System.arraycopy(q, qOffset + query + l * queryRow, x, qRows(j) + l * packed.row, dim);
                    System.arraycopy(dOut, dOutOffset + query + l * queryRow, x, dOutRows(j) + l * packed.row, dim);
                    x[delta(j) + l] = dot(dOut, dOutOffset + query + l * queryRow, out, outOffset + query + l * queryRow, dim);
                }
            }
        }

        void clear() {
            for (int j = 0; j < group; j++) {
                Arrays.fill(x, dqLanes(j), dqLanes(j) + dim * LANES, 0);
            }
        }

        /** P, dS and dq of a block of live keys, which lie from {@code start} on, for one query head. */
        void attend(int j, int start, boolean visibleOnly) {
            LaneProduct.scores(x, p, keys, start, live.at, x, qLanes(j), live.count, dim);
            LaneProduct.scores(x, ds, values, start, live.at, x, dOutLanes(j), live.count, dim);
            live.blank(x, p, Float.NEGATIVE_INFINITY);
            softmax(lse(j), delta(j), live.count);
            if (visibleOnly) {
                live.addToLanes(x, dqLanes(j), keys, start, x, ds, dim);
            } else {
                LaneProduct.addToLanes(x, dqLanes(j), keys, start, live.at, x, ds, dim, live.count);
            }
        }

        /** Adds to the sums of dk and dv what {@link #attend} left. */
        void addToKeys(int j, int sums, boolean visibleOnly) {
            if (visibleOnly) {
                live.addToKeys(dvParts, sums, x, p, x, dOutRows(j), packed.row, tileRows);
                live.addToKeys(dkParts, sums, x, ds, x, qRows(j), packed.row, tileRows);
            } else {
                LaneProduct.addToKeys(dvParts, sums, live.at, x, p, x, dOutRows(j), packed.row, live.count, tileRows);
                LaneProduct.addToKeys(dkParts, sums, live.at, x, ds, x, qRows(j), packed.row, live.count, tileRows);
            }
        }

        /** Whether q holds no NaN and no infinity; an infinite q may leave no trace in dq, for {@link #spoilt} to find. */
        boolean finiteQueries() {
            boolean finite = true;
            for (int j = 0; j < group; j++) {
                finite &= Lanewise.finite(x, qLanes(j), dim * LANES);
            }
            return finite;
        }

        /**
         * Whether a number other than q may have spread. An element of a key that is not finite makes that element of dq not finite in every lane, the first too;
         * an element of a value, of dOut or out, or an lse makes dS so, and with it all elements of a lane of dq, the first too.
         */
        boolean spoilt(int j) {
            for (int d = 0; d < dim; d++) {
                if (!Float.isFinite(x[dqLanes(j) + d * LANES])) {
                    return true;
                }
            }
            return !Lanewise.finite(x, dqLanes(j), LANES);
        }

        /** p becomes exp2(scale score - lse) and ds becomes p (dP - delta). */
        private void softmax(int lse, int delta, int count) {
            for (int l = 0; l < LANES; l += N) {
                FloatVector logSum = load(lse + l).neg();
                FloatVector factor = FloatVector.broadcast(Lanes.F, scale);
                FloatVector mean = load(delta + l);
                for (int i = 0; i < count; i++) {
                    int at = i * LANES + l;
                    FloatVector probability = VectorMath.exp2(load(p + at).fma(factor, logSum));
                    probability.intoArray(x, p + at);
                    load(ds + at).sub(mean).mul(probability).intoArray(x, ds + at);
                }
            }
        }

        private FloatVector load(int offset) {
            return FloatVector.fromArray(Lanes.F, x, offset);
        }
    }
}
