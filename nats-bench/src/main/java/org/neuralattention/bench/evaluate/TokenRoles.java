package org.neuralattention.bench.evaluate;

import java.util.Arrays;
import org.neuralattention.model.Activations;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.roles.Lifetimes;
import org.neuralattention.roles.RoleChoice;

/**
 * The roles that the tokens of one sequence take.
 *
 * @param roles [nLayers][nKvHeads][tokens]
 * @param shares [nLayers][nKvHeads] KV share
 */
record TokenRoles(int[][][] roles, double[][] shares) {

    static TokenRoles of(Transformer model, int[] ids) {
        ModelConfig c = model.config();
        Activations s = new Activations(c, 1, ids.length, Activations.Keep.ALL);
        model.forward(s, ids, 0, RoleChoice.BEST);
        int[][][] roles = new int[c.nLayers()][c.nKvHeads()][];
        double[][] shares = new double[c.nLayers()][c.nKvHeads()];
        for (int l = 0; l < c.nLayers(); l++) {
            for (int h = 0; h < c.nKvHeads(); h++) {
                int from = h * ids.length;
                roles[l][h] = Arrays.copyOfRange(s.layer(l).roles, from, from + ids.length);
                shares[l][h] = Lifetimes.visiblePairs(s.layer(l).lastRow, from, 1, ids.length) / (double) Lifetimes.causalPairs(1, ids.length);
            }
        }
        return new TokenRoles(roles, shares);
    }

    double share(int layer, int kvHead) {
        return shares[layer][kvHead];
    }
}
