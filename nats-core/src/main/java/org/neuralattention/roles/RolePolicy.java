package org.neuralattention.roles;

import org.neuralattention.kernels.CounterRandom;

/** A role for each token from its place alone: fixed baselines to compare the learned roles with, and given roles in tests. */
@FunctionalInterface
public interface RolePolicy {

    /** The role of the token at {@code position} (0-based in its sequence), in the role codes of {@link Role}. */
    int role(int layer, int kvHead, int sequence, long position);

    /**
     * Attention sinks and a window: the first {@code sinks} tokens stay, the rest slide.
     *
     * @param windowIndex which of the model's windows they slide by: its place in the ascending list, from 0, not its length
     * @throws IllegalArgumentException if a number is negative; a window that the model does not have is refused where the policy is used
     */
    static RolePolicy sinkAndWindow(int sinks, int windowIndex) {
        if (sinks < 0) {
            throw new IllegalArgumentException("sinks = " + sinks + ": must not be negative");
        }
        int sliding = Role.sliding(windowIndex);
        return (layer, kvHead, sequence, position) -> position < sinks ? Role.GLOBAL : sliding;
    }

    /**
     * Random roles: in each layer and head the role r with probability {@code shares[layer][kvHead][r]}; the first token is global.
     * A function of the seed and the token's place only.
     */
    static RolePolicy random(long seed, double[][][] shares) {
        return (layer, kvHead, sequence, position) -> {
            if (position == 0) {
                return Role.GLOBAL;
            }
            double[] share = shares[layer][kvHead];
            double u = CounterRandom.uniform(seed, sequence, layer, kvHead, position, 0);
            for (int role = 0; role < share.length - 1; role++) {
                u -= share[role];
                if (u < 0) {
                    return role;
                }
            }
            return share.length - 1;
        };
    }
}
