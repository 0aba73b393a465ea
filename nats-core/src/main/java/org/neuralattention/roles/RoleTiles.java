package org.neuralattention.roles;

import org.neuralattention.kernels.CounterRandom;
import org.neuralattention.kernels.RoleGradient;

/**
 * Which query tiles a sampled role gradient looks at: one drawn out of each group of {@code oneIn} consecutive ones, with the size of its group as weight.
 *
 * <p>The mean of every weight is 1, which makes the gradient unbiased (docs/algorithm.md, section 6). Groups are counted from the last tile, so that only the first
 * group, whose rows have the fewest keys, may be smaller. With {@code oneIn} = 1 every weight is 1: the exact gradient.
 */
public final class RoleTiles {

    /** Number of the draw, beside the roles' Gumbel noise of the same token. */
    private static final int DRAW = -1;

    private RoleTiles() {}

    /**
     * Sets the weights, a pure function of (seed, step, layer, KV head, token).
     *
     * @param weight out, [batch, nKvHeads, {@link RoleGradient#tiles}]
     * @param firstToken as in {@link RoleSampler#gumbel}; a group draws as the first token of its first tile
     */
    public static void draw(float[] weight, int weightOffset, int oneIn, long seed, long step, int layer, long firstToken,
            int batch, int nKvHeads, int rows) {
        Arguments.positive("oneIn", oneIn);
        int tiles = RoleGradient.tiles(rows);
        Arguments.range("weight", weight.length, weightOffset, (long) batch * nKvHeads * tiles);
        for (int b = 0; b < batch; b++) {
            for (int head = 0; head < nKvHeads; head++) {
                int first = weightOffset + (b * nKvHeads + head) * tiles;
                for (int end = tiles; end > 0; end -= oneIn) {
                    int from = Math.max(0, end - oneIn);
                    long token = firstToken + (long) b * rows + (long) from * RoleGradient.TILE;
                    double uniform = CounterRandom.uniform(seed, step, layer, head, token, DRAW);
                    int drawn = from + (int) (uniform * (end - from)); // below end: uniform is below 1, and the size below 2^52
                    for (int tile = from; tile < end; tile++) {
                        weight[first + tile] = tile == drawn ? end - from : 0;
                    }
                }
            }
        }
    }
}
