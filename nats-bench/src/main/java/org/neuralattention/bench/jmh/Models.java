package org.neuralattention.bench.jmh;

import java.util.Arrays;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.roles.RolePolicy;
import org.neuralattention.train.Init;

/** Models of random weights for the suites: what they cost does not depend on what they know. */
final class Models {

    /** SmolLM-135M's block, 6 of its 30 layers and a small vocabulary: the shape of a real model in a tenth of the time. */
    static final ModelConfig SMALL = ModelConfig.llama(8192, 576, 6, 9, 3, 1536, 1 << 17).withRoleWindows(64);

    private Models() {}

    static Transformer random(ModelConfig config, Team team) {
        Weights weights = new Weights(config);
        Init.GPT2.apply(weights, 1, team);
        return new Transformer(weights, team);
    }

    /** All keys, or roles as a searched model has them: 10 % global, 20 % local, the rest sliding. */
    static RoleChoice choice(ModelConfig config, String roles) {
        if (roles.equals("full")) {
            return RoleChoice.FULL;
        }
        double[][][] shares = new double[config.nLayers()][config.nKvHeads()][];
        for (double[][] layer : shares) {
            Arrays.setAll(layer, head -> new double[] {0.1, 0.2, 0.7});
        }
        return new RoleChoice.Fixed(RolePolicy.random(1, shares));
    }
}
