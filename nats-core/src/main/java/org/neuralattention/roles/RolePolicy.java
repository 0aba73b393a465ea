package org.neuralattention.roles;

import org.neuralattention.kernels.CounterRandom;

/** A role for each token from its place alone: fixed baselines to compare the learned roles with, and given roles in tests. */
@FunctionalInterface
public interface RolePolicy {

    /** The role of the token at {@code position} (0-based in its sequence), in the role codes of {@link Role}. */
    int role(int layer, int kvHead, int sequence, long position);

    /** Attention sinks and a window: the first {@code sinks} tokens stay, the rest slide by the space's window {@code window}. */
    static RolePolicy sinkAndWindow(int sinks, int window) {
        return (layer, kvHead, sequence, position) -> position < sinks ? Role.GLOBAL : Role.sliding(window);
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
