package org.neuralattention.kernels;

import java.util.Arrays;
import org.neuralattention.kernels.vector.RoleGradientVector;

/**
 * Gradient of the loss with respect to the one-hot role of every key: the exact derivative of the mask written as a multilinear function of the roles.
 *
 * <p>A_mn = clamp(exp(s_mn - lse_m), 0, 1) (dOut_m . v_n - dOut_m . out_m) for every causal pair {@code n <= m}, visible or not, summed over the query heads of
 * the group. With nxt(n) the next global strictly after n, or rows - 1:
 * <pre>{@code
 *   gG_n    = sum_{m >= n} A_mn - charge_n        kept for good, but it ends the open locals before it
 *   gL_n    = sum_{n <= m <= nxt(n)} A_mn
 *   gS_n(w) = sum_{n <= m <= n + w} A_mn          one per window
 *   charge_n = sum over n < m <= nxt(n) of running_m(n),  running_m(n) = sum of A_mj over locals j < n with no global in (j, n)
 * }</pre>
 * Keys are visited in ascending order with one running sum per row, so memory is O(rows). Spec 3.2.
 *
 * <p><b>Sampled.</b> With weights, A_mn counts w_mn times: once if the key lies at most {@link #NEAR} before the first row of m's tile of {@link #TILE} rows,
 * else as often as the weight of that tile says; where that is 0 it is left out. The gradient is linear in A, so it is right on average over any random
 * choice of weights whose mean is 1.
 *
 * <p>A NaN or infinity changes no bit of a sum above without its pairs: one in row m leaves the keys after m as they are; one in key n all other
 * keys, but for the charges up to the next global if n is local.
 */
public final class RoleGradient {

    /** Rows of a query tile, which has one weight. */
    public static final int TILE = 64;

    /** Keys before a tile that count once whatever its weight: pairs so near decide between a role's cuts, and are few. */
    public static final int NEAR = 64;

    private RoleGradient() {}

    /** Query tiles of a sequence. */
    public static int tiles(int rows) {
        return Math.ceilDiv(rows, TILE);
    }

    /**
     * Adds the role gradient. Nothing is forced or zeroed here: a caller that fixes a token's role ignores that token's gradient.
     *
     * @param dRoles  [batch, nKvHeads, rows, 2 + windows.length], added to: global, local, then one per window
     * @param dOut    [batch, rows, nHeads, headDim]
     * @param out     [batch, rows, nHeads, headDim] of {@link SparseAttention#forward}
     * @param lse     [batch, nHeads, rows] of the same
     * @param q       [batch, rows, nHeads, headDim]
     * @param k       [batch, rows, nKvHeads, headDim]
     * @param v       [batch, rows, nKvHeads, headDim]
     * @param roles   [batch, nKvHeads, rows]: 0 global, 1 local, 2 + i sliding by windows[i]
     * @param windows rows after its own that a sliding key is seen
     * @param attentionWindow the model's own window in keys, self included; pairs outside it do not count; 0: none
     * @param tileWeight [batch, nKvHeads, {@link #tiles}] for a sampled gradient; null for the exact one
     */
    public static void add(
            float[] dRoles, int dRolesOffset, float[] dOut, int dOutOffset, float[] out, int outOffset, float[] lse, int lseOffset,
            float[] q, int qOffset, float[] k, int kOffset, float[] v, int vOffset, int[] roles, int rolesOffset,
            int[] windows, int attentionWindow, float[] tileWeight, int tileWeightOffset, AttentionShape shape, Team team) {
        SparseAttention.checkShared(out, outOffset, lse, lseOffset, q, qOffset, k, kOffset, v, vOffset, roles, rolesOffset, shape);
        Check.range("dOut", dOut, dOutOffset, SparseAttention.queryLength(shape));
        checkRoles(dRoles, dRolesOffset, roles, rolesOffset, windows, attentionWindow, shape);
        if (tileWeight != null) {
            Check.range("tileWeight", tileWeight, tileWeightOffset, (long) shape.batch() * shape.nKvHeads() * tiles(shape.rows()));
        }
        if (Kernels.VECTOR) {
            float[] partial = team.scratch(RoleGradient.class, 0,
                    Check.scratchLength("scratch for dRoles", RoleGradientVector.partialFloats(shape, 2 + windows.length), shape));
            float[][] floats = team.workerFloats(RoleGradient.class, RoleGradientVector.floats(shape));
            int[][] ints = team.workerInts(RoleGradient.class, RoleGradientVector.ints(shape));
            var call = new RoleGradientVector(dRoles, dRolesOffset, dOut, dOutOffset, out, outOffset, lse, lseOffset, q, qOffset,
                    k, kOffset, v, vOffset, roles, rolesOffset, windows, attentionWindow, tileWeight, tileWeightOffset, shape, partial, floats, ints);
            team.run(call.tasks(), call::run);
            team.run(call.reduceTasks(), call::reduce);
            return;
        }
        plainAdd(dRoles, dRolesOffset, dOut, dOutOffset, out, outOffset, lse, lseOffset, q, qOffset, k, kOffset, v, vOffset,
                roles, rolesOffset, windows, attentionWindow, tileWeight, tileWeightOffset, shape, team);
    }

    private static void checkRoles(
            float[] dRoles, int dRolesOffset, int[] roles, int rolesOffset, int[] windows, int attentionWindow, AttentionShape shape) {
        if (windows == null) {
            throw new IllegalArgumentException("windows is null");
        }
        for (int window : windows) {
            Check.notNegative("window", window);
        }
        Check.notNegative("attentionWindow", attentionWindow);
        int tokens = shape.batch() * shape.nKvHeads() * shape.rows();
        Check.range("dRoles", dRoles, dRolesOffset, (long) tokens * (2 + windows.length));
        for (int i = 0; i < tokens; i++) {
            int role = roles[rolesOffset + i];
            if (role < 0 || role > 1 + windows.length) {
                throw new IllegalArgumentException("roles[" + (rolesOffset + i) + "] = " + role + ": must be in [0, " + (1 + windows.length)
                        + "] with " + windows.length + " windows");
            }
        }
    }

    // ---- plain loops -------------------------------------------------------------------------------------------------

    static void plainAdd(
            float[] dRoles, int dRolesOffset, float[] dOut, int dOutOffset, float[] out, int outOffset, float[] lse, int lseOffset,
            float[] q, int qOffset, float[] k, int kOffset, float[] v, int vOffset, int[] roles, int rolesOffset,
            int[] windows, int attentionWindow, float[] tileWeight, int tileWeightOffset, AttentionShape shape, Team team) {
        int rows = shape.rows();
        int dim = shape.headDim();
        int channels = 2 + windows.length;
        int[][] ints = team.workerInts(RoleGradient.class, rows);
        float[] running = team.scratch(RoleGradient.class, 0, shape.batch() * shape.nKvHeads() * rows);
        team.run(shape.batch() * shape.nKvHeads(), (bg, worker) -> {
            int b = bg / shape.nKvHeads();
            int g = bg % shape.nKvHeads();
            int first = bg * rows;
            int[] next = ints[worker];
            nextGlobal(next, roles, rolesOffset + first, rows);
            Arrays.fill(running, first, first + rows, 0);
            for (int n = 0; n < rows; n++) {
                int role = roles[rolesOffset + first + n];
                int nxt = next[n];
                int d = dRolesOffset + (first + n) * channels;
                int key = ((b * rows + n) * shape.nKvHeads() + g) * dim;
                int last = attentionWindow == 0 ? rows - 1 : (int) Math.min(rows - 1L, (long) n + attentionWindow - 1);
                for (int m = n + 1; m <= nxt; m++) {
                    dRoles[d] -= running[first + m];
                }
                if (role == 0) {
                    Arrays.fill(running, first + n, first + rows, 0);
                }
                for (int m = n; m <= last; m++) {
                    float weight = tileWeight == null || n >= m / TILE * TILE - NEAR ? 1 : tileWeight[tileWeightOffset + bg * tiles(rows) + m / TILE];
                    if (weight == 0) {
                        continue;
                    }
                    float a = 0;
                    for (int h = g * shape.group(); h < (g + 1) * shape.group(); h++) {
                        int query = ((b * rows + m) * shape.nHeads() + h) * dim;
                        float s = SparseAttention.dot(q, qOffset + query, k, kOffset + key, dim) * shape.scale();
                        float p = (float) Math.min(1, Math.exp(s - lse[lseOffset + (b * shape.nHeads() + h) * rows + m]));
                        a += p * (SparseAttention.dot(dOut, dOutOffset + query, v, vOffset + key, dim)
                                - SparseAttention.dot(dOut, dOutOffset + query, out, outOffset + query, dim));
                    }
                    a *= weight;
                    dRoles[d] += a;
                    if (m <= nxt) {
                        dRoles[d + 1] += a;
                    }
                    for (int w = 0; w < windows.length; w++) {
                        if (m - n <= windows[w]) {
                            dRoles[d + 2 + w] += a;
                        }
                    }
                    if (role == 1) {
                        running[first + m] += a;
                    }
                }
            }
        });
    }

    /** next[n] = the next global strictly after n, or rows - 1. */
    private static void nextGlobal(int[] next, int[] roles, int rolesOffset, int rows) {
        int nxt = rows - 1;
        for (int n = rows - 1; n >= 0; n--) {
            next[n] = nxt;
            if (roles[rolesOffset + n] == 0) {
                nxt = n;
            }
        }
    }
}
