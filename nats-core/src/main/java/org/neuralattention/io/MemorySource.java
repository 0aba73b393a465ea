package org.neuralattention.io;

import java.io.IOException;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/** Weights that are in memory already. */
record MemorySource(Weights weights) implements ModelSource {

    @Override
    public ModelConfig config() {
        return weights.config();
    }

    @Override
    public Dtype dtype(Tensor tensor) {
        return read(tensor).dtype();
    }

    @Override
    public WeightMatrix read(Tensor tensor) {
        return weights.tensor(tensor.name()).matrix();
    }

    @Override
    public WeightMatrix.Source<IOException> rows(Tensor tensor) {
        WeightMatrix matrix = read(tensor);
        return (out, from, count) -> matrix.expand(out, 0, from, count);
    }
}
