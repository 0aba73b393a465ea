package org.neuralattention.roles;

import org.neuralattention.kernels.CounterRandom;
import org.neuralattention.kernels.Team;

/**
 * From logits to roles and, in training, from the roles' gradient back to the logits (spec 1.2, 2, 3.2).
 *
 * <p>Training draws: role = argmax of (logits + Gumbel noise), a sample of softmax(logits), and keeps y = softmax(logits + noise)
 * (temperature 1) for the straight-through backward pass, which treats the one-hot of the role as if it were y.
 * The first tokens, as many as are pinned, and the last of each sequence are global whatever was drawn, and have no gradient.
 * Inference takes the largest logit. Both add a bias to each token's logits first, the same for all: {@link RoleSpace#bias} excludes
 * roles so, and training may favour one.
 *
 * <p>Logits are [batch * rows, nKvHeads * nRoles], as the scorer writes them; roles [batch, nKvHeads, rows];
 * noise, y and dRoles [batch, nKvHeads, rows, nRoles]. Equal values go to the lowest role.
 */
public final class RoleSampler {

    /** Tokens in a task: enough work to pay for handing it out, and the same for any number of threads. */
    private static final int BLOCK = 256;

    private RoleSampler() {}

    /**
     * Sets Gumbel noise that depends on nothing but (seed, step, layer, KV head, token, role), so that threads, micro-batches
     * and a resumed run draw the same.
     *
     * @param noise out, [batch, nKvHeads, rows, nRoles]
     * @param firstToken number of the first token within the step's whole batch; token n of row b gets {@code firstToken + b * rows + n}
     * @param scale what it is multiplied by: 1, or less where roles settle
     */
    public static void gumbel(float[] noise, int noiseOffset, long seed, long step, int layer, long firstToken, double scale,
            int batch, int nKvHeads, int rows, int nRoles, Team team) {
        long tokens = check(batch, nKvHeads, rows, nRoles);
        Arguments.range("noise", noise.length, noiseOffset, tokens * nRoles);
        team.run(Math.ceilDiv(batch * rows, BLOCK), (block, _) -> {
            int end = Math.min((block + 1) * BLOCK, batch * rows);
            for (int token = block * BLOCK; token < end; token++) {
                for (int head = 0; head < nKvHeads; head++) {
                    int at = noiseOffset + place(token, head, nKvHeads, rows) * nRoles;
                    for (int role = 0; role < nRoles; role++) {
                        noise[at + role] = (float) (scale * CounterRandom.gumbel(seed, step, layer, head, firstToken + token, role));
                    }
                }
            }
        });
    }

    /**
     * Draws training roles with given noise.
     *
     * @param roles out, [batch, nKvHeads, rows]
     * @param y out, softmax(logits + bias + noise), kept for {@link #backward}
     * @param noise [batch, nKvHeads, rows, nRoles]; may be {@code y} itself
     * @param bias added to the logits of each token, [nRoles]
     * @param pinned rows at the start of each sequence that are global
     */
    public static void sample(int[] roles, int rolesOffset, float[] y, int yOffset, float[] logits, int logitsOffset, float[] noise, int noiseOffset,
            float[] bias, int biasOffset, int pinned, int batch, int nKvHeads, int rows, int nRoles, Team team) {
        long tokens = check(batch, nKvHeads, rows, nRoles);
        Arguments.range("roles", roles.length, rolesOffset, tokens);
        Arguments.range("y", y.length, yOffset, tokens * nRoles);
        Arguments.range("logits", logits.length, logitsOffset, tokens * nRoles);
        Arguments.range("noise", noise.length, noiseOffset, tokens * nRoles);
        Arguments.range("bias", bias.length, biasOffset, nRoles);
        team.run(Math.ceilDiv(batch * rows, BLOCK), (block, _) -> {
            int end = Math.min((block + 1) * BLOCK, batch * rows);
            for (int token = block * BLOCK; token < end; token++) {
                for (int head = 0; head < nKvHeads; head++) {
                    int place = place(token, head, nKvHeads, rows);
                    int role = softmax(y, yOffset + place * nRoles, logits, logitsOffset + (token * nKvHeads + head) * nRoles,
                            noise, noiseOffset + place * nRoles, bias, biasOffset, nRoles);
                    roles[rolesOffset + place] = forced(token % rows, pinned, rows) ? Role.GLOBAL : role;
                }
            }
        });
    }

    /** y = softmax(logits + bias + noise); returns the largest one's index. */
    private static int softmax(float[] y, int yOffset, float[] logits, int logitsOffset, float[] noise, int noiseOffset,
            float[] bias, int biasOffset, int nRoles) {
        int best = 0;
        for (int role = 0; role < nRoles; role++) {
            y[yOffset + role] = logits[logitsOffset + role] + bias[biasOffset + role] + noise[noiseOffset + role];
            if (y[yOffset + role] > y[yOffset + best]) {
                best = role;
            }
        }
        float max = y[yOffset + best];
        double sum = 0;
        for (int role = 0; role < nRoles; role++) {
            y[yOffset + role] = (float) Math.exp(y[yOffset + role] - max);
            sum += y[yOffset + role];
        }
        for (int role = 0; role < nRoles; role++) {
            y[yOffset + role] = (float) (y[yOffset + role] / sum);
        }
        return best;
    }

    /**
     * Adds the straight-through gradient to {@code dLogits}: dLogits_c += y_c (dRoles_c - sum over c' of y_c' dRoles_c');
     * nothing where the role was forced.
     *
     * @param dLogits added to, [batch * rows, nKvHeads * nRoles]
     * @param dRoles [batch, nKvHeads, rows, nRoles]
     * @param y saved by {@link #sample}
     * @param pinned as there
     */
    public static void backward(float[] dLogits, int dLogitsOffset, float[] dRoles, int dRolesOffset, float[] y, int yOffset,
            int pinned, int batch, int nKvHeads, int rows, int nRoles, Team team) {
        long tokens = check(batch, nKvHeads, rows, nRoles);
        Arguments.range("dLogits", dLogits.length, dLogitsOffset, tokens * nRoles);
        Arguments.range("dRoles", dRoles.length, dRolesOffset, tokens * nRoles);
        Arguments.range("y", y.length, yOffset, tokens * nRoles);
        team.run(Math.ceilDiv(batch * rows, BLOCK), (block, _) -> {
            int end = Math.min((block + 1) * BLOCK, batch * rows);
            for (int token = block * BLOCK; token < end; token++) {
                for (int head = 0; head < nKvHeads && !forced(token % rows, pinned, rows); head++) {
                    int place = place(token, head, nKvHeads, rows) * nRoles;
                    softmaxBackward(dLogits, dLogitsOffset + (token * nKvHeads + head) * nRoles, dRoles, dRolesOffset + place, y, yOffset + place, nRoles);
                }
            }
        });
    }

    private static void softmaxBackward(float[] dLogits, int dLogitsOffset, float[] dRoles, int dRolesOffset, float[] y, int yOffset, int nRoles) {
        double mean = 0;
        for (int role = 0; role < nRoles; role++) {
            mean += (double) y[yOffset + role] * dRoles[dRolesOffset + role];
        }
        for (int role = 0; role < nRoles; role++) {
            dLogits[dLogitsOffset + role] += (float) (y[yOffset + role] * (dRoles[dRolesOffset + role] - mean));
        }
    }

    /**
     * Chooses roles without noise, for evaluation, prefill and decode: the largest of logits + bias.
     *
     * @param roles out, [batch, nKvHeads, rows]
     * @param bias added to the logits of each token, [nRoles]
     * @param pinned rows at the start of each sequence that are global
     */
    public static void choose(int[] roles, int rolesOffset, float[] logits, int logitsOffset, float[] bias, int biasOffset, int pinned,
            int batch, int nKvHeads, int rows, int nRoles, Team team) {
        long tokens = check(batch, nKvHeads, rows, nRoles);
        Arguments.range("roles", roles.length, rolesOffset, tokens);
        Arguments.range("logits", logits.length, logitsOffset, tokens * nRoles);
        Arguments.range("bias", bias.length, biasOffset, nRoles);
        team.run(Math.ceilDiv(batch * rows, BLOCK), (block, _) -> {
            int end = Math.min((block + 1) * BLOCK, batch * rows);
            for (int token = block * BLOCK; token < end; token++) {
                for (int head = 0; head < nKvHeads; head++) {
                    roles[rolesOffset + place(token, head, nKvHeads, rows)] = token % rows < pinned ? Role.GLOBAL
                            : largest(logits, logitsOffset + (token * nKvHeads + head) * nRoles, bias, biasOffset, nRoles);
                }
            }
        });
    }

    private static int largest(float[] logits, int logitsOffset, float[] bias, int biasOffset, int nRoles) {
        int best = Role.GLOBAL;
        float max = logits[logitsOffset] + bias[biasOffset];
        for (int role = 1; role < nRoles; role++) {
            if (logits[logitsOffset + role] + bias[biasOffset + role] > max) {
                max = logits[logitsOffset + role] + bias[biasOffset + role];
                best = role;
            }
        }
        return best;
    }

    /** In training the sinks and the last token are global: the last closes the open locals. */
    private static boolean forced(int n, int pinned, int rows) {
        return n < pinned || n == rows - 1;
    }

    /** Index in [batch, nKvHeads, rows] of a token of [batch * rows]. */
    private static int place(int token, int head, int nKvHeads, int rows) {
        return (token / rows * nKvHeads + head) * rows + token % rows;
    }

    private static long check(int batch, int nKvHeads, int rows, int nRoles) {
        Arguments.roles(nRoles);
        return Arguments.tokens(batch, nKvHeads, rows);
    }
}
