package org.neuralattention.bench.ablation;

import java.util.Arrays;
import org.neuralattention.kernels.AttentionShape;
import org.neuralattention.kernels.Team;

/**
 * The role gradient as the paper's published kernels approximate it, for a comparison with the exact one: a training run takes it as its
 * {@link org.neuralattention.model.MaskGradient}, {@code PublishedRoleGradient::add}.
 *
 * <p>With A as in {@link org.neuralattention.kernels.RoleGradient}, and nxt(n) the next global strictly after n, or rows - 1:
 * <pre>{@code
 *   gG_n    = sum_{m > nxt(n) + 1} A_mn
 *             - sum over all j with nxt(j) = n of sum_{n < m <= nxt(n)} A_mj     nothing if n is not global
 *   gL_n    = sum_{n <= m <= nxt(n)} A_mn      A_nn alone if n is global
 *   gS_n(w) = sum_{n <= m <= n + w} A_mn
 * }</pre>
 * So against the exact gradient: global has the rows behind the next global only, and not the first of them; a token that is not global is charged for nothing that it
 * would end, and one that is global for all keys back to the global before it, not only the locals. What the kernels do beside this (some rows counted twice, rounding to 16 bits)
 * is left out. Spec 3.3, items 1 to 3.
 */
public final class PublishedRoleGradient {

    private PublishedRoleGradient() {}

    /**
     * Adds the gradient; arguments as in {@link org.neuralattention.kernels.RoleGradient#add}.
     *
     * @param tileWeight null: there is no sampled form
     */
    public static void add(float[] dRoles, int dRolesOffset, float[] dOut, int dOutOffset, float[] out, int outOffset, float[] lse, int lseOffset,
            float[] q, int qOffset, float[] k, int kOffset, float[] v, int vOffset, int[] roles, int rolesOffset,
            int[] windows, int attentionWindow, float[] tileWeight, int tileWeightOffset, AttentionShape shape, Team team) {
        if (tileWeight != null) {
            throw new IllegalArgumentException("the published role gradient has no sampled form: gradientOneIn must be 1");
        }
        int rows = shape.rows();
        int dim = shape.headDim();
        int channels = 2 + windows.length;
        team.run(shape.batch() * shape.nKvHeads(), (bg, _) -> {
            int b = bg / shape.nKvHeads();
            int g = bg % shape.nKvHeads();
            int[] next = nextGlobal(roles, rolesOffset + bg * rows, rows);
            Columns columns = new Columns(rows, dim, shape.scale());
            for (int h = g * shape.group(); h < (g + 1) * shape.group(); h++) {
                int query = (b * rows * shape.nHeads() + h) * dim;
                columns.read(q, qOffset + query, dOut, dOutOffset + query, out, outOffset + query, shape.nHeads() * dim,
                        lse, lseOffset + (b * shape.nHeads() + h) * rows);
                for (int n = 0; n < rows; n++) {
                    int key = ((b * rows + n) * shape.nKvHeads() + g) * dim;
                    int end = attentionWindow == 0 ? rows : (int) Math.min(rows, (long) n + attentionWindow);
                    columns.sum(n, end, k, kOffset + key, v, vOffset + key);
                    addKey(dRoles, dRolesOffset + bg * rows * channels, columns, n, end, next, roles[rolesOffset + bg * rows + n] == 0, windows);
                }
            }
        });
    }

    /** What key n adds, from its A in the rows up to {@code end}. */
    private static void addKey(float[] dRoles, int first, Columns a, int n, int end, int[] next, boolean global, int[] windows) {
        int channels = 2 + windows.length;
        int d = first + n * channels;
        int nxt = next[n];
        dRoles[d] += a.between(nxt + 2, end, end);
        dRoles[d + 1] += a.between(n, (global ? n : nxt) + 1, end);
        for (int w = 0; w < windows.length; w++) {
            dRoles[d + 2 + w] += a.between(n, (int) Math.min(end, n + 1L + windows[w]), end);
        }
        dRoles[first + nxt * channels] -= a.between(nxt + 1, next[nxt] + 1, end);
    }

    /** next[n] = the next global strictly after n, or rows - 1. */
    private static int[] nextGlobal(int[] roles, int rolesOffset, int rows) {
        int[] next = new int[rows];
        int nxt = rows - 1;
        for (int n = rows - 1; n >= 0; n--) {
            next[n] = nxt;
            if (roles[rolesOffset + n] == 0) {
                nxt = n;
            }
        }
        return next;
    }

    /** A query head's rows, transposed so that plain loops over rows become vectors, and the running sum of one key's A over them. */
    private static final class Columns {

        private final float scale;
        private final float[][] q;     // [headDim][rows]
        private final float[][] dOut;  // [headDim][rows]
        private final float[] delta;   // [rows] dOut . out
        private final float[] lse;     // [rows]
        private final float[] scores;  // [rows] q_m . k_n
        private final float[] dP;      // [rows] dOut_m . v_n
        private final double[] before; // [rows + 1] sum of A over the rows before m, from n on

        Columns(int rows, int dim, float scale) {
            this.scale = scale;
            q = new float[dim][rows];
            dOut = new float[dim][rows];
            delta = new float[rows];
            lse = new float[rows];
            scores = new float[rows];
            dP = new float[rows];
            before = new double[rows + 1];
        }

        /** @param stride from one row to the next */
        void read(float[] q, int qOffset, float[] dOut, int dOutOffset, float[] out, int outOffset, int stride, float[] lse, int lseOffset) {
            int rows = delta.length;
            System.arraycopy(lse, lseOffset, this.lse, 0, rows);
            for (int m = 0; m < rows; m++) {
                float sum = 0;
                for (int i = 0; i < this.q.length; i++) {
                    this.q[i][m] = q[qOffset + m * stride + i];
                    this.dOut[i][m] = dOut[dOutOffset + m * stride + i];
                    sum += dOut[dOutOffset + m * stride + i] * out[outOffset + m * stride + i];
                }
                delta[m] = sum;
            }
        }

        /** Sums A of key n over the rows from n to {@code end}. */
        void sum(int n, int end, float[] k, int kOffset, float[] v, int vOffset) {
            products(scores, k, kOffset, q, n, end);
            products(dP, v, vOffset, dOut, n, end);
            before[n] = 0;
            for (int m = n; m < end; m++) {
                double p = Math.min(1, Math.exp(scores[m] * scale - lse[m]));
                before[m + 1] = before[m] + p * (dP[m] - delta[m]);
            }
        }

        /** y[m] = sum over i of x_i columns[i][m]. */
        private static void products(float[] y, float[] x, int xOffset, float[][] columns, int from, int to) {
            Arrays.fill(y, from, to, 0);
            for (int i = 0; i < columns.length; i++) {
                float factor = x[xOffset + i];
                float[] column = columns[i];
                for (int m = from; m < to; m++) {
                    y[m] += factor * column[m];
                }
            }
        }

        /** Sum of A over the rows from {@code from} to {@code to}, of which those from {@code end} on hold none. */
        float between(int from, int to, int end) {
            return from >= Math.min(to, end) ? 0 : (float) (before[Math.min(to, end)] - before[from]);
        }
    }
}
