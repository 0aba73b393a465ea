package org.neuralattention.kernels.vector;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.neuralattention.kernels.AttentionShape;
import org.neuralattention.kernels.PastKeys;

/**
 * Forward pass of sparse attention, one query tile of one KV head at a time: rows on the lanes, live keys in blocks, softmax online.
 *
 * <p>With queries on the lanes neither K nor V is transposed, no sum runs across lanes and a key is used where it lies. The query heads of a group share the
 * collected keys.
 *
 * <p>A lane's exponentials are relative to a <em>reference</em>: the largest score of the block in which the lane saw its first key. It moves only when a block's sum outgrows {@link #LIMIT},
 * so that most blocks need no maximum and rescale nothing: a sum relative to another number than the maximum is as exact as long as it overflows and underflows nowhere. Scores are in units of ln 2.
 *
 * <p>A value that is not finite makes NaN of every lane of its tile, for 0 x NaN is NaN: then the tile is done again by a product that leaves out what is not visible.
 */
public final class SparseAttentionVector {

    private static final int LANES = LiveKeys.LANES;
    private static final int BLOCK = LiveKeys.BLOCK;
    private static final int N = Lanes.N;

    /** Largest sum of a block's exponentials, per lane, that keeps the reference; more than BLOCK, so that a new reference always fits. */
    private static final float LIMIT = 0x1p16f;

    private static final double LN_2 = Math.log(2);

    /** Exponent of 2 per unit of q . k. */
    private final float scale;

    private final float[] out, lse, q, k, v, keys, values;
    private final int outOffset, lseOffset, qOffset, kOffset, vOffset;
    private final int[] lastRow;
    private final int lastRowOffset;
    private final PastKeys past;
    private final AttentionShape shape;
    private final PackedKeys packed;
    private final int rows, dim, group, tiles, queryRow;
    private final Tile[] workers;

    /** {@code keys} and {@code values}: scratch of {@link #packedFloats}; {@code floats} and {@code ints}: for each worker a scratch of {@link #floats} and {@link #ints}. */
    public SparseAttentionVector(
            float[] out, int outOffset, float[] lse, int lseOffset, float[] q, int qOffset, float[] k, int kOffset,
            float[] v, int vOffset, int[] lastRow, int lastRowOffset, PastKeys past, AttentionShape shape,
            float[] keys, float[] values, float[][] floats, int[][] ints) {
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
        scale = (float) (shape.scale() / LN_2);
        this.keys = keys;
        this.values = values;
        packed = new PackedKeys(shape, past);
        rows = shape.rows();
        dim = shape.headDim();
        group = shape.group();
        tiles = (rows + LANES - 1) / LANES;
        queryRow = shape.nHeads() * dim;
        workers = new Tile[floats.length];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Tile(floats[i], ints[i]);
        }
    }

    /** Floats of the scratch for keys, and of that for values. */
    public static long packedFloats(AttentionShape shape, PastKeys past) {
        return PackedKeys.floats(shape, past);
    }

    /** Floats a worker needs: per query head q [headDim, LANES], out [outRows, LANES], reference and sum [LANES]; scores [BLOCK, LANES]; a block's sums and maxima [LANES]. */
    public static int floats(AttentionShape shape) {
        int dim = shape.headDim();
        return (shape.group() * (dim + outRows(dim) + 2) + BLOCK + 2) * LANES;
    }

    /** {@link LaneProduct} computes a multiple of its rows. */
    private static int outRows(int dim) {
        return (dim + LaneProduct.ROWS - 1) / LaneProduct.ROWS * LaneProduct.ROWS;
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

    /** Independent tasks of {@link #run}: one per sequence, KV head and query tile. */
    public int tasks() {
        return shape.batch() * shape.nKvHeads() * tiles;
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
            Lanewise.load(t.x, t.qLanes(j), q, qOffset + query, queryRow, tileRows, dim);
        }

        attend(t, b, g, firstRow, tileRows, false);
        if (t.spoilt()) {
            attend(t, b, g, firstRow, tileRows, true);
        }

        for (int j = 0; j < group; j++) {
            int h = g * group + j;
            t.divide(j);
            t.logSumExp(j, lse, lseOffset + (b * shape.nHeads() + h) * rows + firstRow, tileRows);
            Lanewise.store(out, outOffset + (b * rows + firstRow) * queryRow + h * dim, queryRow, t.x, t.outLanes(j), tileRows, dim);
        }
    }

    /** Takes all keys into the running softmax of a tile. */
    private void attend(Tile t, int b, int g, int firstRow, int tileRows, boolean visibleOnly) {
        t.clear();
        LiveKeys live = t.live;
        int start = packed.start(b, g);
        if (past != null) {
            int from = past.headStart()[g];
            int end = past.headStart()[g + 1];
            for (int n = from; n < end;) {
                n = live.collect(n, end, -end, past.lastRow(), past.lastRowOffset(), firstRow, packed.row, from * packed.row);
                t.attend(start - end * packed.row, visibleOnly);
            }
        }
        for (int n = 0; n < firstRow + tileRows;) {
            n = live.collect(n, firstRow + tileRows, 0, lastRow, lastRowOffset + (b * shape.nKvHeads() + g) * rows, firstRow, packed.row, 0);
            t.attend(start, visibleOnly);
        }
    }

    /** State of a query tile in a worker's scratch; everything per row is on the lanes. */
    private final class Tile {
        final float[] x;
        final LiveKeys live;
        private final int outRows = outRows(dim);
        private final int scores = group * (dim + outRows + 2) * LANES;
        private final int blockSums = scores + BLOCK * LANES;
        private final int blockMaxima = blockSums + LANES;

        /** Whether no key has been seen. */
        private boolean first;

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

        int reference(int j) {
            return (group * (dim + outRows) + 2 * j) * LANES;
        }

        int sum(int j) {
            return reference(j) + LANES;
        }

        void clear() {
            first = true;
            Arrays.fill(x, outLanes(0), scores, 0);
            for (int j = 0; j < group; j++) {
                Arrays.fill(x, reference(j), reference(j) + LANES, -Float.MAX_VALUE);
            }
        }

        /** Takes the block of live keys, which lie from {@code start} on, into the running softmax of every query head. */
        void attend(int start, boolean visibleOnly) {
            if (live.count == 0) {
                return;
            }
            for (int j = 0; j < group; j++) {
                scores(j, start);
                if (first) {
                    Arrays.fill(x, blockSums, blockSums + LANES, Float.POSITIVE_INFINITY);
                    raise(j);
                    exponentials(reference(j), live.count);
                } else {
                    exponentials(reference(j), live.count);
                    if (!fits()) {
                        scores(j, start);
                        raise(j);
                        exponentials(reference(j), live.count);
                    }
                }
                addSums(j);
                if (visibleOnly) {
                    live.addToLanes(x, outLanes(j), values, start, x, scores, dim);
                } else {
                    LaneProduct.addToLanes(x, outLanes(j), values, start, live.at, x, scores, dim, live.count);
                }
            }
            first = false;
        }

        private void scores(int j, int start) {
            LaneProduct.scores(x, scores, keys, start, live.at, x, qLanes(j), live.count, dim);
            live.blank(x, scores, Float.NEGATIVE_INFINITY);
        }

        /** Scores become exp2(scale score - reference); a block's sums. */
        private void exponentials(int reference, int count) {
            for (int l = 0; l < LANES; l += N) {
                FloatVector base = load(reference + l).neg();
                FloatVector factor = FloatVector.broadcast(Lanes.F, scale);
                FloatVector sum = FloatVector.zero(Lanes.F);
                for (int i = 0; i < count; i++) {
                    int s = scores + i * LANES + l;
                    FloatVector p = VectorMath.exp2(load(s).fma(factor, base));
                    sum = sum.add(p);
                    p.intoArray(x, s);
                }
                sum.intoArray(x, blockSums + l);
            }
        }

        /** Whether no lane's sum has outgrown its reference; a lane decides for itself in {@link #raise}, so that none changes another's bits. */
        private boolean fits() {
            boolean fits = true;
            for (int l = 0; l < LANES; l += N) {
                fits &= load(blockSums + l).compare(VectorOperators.LE, LIMIT).allTrue();
            }
            return fits;
        }

        /** Raises the reference to the block's largest score where the block's sum has outgrown it, and moves what is summed so far. */
        private void raise(int j) {
            maxima(live.count);
            for (int l = 0; l < LANES; l += N) {
                FloatVector before = load(reference(j) + l);
                FloatVector after = load(blockMaxima + l).mul(scale).max(before).blend(before, load(blockSums + l).compare(VectorOperators.LE, LIMIT));
                after.intoArray(x, reference(j) + l);
                before.sub(after).intoArray(x, blockSums + l);
            }
            if (!first) {
                shrink(j);
            }
        }

        private void maxima(int count) {
            for (int l = 0; l < LANES; l += N) {
                FloatVector max = load(scores + l);
                for (int i = 1; i < count; i++) {
                    max = max.max(load(scores + i * LANES + l));
                }
                max.intoArray(x, blockMaxima + l);
            }
        }

        /** Moves what is summed so far to the new references, which {@code blockSums} tells as old - new. */
        private void shrink(int j) {
            for (int l = 0; l < LANES; l += N) {
                FloatVector factor = VectorMath.exp2(load(blockSums + l));
                load(sum(j) + l).mul(factor).intoArray(x, sum(j) + l);
                for (int d = 0; d < dim; d++) {
                    int o = outLanes(j) + d * LANES + l;
                    load(o).mul(factor).intoArray(x, o);
                }
            }
        }

        private void addSums(int j) {
            for (int l = 0; l < LANES; l += N) {
                load(sum(j) + l).add(load(blockSums + l)).intoArray(x, sum(j) + l);
            }
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
                lse[lseOffset + l] = (float) (x[reference(j) + l] * LN_2 + Math.log(x[sum(j) + l])); // log(0) is -infinity
            }
        }

        private FloatVector load(int offset) {
            return FloatVector.fromArray(Lanes.F, x, offset);
        }
    }
}
