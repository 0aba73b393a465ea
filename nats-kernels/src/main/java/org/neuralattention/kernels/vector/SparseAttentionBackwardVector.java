package org.neuralattention.kernels.vector;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.neuralattention.kernels.AttentionShape;

/**
 * Backward pass of sparse attention in five products per tile: S = K Q and dP = V dOut with rows on the lanes, dQ += K dS likewise, dV = P dOut and dK = dS Q with elements on the lanes.
 *
 * <p>A task owns the query tiles t = part, part + parts, ... of one KV head: it adds to their dq directly and keeps dk and dv of all keys in sums of its own, which
 * {@link #reduce} adds up in the order of the parts. The number of parts follows from the shape alone, so the bits do not depend on threads.
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

    public SparseAttentionBackwardVector(
            float[] dq, int dqOffset, float[] dk, int dkOffset, float[] dv, int dvOffset, float[] dOut, int dOutOffset,
            float[] out, int outOffset, float[] lse, int lseOffset, float[] q, int qOffset, float[] k, int kOffset,
            float[] v, int vOffset, int[] lastRow, int lastRowOffset, AttentionShape shape) {
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
        int perHead = 3 * shape.headDim() * LANES + 2 * LANES * paddedDim(shape) + 2 * LANES;
        return shape.group() * perHead + BLOCK * (2 * LANES + shape.headDim() + 2 * paddedDim(shape));
    }

    /** Ints a worker needs. */
    public static int ints() {
        return LiveKeys.INTS;
    }

    /** Computes one task with a worker's own scratch and the partial sums of all. */
    public void run(int task, float[] dkParts, float[] dvParts, float[] floats, int[] ints) {
        int part = task % parts;
        int b = task / parts / shape.nKvHeads();
        int g = task / parts % shape.nKvHeads();
        int sums = task * rows * paddedDim;
        Arrays.fill(dkParts, sums, sums + rows * paddedDim, 0);
        Arrays.fill(dvParts, sums, sums + rows * paddedDim, 0);
        Tile t = new Tile(floats);
        LiveKeys live = new LiveKeys(ints);
        int head = b * rows * keyRow + g * dim;
        int visible = lastRowOffset + (b * shape.nKvHeads() + g) * rows;
        for (int tile = part; tile < tiles; tile += parts) {
            int firstRow = tile * LANES;
            t.load(b, g, firstRow);
            boolean first = true;
            for (int n = 0; n < firstRow + t.tileRows;) {
                n = live.collect(n, firstRow + t.tileRows, 0, lastRow, visible, firstRow);
                if (live.count > 0) {
                    t.attend(live, first, head);
                    t.scatter(live, dkParts, t.dkBlock, sums);
                    t.scatter(live, dvParts, t.dvBlock, sums);
                    first = false;
                }
            }
            for (int j = 0; j < group && !first; j++) {
                Lanewise.add(dq, dqOffset + (b * rows + firstRow) * queryRow + (g * group + j) * dim, queryRow,
                        floats, t.dqLanes(j), t.tileRows, dim, shape.scale());
            }
        }
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
        private final float[] x;
        private final int perHead = 3 * dim * LANES + 2 * LANES * paddedDim + 2 * LANES;
        private final int p = group * perHead;
        private final int ds = p + BLOCK * LANES;
        private final int keys = ds + BLOCK * LANES;
        final int dkBlock = keys + BLOCK * dim;
        final int dvBlock = dkBlock + BLOCK * paddedDim;
        int tileRows;

        Tile(float[] floats) {
            x = floats;
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
            return j * perHead + 3 * dim * LANES;
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

        void attend(LiveKeys live, boolean first, int head) {
            int count = live.count;
            for (int i = 0; i < count; i++) {
                System.arraycopy(k, kOffset + head + live.key[i] * keyRow, x, keys + i * dim, dim);
            }
            for (int j = 0; j < group; j++) {
                LaneProduct.multiplyRows(x, p, LANES, k, kOffset + head, live.key, keyRow, x, qLanes(j), LANES, count, LANES, dim);
                LaneProduct.multiplyRows(x, ds, LANES, v, vOffset + head, live.key, keyRow, x, dOutLanes(j), LANES, count, LANES, dim);
                live.blank(x, p, Float.NEGATIVE_INFINITY);
                softmax(j, count);
                LaneProduct.multiply(x, dqLanes(j), LANES, x, keys, 1, dim, x, ds, LANES, dim, LANES, count, !first);
                LaneProduct.multiply(x, dvBlock, paddedDim, x, p, LANES, 1, x, dOutRows(j), paddedDim, count, paddedDim, tileRows, j > 0);
                LaneProduct.multiply(x, dkBlock, paddedDim, x, ds, LANES, 1, x, qRows(j), paddedDim, count, paddedDim, tileRows, j > 0);
            }
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
        void scatter(LiveKeys live, float[] parts, int block, int sums) {
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
