package org.neuralattention.bench.jmh;

import java.io.IOException;
import java.nio.file.Path;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.ByteTokenizer;
import org.neuralattention.train.Init;

/**
 * A model of SmolLM-135M's shape with random weights: what the whole-model suites run, and what other engines read from the same
 * files. What a step costs does not depend on what the weights know.
 */
public final class SmolLm {

    /** 576 wide, 30 layers, 9 heads on 3 KV heads of 64, feed-forward 1536, vocabulary 49152, head tied to the embedding. */
    public static final ModelConfig CONFIG = ModelConfig.llama(49_152, 576, 30, 9, 3, 1536, 8192).withTiedHead(true);

    /** The same with roles of one window. Its files could not be read by others; its trunk has the same weights. */
    public static final ModelConfig WITH_ROLES = CONFIG.withRoleWindows(64);

    private static final long SEED = 135;

    private SmolLm() {}

    /** The weights, the same in every run. */
    public static Weights random(ModelConfig config, Team team) {
        Weights weights = new Weights(config);
        Init.GPT2.apply(weights, SEED, team);
        return weights;
    }

    /** Writes config.json, model.safetensors, and the tokenizer of bytes, whose ids are the first of the vocabulary. */
    public static void save(Path directory, Weights weights) throws IOException {
        ModelWriter.save(directory, weights);
        new ByteTokenizer().save(directory);
    }
}
