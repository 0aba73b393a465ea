package org.neuralattention.train;

import java.util.Arrays;
import org.neuralattention.kernels.CounterRandom;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/**
 * First weights: normal numbers for matrices, 1 for norms, 0 for biases. A number depends on the seed, its tensor's name and its place
 * only, so that a model with roles and one without start from the same trunk.
 *
 * @param std of every matrix but the embeddings
 * @param embeddingStd of the token and position embeddings, a tied head included
 * @param scaledOutputs whether the projections that add to the residual stream are divided by sqrt(2 layers) (GPT-2)
 */
public record Init(double std, double embeddingStd, boolean scaledOutputs) {

    /** Everything 0.02, as GPT-2. */
    public static final Init GPT2 = new Init(0.02, 0.02, true);

    /** A livelier start for narrow models on short runs: matrices 0.1, embedding 0.5 (docs/running.md). */
    public static final Init LIVELY = new Init(0.1, 0.5, false);

    private static final int LAYER = -2; // neither a model's layer nor the data's

    private static final int BLOCK = 4096;

    public Init {
        if (!(std >= 0) || !(embeddingStd >= 0)) {
            throw new IllegalArgumentException("std = " + std + ", embeddingStd = " + embeddingStd + ": must not be negative");
        }
    }

    /** Overwrites all weights. */
    public void apply(Weights weights, long seed, Team team) {
        double output = scaledOutputs ? std / Math.sqrt(2.0 * weights.config().nLayers()) : std;
        for (Tensor tensor : weights.tensors()) {
            String name = tensor.name();
            if (tensor.rank() < 2) {
                Arrays.fill(tensor.data(), name.endsWith("bias") ? 0 : 1);
            } else if (tensor == weights.embedding || tensor == weights.positions) {
                normal(tensor, embeddingStd, seed, team);
            } else {
                normal(tensor, name.endsWith("o_proj.weight") || name.endsWith("down_proj.weight") ? output : std, seed, team);
            }
        }
    }

    private static void normal(Tensor tensor, double std, long seed, Team team) {
        float[] data = tensor.data();
        int name = tensor.name().hashCode();
        team.run(Math.ceilDiv(data.length, BLOCK), (block, _) -> {
            int first = block * BLOCK;
            int end = first + Math.min(BLOCK, data.length - first); // the other way round it wraps near 2^31
            for (int i = first; i < end; i++) {
                data[i] = (float) (std * CounterRandom.gaussian(seed, name, LAYER, 0, i, 0));
            }
        });
    }
}
