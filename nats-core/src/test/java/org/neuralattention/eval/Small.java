package org.neuralattention.eval;

import java.util.Random;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.train.Init;

/** Small random models and texts that tests of this package share. */
final class Small {

    static final int VOCAB = 40;

    /** Two query heads share a KV head; headDim 6 is no multiple of what the loops unroll. */
    static final ModelConfig GROUPED = ModelConfig.llama(VOCAB, 24, 2, 4, 2, 32, 512);

    private Small() {}

    static Transformer model(ModelConfig config, long seed, Team team) {
        Weights weights = new Weights(config);
        new Init(2 / Math.sqrt(config.dim()), 1, false).apply(weights, seed, team);
        return new Transformer(weights, team);
    }

    static int[] text(int length, long seed) {
        return new Random(seed).ints(length, 0, VOCAB).toArray();
    }
}
