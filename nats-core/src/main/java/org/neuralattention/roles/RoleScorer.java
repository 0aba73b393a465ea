package org.neuralattention.roles;

import org.neuralattention.kernels.MatMul;
import org.neuralattention.kernels.Team;

/**
 * Scores the roles of every token: one linear map per layer, without bias, of the normed input of attention (spec 2).
 *
 * <p>logits[t, nRoles h + c] = sum over i of x[t, i] scorer[nRoles h + c, i], for token t, KV head h, role c.
 */
public final class RoleScorer {

    private RoleScorer() {}

    /**
     * Sets the logits.
     *
     * @param logits out, [tokens, nKvHeads * nRoles]
     * @param x normed input, [tokens, dim]
     * @param scorer [nKvHeads * nRoles, dim]
     */
    public static void forward(float[] logits, int logitsOffset, float[] x, int xOffset, float[] scorer, int scorerOffset,
            int tokens, int dim, int nKvHeads, int nRoles, Team team) {
        Arguments.roles(nRoles);
        MatMul.abt(logits, logitsOffset, x, xOffset, scorer, scorerOffset, tokens, nKvHeads * nRoles, dim, false, team);
    }

    /**
     * Adds dLogits^T x to {@code dScorer}. Nothing flows to x: as in the paper's code the scorer sees a detached input, so that what the
     * roles learn does not bend the features they read. Where it should, {@link #inputBackward} follows.
     *
     * @param dScorer added to, [nKvHeads * nRoles, dim]
     * @param dLogits [tokens, nKvHeads * nRoles]
     * @param x normed input, [tokens, dim]
     */
    public static void backward(float[] dScorer, int dScorerOffset, float[] dLogits, int dLogitsOffset, float[] x, int xOffset,
            int tokens, int dim, int nKvHeads, int nRoles, Team team) {
        Arguments.roles(nRoles);
        MatMul.atb(dScorer, dScorerOffset, dLogits, dLogitsOffset, x, xOffset, nKvHeads * nRoles, dim, tokens, true, team);
    }

    /**
     * Sets dX = dLogits scorer, the part of the input's gradient that is cut where the input is detached.
     *
     * @param dX out, [tokens, dim]
     * @param dLogits [tokens, nKvHeads * nRoles]
     * @param scorer [nKvHeads * nRoles, dim]
     */
    public static void inputBackward(float[] dX, int dXOffset, float[] dLogits, int dLogitsOffset, float[] scorer, int scorerOffset,
            int tokens, int dim, int nKvHeads, int nRoles, Team team) {
        Arguments.roles(nRoles);
        MatMul.ab(dX, dXOffset, dLogits, dLogitsOffset, scorer, scorerOffset, tokens, dim, nKvHeads * nRoles, false, team);
    }
}
