package org.neuralattention.bench.jmh;

import java.util.Arrays;
import org.neuralattention.cache.KvCache;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.Role;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.roles.RolePolicy;
import org.neuralattention.train.Init;

/** Models of random weights for the suites: what they cost does not depend on what they know. */
public final class Models {

    /** SmolLM-135M's block, 6 of its 30 layers and a small vocabulary: the shape of a real model in a tenth of the time. */
    public static final ModelConfig SMALL = ModelConfig.llama(8192, 576, 6, 9, 3, 1536, 1 << 17).withRoleWindows(64);

    private static final int FILL = 256;

    private Models() {}

    public static Transformer random(ModelConfig config, Team team) {
        Weights weights = new Weights(config);
        Init.GPT2.apply(weights, 1, team);
        return new Transformer(weights, team);
    }

    /** All keys, or roles as a searched model has them: 10 % global, 20 % local, the rest sliding. */
    public static RoleChoice choice(ModelConfig config, String roles) {
        if (roles.equals("full")) {
            return RoleChoice.FULL;
        }
        return new RoleChoice.Fixed(policy(config));
    }

    private static RolePolicy policy(ModelConfig config) {
        double[][][] shares = new double[config.nLayers()][config.nKvHeads()][];
        for (double[][] layer : shares) {
            Arrays.setAll(layer, head -> new double[] {0.1, 0.2, 0.7});
        }
        return RolePolicy.random(1, shares);
    }

    /** Lets the cache of a session take in {@code tokens} random keys and values, with the roles of {@link #choice}: in a fraction of a prefill's time. */
    public static void fill(KvCache cache, ModelConfig config, String roles, int tokens) {
        RolePolicy policy = roles.equals("full") ? (layer, head, sequence, position) -> Role.GLOBAL : policy(config);
        float[] rows = Data.random(2 * FILL * config.kvDim());
        int[] rolesOf = new int[config.nKvHeads() * FILL];
        for (int done = 0; done < tokens; ) {
            int n = Math.min(FILL, tokens - done);
            for (int layer = 0; layer < config.nLayers(); layer++) {
                for (int i = 0; i < config.nKvHeads() * n; i++) {
                    rolesOf[i] = policy.role(layer, i / n, 0, done + i % n);
                }
                cache.append(layer, rolesOf, 0, rows, 0, rows, FILL * config.kvDim(), n);
            }
            done += n;
        }
    }
}
