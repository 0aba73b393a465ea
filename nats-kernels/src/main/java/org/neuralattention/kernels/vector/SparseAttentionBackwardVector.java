package org.neuralattention.kernels.vector;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.neuralattention.kernels.AttentionShape;

/**
 * Backward pass of sparse attention in five products per tile: S = K Q and dP = V dOut with rows on the lanes, dQ += K dS likewise, dV = P dOut and dK = dS Q with elements on the lanes.
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

    /** Tasks wanted when there are few KV heads; each costs another dk and dv. */
    private static final int TASKS = 16;

    /** Rows of dk and dv per task of {@link #reduce}. */
    private static final int REDUCE_ROWS = 64;

    private final float[] dq, dk, dv, dOut, out, lse, q, k, v;
    private final int dqOffset, dkOffset, dvOffset, dOutOffset, outOffset, lseOffset, qOffset, kOffset, vOffset;
    private final int[] lastRow;
    private final int lastRowOffset;
    private final AttentionShape shape;
    private final int rows, dim, paddedDim, group, tiles, parts, queryRow, keyRow;
    private final Tile[] workers;

    /** {@code floats} and {@code ints}: for each worker a scratch of {@link #floats} and {@link #ints}. */
    public SparseAttentionBackwardVector(
            float[] dq, int dqOffset, float[] dk, int dkOffset, float[] dv, int dvOffset, float[] dOut, int dOutOffset,
            float[] out, int outOffset, float[] lse, int lseOffset, float[] q, int qOffset, float[] k, int kOffset,
            float[] v, int vOffset, int[] lastRow, int lastRowOffset, AttentionShape shape, float[][] floats, int[][] ints) {
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
        rows = shape.rows();
        dim = shape.headDim();
        paddedDim = paddedDim(shape);
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

    private static int paddedDim(AttentionShape shape) {
        return (shape.headDim() + N - 1) / N * N;
    }

    private static int parts(AttentionShape shape) {
        int pairs = shape.batch() * shape.nKvHeads();
        int tiles = (shape.rows() + LANES - 1) / LANES;
        return Math.min(tiles, (TASKS + pairs - 1) / pairs);
    }

    /** Independent tasks of {@link #run}: one per sequence, KV head and part. */
    public int tasks() {
        return shape.batch() * shape.nKvHeads() * parts;
    }

    /** Floats of each of the two arrays of partial sums, [batch, nKvHeads, parts, rows, paddedDim]. */
    public static long partialFloats(AttentionShape shape) {
        return (long) shape.batch() * shape.nKvHeads() * parts(shape) * shape.rows() * paddedDim(shape);
    }

    /** Floats a worker needs. */
    public static int floats(AttentionShape shape) {
        int perHead = (2 * shape.headDim() + 3 * paddedDim(shape) + 2) * LANES;
        return shape.group() * perHead + BLOCK * (2 * LANES + shape.headDim() + 2 * paddedDim(shape));
    }

    /** Ints a worker needs. */
    public static int ints() {
        return LiveKeys.INTS;
    }

    /** Computes one task with a worker's own scratch and the partial sums of all. */
    public void run(int task, int worker, float[] dkParts, float[] dvParts) {
        int part = task % parts;
        int b = task / parts / shape.nKvHeads();
        int g = task / parts % shape.nKvHeads();
        int sums = task * rows * paddedDim;
        Arrays.fill(dkParts, sums, sums + rows * paddedDim, 0);
        Arrays.fill(dvParts, sums, sums + rows * paddedDim, 0);
        Tile t = workers[worker];
        for (int tile = part; tile < tiles; tile += parts) {
            t.load(b, g, tile * LANES);
            int end = t.firstRow + t.tileRows;
            int done = t.finiteQueries() ? attend(t, b, g, dkParts, dvParts, sums, 0, false) : 0;
            if (done < end) {
                attend(t, b, g, dkParts, dvParts, sums, done, true);
            }
            for (int j = 0; j < group && t.sees; j++) {
                Lanewise.add(dq, dqOffset + (b * rows + t.firstRow) * queryRow + (g * group + j) * dim, queryRow,
                        t.x, t.dqLanes(j), t.tileRows, dim, shape.scale());
            }
        }
    }

    /**
     * dq of a tile from all keys, and its part of dk and dv of the keys from {@code from} on. Returns the key where the first block begins
     * that must be done with visible pairs only, from which on dk and dv are still to do; at most the number of keys.
     */
    private int attend(Tile t, int b, int g, float[] dkParts, float[] dvParts, int sums, int from, boolean visibleOnly) {
        LiveKeys live = t.live;
        int end = t.firstRow + t.tileRows;
        t.sees = false;
        for (int n = 0; n < end;) {
            int block = n;
            n = live.collect(n, end, 0, lastRow, lastRowOffset + (b * shape.nKvHeads() + g) * rows, t.firstRow);
            if (live.count > 0) {
                t.attend(b * rows * keyRow + g * dim, visibleOnly);
                t.sees = true;
                if (!visibleOnly && t.spoilt()) {
                    return block;
                }
                if (block >= from) {
                    t.scatter(dkParts, t.dkBlock, sums);
                    t.scatter(dvParts, t.dvBlock, sums);
                }
            }
        }
        return end;
    }

    /** Independent tasks of {@link #reduce}. */
    public int reduceTasks() {
        return shape.batch() * ((rows + REDUCE_ROWS - 1) / REDUCE_ROWS);
    }

    /** dk += scale sum of its parts, dv += sum of its parts, for one block of rows. */
    public void reduce(int task, float[] dkParts, float[] dvParts) {
        int blocks = (rows + REDUCE_ROWS - 1) / REDUCE_ROWS;
        int b = task / blocks;
        int from = task % blocks * REDUCE_ROWS;
        for (int n = from; n < Math.min(rows, from + REDUCE_ROWS); n++) {
            for (int g = 0; g < shape.nKvHeads(); g++) {
                int key = (b * rows + n) * keyRow + g * dim;
                for (int part = 0; part < parts; part++) {
                    int sums = (((b * shape.nKvHeads() + g) * parts + part) * rows + n) * paddedDim;
                    addScaled(dk, dkOffset + key, dkParts, sums, dim, shape.scale());
                    addScaled(dv, dvOffset + key, dvParts, sums, dim, 1);
                }
            }
        }
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
        private final int perHead = (2 * dim + 3 * paddedDim + 2) * LANES; // dq padded too: LaneProduct computes a multiple of its rows
        private final int p = group * perHead;
        private final int ds = p + BLOCK * LANES;
        private final int keys = ds + BLOCK * LANES;
        final int dkBlock = keys + BLOCK * dim;
        final int dvBlock = dkBlock + BLOCK * paddedDim;
        int firstRow;
        int tileRows;

        /** Whether dq holds anything: some row sees some key. */
        boolean sees;

        Tile(float[] floats, int[] ints) {
            x = floats;
            live = new LiveKeys(ints);
        }

        int qLanes(int j) {
            return j * perHead;
        }

        int dOutLanes(int j) {
            return j * perHead + dim * LANES;
        }

        int dqLanes(int j) {
            return j * perHead + 2 * dim * LANES;
        }

        int qRows(int j) {
            return j * perHead + (2 * dim + paddedDim) * LANES;
        }

        int dOutRows(int j) {
            return qRows(j) + LANES * paddedDim;
        }

        int delta(int j) {
            return qRows(j) + 2 * LANES * paddedDim;
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
                Lanewise.load(x, qLanes(j), q, qOffset + query, queryRow, tileRows, dim, shape.scale());
                Lanewise.load(x, dOutLanes(j), dOut, dOutOffset + query, queryRow, tileRows, dim, 1);
                Lanewise.load(x, dqLanes(j), out, outOffset + query, queryRow, tileRows, dim, 1);
                Lanewise.dot(x, delta(j), dOutLanes(j), dqLanes(j), dim);
                Lanewise.loadLse(x, lse(j), SparseAttentionBackwardVector.this.lse,
                        lseOffset + (b * shape.nHeads() + h) * rows + firstRow, tileRows);
                for (int l = 0; l < tileRows; l++) {
                    System.arraycopy(q, qOffset + query + l * queryRow, x, qRows(j) + l * paddedDim, dim);
                    System.arraycopy(dOut, dOutOffset + query + l * queryRow, x, dOutRows(j) + l * paddedDim, dim);
                }
            }
        }

        void attend(int head, boolean visibleOnly) {
            int count = live.count;
            for (int i = 0; i < count; i++) {
                System.arraycopy(k, kOffset + head + live.key[i] * keyRow, x, keys + i * dim, dim);
            }
            for (int j = 0; j < group; j++) {
                LaneProduct.multiplyRows(x, p, LANES, k, kOffset + head, live.key, keyRow, x, qLanes(j), LANES, count, LANES, dim);
                LaneProduct.multiplyRows(x, ds, LANES, v, vOffset + head, live.key, keyRow, x, dOutLanes(j), LANES, count, LANES, dim);
                live.blank(x, p, Float.NEGATIVE_INFINITY);
                softmax(j, count);
                if (visibleOnly) {
                    addVisible(j);
                    continue;
                }
                LaneProduct.multiply(x, dqLanes(j), LANES, x, keys, 1, dim, x, ds, LANES, dim, LANES, count, sees);
                LaneProduct.multiply(x, dvBlock, paddedDim, x, p, LANES, 1, x, dOutRows(j), paddedDim, count, paddedDim, tileRows, j > 0);
                LaneProduct.multiply(x, dkBlock, paddedDim, x, ds, LANES, 1, x, qRows(j), paddedDim, count, paddedDim, tileRows, j > 0);
            }
        }

        /** The last three products over visible pairs only. */
        private void addVisible(int j) {
            if (!sees) {
                Arrays.fill(x, dqLanes(j), dqLanes(j) + dim * LANES, 0);
            }
            if (j == 0) {
                Arrays.fill(x, dkBlock, dkBlock + live.count * paddedDim, 0);
                Arrays.fill(x, dvBlock, dvBlock + live.count * paddedDim, 0);
            }
            live.addToLanes(x, dqLanes(j), keys, dim, ds);
            live.addToKeys(x, dvBlock, p, dOutRows(j), paddedDim, tileRows);
            live.addToKeys(x, dkBlock, ds, qRows(j), paddedDim, tileRows);
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
        boolean spoilt() {
            for (int j = 0; j < group; j++) {
                for (int d = 0; d < dim; d++) {
                    if (!Float.isFinite(x[dqLanes(j) + d * LANES])) {
                        return true;
                    }
                }
                if (!Lanewise.finite(x, dqLanes(j), LANES)) {
                    return true;
                }
            }
            return false;
        }

        /** p becomes exp(score - lse) and ds becomes p (dP - delta). */
        private void softmax(int j, int count) {
            for (int l = 0; l < LANES; l += N) {
                FloatVector lse = load(lse(j) + l);
                FloatVector delta = load(delta(j) + l);
                for (int i = 0; i < count; i++) {
                    int at = i * LANES + l;
                    FloatVector probability = VectorMath.exp(load(p + at).sub(lse));
                    probability.intoArray(x, p + at);
                    load(ds + at).sub(delta).mul(probability).intoArray(x, ds + at);
                }
            }
        }

        /** Adds a block's rows to the sums of their keys. */
        void scatter(float[] parts, int block, int sums) {
            for (int i = 0; i < live.count; i++) {
                int to = sums + live.key[i] * paddedDim;
                for (int d = 0; d < paddedDim; d += N) {
                    FloatVector.fromArray(Lanes.F, parts, to + d).add(load(block + i * paddedDim + d)).intoArray(parts, to + d);
                }
            }
        }

        private FloatVector load(int offset) {
            return FloatVector.fromArray(Lanes.F, x, offset);
        }
    }
}
