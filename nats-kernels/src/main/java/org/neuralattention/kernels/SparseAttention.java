package org.neuralattention.kernels;

import java.util.Arrays;
import org.neuralattention.kernels.vector.SparseAttentionBackwardVector;
import org.neuralattention.kernels.vector.SparseAttentionVector;

/**
 * Causal attention in which every key is seen up to a last row of its own, and by none after it.
 *
 * <p>{@code visible(m, n) <=> n <= m <= lastRow[n]}; s_mn = q_m . k_n / sqrt(headDim); lse_m = log sum over visible n of exp(s_mn);
 * P_mn = exp(s_mn - lse_m) where visible, else 0; out_m = sum_n P_mn v_n. One number per key is the whole mask, so memory is O(tokens)
 * and time follows the visible pairs. Spec 1.1 (roles as last rows), 3.1 and 3.2.
 *
 * <p>{@code lastRow} is [batch, nKvHeads, rows]: any value from rows - 1 on ({@link #OPEN} too) means "to the end"; a value below n hides key n
 * from every row, its own too. A row that sees nothing has out = 0, lse = -infinity and no gradient. A key that no row sees is never read.
 *
 * <p>What is not finite stays where it is seen: a NaN or infinity in a key, a value, a query or an output's gradient changes no bit of the results of rows and keys
 * that have no visible pair with it. Tiles of 64 queries that meet one run some nine times slower.
 */
public final class SparseAttention {

    /** {@code lastRow} of a key that nothing closes. */
    public static final int OPEN = Integer.MAX_VALUE;

    /** Rows or keys per task of the plain loops. */
    private static final int TILE = 32;

    private SparseAttention() {}

    /**
     * out_m = sum_n P_mn v_n over the visible keys, those of {@code past} included.
     *
     * @param out     [batch, rows, nHeads, headDim], overwritten
     * @param lse     [batch, nHeads, rows], overwritten: natural logarithm, scale inside
     * @param q       [batch, rows, nHeads, headDim]
     * @param k       [batch, rows, nKvHeads, headDim]
     * @param v       [batch, rows, nKvHeads, headDim]
     * @param lastRow [batch, nKvHeads, rows], counted from the first row of this call
     * @param past    keys before the first row, or null; only with batch 1
     */
    public static void forward(
            float[] out, int outOffset, float[] lse, int lseOffset, float[] q, int qOffset, float[] k, int kOffset,
            float[] v, int vOffset, int[] lastRow, int lastRowOffset, PastKeys past, AttentionShape shape, Team team) {
        checkShared(out, outOffset, lse, lseOffset, q, qOffset, k, kOffset, v, vOffset, lastRow, lastRowOffset, shape);
        if (past != null) {
            past.check(shape);
        }
        if (Kernels.VECTOR) {
            int length = Check.scratchLength("scratch for keys", SparseAttentionVector.packedFloats(shape, past), shape);
            float[] keys = team.scratch(SparseAttention.class, 0, length);
            float[] values = team.scratch(SparseAttention.class, 1, length);
            float[][] floats = team.workerFloats(SparseAttention.class, SparseAttentionVector.floats(shape));
            int[][] ints = team.workerInts(SparseAttention.class, SparseAttentionVector.ints());
            var call = new SparseAttentionVector(
                    out, outOffset, lse, lseOffset, q, qOffset, k, kOffset, v, vOffset, lastRow, lastRowOffset, past, shape,
                    keys, values, floats, ints);
            team.run(call.packTasks(), call::pack);
            team.run(call.tasks(), call::run);
            return;
        }
        plainForward(out, outOffset, lse, lseOffset, q, qOffset, k, kOffset, v, vOffset, lastRow, lastRowOffset, past, shape, team);
    }

    /**
     * Adds the gradients of {@link #forward} without past keys: dv_n = sum_m P_mn dOut_m; dS_mn = P_mn (dOut_m . v_n - dOut_m . out_m);
     * dq_m = scale sum_n dS_mn k_n; dk_n = scale sum_m dS_mn q_m.
     *
     * @param dq   [batch, rows, nHeads, headDim], added to
     * @param dk   [batch, rows, nKvHeads, headDim], added to
     * @param dv   [batch, rows, nKvHeads, headDim], added to
     * @param dOut [batch, rows, nHeads, headDim]
     * @param out  [batch, rows, nHeads, headDim] as the forward pass left it
     * @param lse  [batch, nHeads, rows] as the forward pass left it
     */
    public static void backward(
            float[] dq, int dqOffset, float[] dk, int dkOffset, float[] dv, int dvOffset, float[] dOut, int dOutOffset,
            float[] out, int outOffset, float[] lse, int lseOffset, float[] q, int qOffset, float[] k, int kOffset,
            float[] v, int vOffset, int[] lastRow, int lastRowOffset, AttentionShape shape, Team team) {
        checkShared(out, outOffset, lse, lseOffset, q, qOffset, k, kOffset, v, vOffset, lastRow, lastRowOffset, shape);
        Check.range("dq", dq, dqOffset, queryLength(shape));
        Check.range("dk", dk, dkOffset, keyLength(shape));
        Check.range("dv", dv, dvOffset, keyLength(shape));
        Check.range("dOut", dOut, dOutOffset, queryLength(shape));
        if (Kernels.VECTOR) {
            int length = Check.scratchLength("scratch for dk", SparseAttentionBackwardVector.partialFloats(shape), shape);
            int keyLength = Check.scratchLength("scratch for keys", SparseAttentionBackwardVector.packedFloats(shape), shape);
            float[] keys = team.scratch(SparseAttention.class, 0, keyLength);
            float[] values = team.scratch(SparseAttention.class, 1, keyLength);
            float[] dkParts = team.scratch(SparseAttention.class, 2, length);
            float[] dvParts = team.scratch(SparseAttention.class, 3, length);
            float[][] floats = team.workerFloats(SparseAttention.class, SparseAttentionBackwardVector.floats(shape));
            int[][] ints = team.workerInts(SparseAttention.class, SparseAttentionBackwardVector.ints());
            var call = new SparseAttentionBackwardVector(dq, dqOffset, dk, dkOffset, dv, dvOffset, dOut, dOutOffset, out, outOffset,
                    lse, lseOffset, q, qOffset, k, kOffset, v, vOffset, lastRow, lastRowOffset, shape, keys, values, dkParts, dvParts, floats, ints);
            team.run(call.packTasks(), call::pack);
            team.run(call.tasks(), call::run);
            team.run(call.reduceTasks(), call::reduce);
            return;
        }
        plainBackward(dq, dqOffset, dk, dkOffset, dv, dvOffset, dOut, dOutOffset, out, outOffset, lse, lseOffset, q, qOffset, k, kOffset,
                v, vOffset, lastRow, lastRowOffset, shape, team);
    }

    static void checkShared(
            float[] out, int outOffset, float[] lse, int lseOffset, float[] q, int qOffset, float[] k, int kOffset,
            float[] v, int vOffset, int[] lastRow, int lastRowOffset, AttentionShape shape) {
        Check.range("out", out, outOffset, queryLength(shape));
        Check.range("lse", lse, lseOffset, (long) shape.batch() * shape.nHeads() * shape.rows());
        Check.range("q", q, qOffset, queryLength(shape));
        Check.range("k", k, kOffset, keyLength(shape));
        Check.range("v", v, vOffset, keyLength(shape));
        Check.range("lastRow", lastRow, lastRowOffset, (long) shape.batch() * shape.nKvHeads() * shape.rows());
    }

    static long queryLength(AttentionShape shape) {
        return (long) shape.batch() * shape.rows() * shape.nHeads() * shape.headDim();
    }

    static long keyLength(AttentionShape shape) {
        return (long) shape.batch() * shape.rows() * shape.nKvHeads() * shape.headDim();
    }

    // ---- plain loops -------------------------------------------------------------------------------------------------

    static void plainForward(
            float[] out, int outOffset, float[] lse, int lseOffset, float[] q, int qOffset, float[] k, int kOffset,
            float[] v, int vOffset, int[] lastRow, int lastRowOffset, PastKeys past, AttentionShape shape, Team team) {
        int rows = shape.rows();
        int dim = shape.headDim();
        int tiles = (rows + TILE - 1) / TILE;
        team.run(shape.batch() * shape.nHeads() * tiles, (task, worker) -> {
            int bh = task / tiles;
            int b = bh / shape.nHeads();
            int h = bh % shape.nHeads();
            int g = h / shape.group();
            int visible = lastRowOffset + (b * shape.nKvHeads() + g) * rows;
            int firstRow = task % tiles * TILE;
            for (int m = firstRow; m < Math.min(rows, firstRow + TILE); m++) {
                int query = ((b * rows + m) * shape.nHeads() + h) * dim;
                Row row = new Row(out, outOffset + query, q, qOffset + query, shape);
                if (past != null) {
                    for (int n = past.headStart()[g]; n < past.headStart()[g + 1]; n++) {
                        if (m <= past.lastRow()[past.lastRowOffset() + n]) {
                            row.attend(past.k(), past.kOffset() + n * dim, past.v(), past.vOffset() + n * dim);
                        }
                    }
                }
                for (int n = 0; n <= m; n++) {
                    if (m <= lastRow[visible + n]) {
                        int key = ((b * rows + n) * shape.nKvHeads() + g) * dim;
                        row.attend(k, kOffset + key, v, vOffset + key);
                    }
                }
                lse[lseOffset + bh * rows + m] = row.finish();
            }
        });
    }

    /** One row's softmax, key by key: the sums so far are relative to the largest score so far. */
    private static final class Row {
        private final float[] out;
        private final int outOffset;
        private final float[] q;
        private final int qOffset;
        private final int dim;
        private final float scale;
        private float max = Float.NEGATIVE_INFINITY;
        private float sum;

        Row(float[] out, int outOffset, float[] q, int qOffset, AttentionShape shape) {
            this.out = out;
            this.outOffset = outOffset;
            this.q = q;
            this.qOffset = qOffset;
            this.dim = shape.headDim();
            this.scale = shape.scale();
            Arrays.fill(out, outOffset, outOffset + dim, 0);
        }

        void attend(float[] k, int kOffset, float[] v, int vOffset) {
            float s = dot(q, qOffset, k, kOffset, dim) * scale;
            if (s > max) {
                float shrink = (float) Math.exp(max - s);
                for (int d = 0; d < dim; d++) {
                    out[outOffset + d] *= shrink;
                }
                sum *= shrink;
                max = s;
            }
            float p = (float) Math.exp(s - max);
            for (int d = 0; d < dim; d++) {
                out[outOffset + d] += p * v[vOffset + d];
            }
            sum += p;
        }

        /** Divides by the sum and returns the row's log-sum-exp. */
        float finish() {
            if (sum == 0) {
                return Float.NEGATIVE_INFINITY;
            }
            for (int d = 0; d < dim; d++) {
                out[outOffset + d] /= sum;
            }
            return max + (float) Math.log(sum);
        }
    }

    static void plainBackward(
            float[] dq, int dqOffset, float[] dk, int dkOffset, float[] dv, int dvOffset, float[] dOut, int dOutOffset,
            float[] out, int outOffset, float[] lse, int lseOffset, float[] q, int qOffset, float[] k, int kOffset,
            float[] v, int vOffset, int[] lastRow, int lastRowOffset, AttentionShape shape, Team team) {
        int rows = shape.rows();
        int dim = shape.headDim();
        float scale = shape.scale();
        int tiles = (rows + TILE - 1) / TILE;

        // Row by row: dq.
        team.run(shape.batch() * shape.nHeads() * tiles, (task, worker) -> {
            int bh = task / tiles;
            int b = bh / shape.nHeads();
            int h = bh % shape.nHeads();
            int g = h / shape.group();
            int visible = lastRowOffset + (b * shape.nKvHeads() + g) * rows;
            int firstRow = task % tiles * TILE;
            for (int m = firstRow; m < Math.min(rows, firstRow + TILE); m++) {
                int query = ((b * rows + m) * shape.nHeads() + h) * dim;
                float delta = dot(dOut, dOutOffset + query, out, outOffset + query, dim);
                for (int n = 0; n <= m; n++) {
                    if (m <= lastRow[visible + n]) {
                        int key = ((b * rows + n) * shape.nKvHeads() + g) * dim;
                        float p = probability(q, qOffset + query, k, kOffset + key, lse[lseOffset + bh * rows + m], dim, scale);
                        float ds = p * (dot(dOut, dOutOffset + query, v, vOffset + key, dim) - delta);
                        add(dq, dqOffset + query, k, kOffset + key, ds * scale, dim);
                    }
                }
            }
        });

        // Key by key: dk and dv, summed over the query heads of the group.
        team.run(shape.batch() * shape.nKvHeads() * tiles, (task, worker) -> {
            int bg = task / tiles;
            int b = bg / shape.nKvHeads();
            int g = bg % shape.nKvHeads();
            int firstKey = task % tiles * TILE;
            for (int n = firstKey; n < Math.min(rows, firstKey + TILE); n++) {
                int key = ((b * rows + n) * shape.nKvHeads() + g) * dim;
                int last = Math.min(rows - 1, lastRow[lastRowOffset + bg * rows + n]);
                for (int h = g * shape.group(); h < (g + 1) * shape.group(); h++) {
                    for (int m = n; m <= last; m++) {
                        int query = ((b * rows + m) * shape.nHeads() + h) * dim;
                        float delta = dot(dOut, dOutOffset + query, out, outOffset + query, dim);
                        float logSum = lse[lseOffset + (b * shape.nHeads() + h) * rows + m];
                        float p = probability(q, qOffset + query, k, kOffset + key, logSum, dim, scale);
                        float ds = p * (dot(dOut, dOutOffset + query, v, vOffset + key, dim) - delta);
                        add(dv, dvOffset + key, dOut, dOutOffset + query, p, dim);
                        add(dk, dkOffset + key, q, qOffset + query, ds * scale, dim);
                    }
                }
            }
        });
    }

    private static float probability(float[] q, int qOffset, float[] k, int kOffset, float lse, int dim, float scale) {
        return (float) Math.exp(dot(q, qOffset, k, kOffset, dim) * scale - lse);
    }

    static float dot(float[] a, int aOffset, float[] b, int bOffset, int length) {
        float sum = 0;
        for (int i = 0; i < length; i++) {
            sum += a[aOffset + i] * b[bOffset + i];
        }
        return sum;
    }

    /** y += factor x. */
    private static void add(float[] y, int yOffset, float[] x, int xOffset, float factor, int length) {
        for (int i = 0; i < length; i++) {
            y[yOffset + i] += factor * x[xOffset + i];
        }
    }
}
