package org.neuralattention.bench.jmh;

import java.io.IOException;
import java.util.Arrays;
import org.neuralattention.io.ModelSource;
import org.neuralattention.kernels.CounterRandom;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;

/**
 * A model whose weights are made up when they are asked for, so that files larger than the memory can be written: matrices uniform with a standard deviation of
 * 0.02, norms 1. A number depends on its tensor's name and its place only.
 */
public record RandomModel(ModelConfig config) implements ModelSource {

    /** Llama-3.2-1B's shape: 2048 wide, 16 layers, 32 heads on 8 KV heads of 64, feed-forward 8192, vocabulary 128256, head tied to the embedding. */
    public static final ModelConfig LLAMA_1B = ModelConfig.llama(128_256, 2048, 16, 32, 8, 8192, 131_072).withTiedHead(true);

    private static final float WIDTH = (float) (0.02 * Math.sqrt(12));

    @Override
    public Dtype dtype(Tensor tensor) {
        return Dtype.F32;
    }

    @Override
    public WeightMatrix read(Tensor tensor) throws IOException {
        return WeightMatrix.read(Dtype.F32, tensor.rows(), tensor.cols(), rows(tensor));
    }

    @Override
    public WeightMatrix.Source<IOException> rows(Tensor tensor) {
        int name = tensor.name().hashCode();
        return (out, from, count) -> {
            if (tensor.rank() < 2) {
                Arrays.fill(out, 0, count * tensor.cols(), 1);
                return;
            }
            for (int row = 0; row < count; row++) {
                long state = CounterRandom.bits(0, name, 0, 0, from + row, 0);
                for (int col = 0; col < tensor.cols(); col++) {
                    state = state * 6364136223846793005L + 1442695040888963407L; // Knuth's linear congruential generator, whose upper bits are used
                    out[row * tensor.cols() + col] = ((int) (state >> 40) * 0x1p-24f) * WIDTH;
                }
            }
        };
    }
}
