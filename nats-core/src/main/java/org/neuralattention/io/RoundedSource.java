package org.neuralattention.io;

import java.io.IOException;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/** Another source with its matrices in one format. */
record RoundedSource(ModelSource source, Dtype dtype, Weights description) implements ModelSource {

    RoundedSource(ModelSource source, Dtype dtype) {
        this(source, dtype, Weights.describe(source.config()));
    }

    @Override
    public ModelConfig config() {
        return source.config();
    }

    @Override
    public Dtype dtype(Tensor tensor) {
        Tensor described = description.tensor(tensor.name());
        return description.isMatrix(described) || dtype == Dtype.F32 ? description.stored(described, dtype) : source.dtype(tensor);
    }

    @Override
    public WeightMatrix read(Tensor tensor) throws IOException {
        Dtype to = dtype(tensor);
        return to == source.dtype(tensor) ? source.read(tensor) : WeightMatrix.read(to, tensor.rows(), tensor.cols(), source.rows(tensor));
    }

    /** Of what was rounded: a reader of rows sees the numbers that {@link #read} gives. */
    @Override
    public WeightMatrix.Source<IOException> rows(Tensor tensor) throws IOException {
        WeightMatrix matrix = read(tensor);
        return (out, from, count) -> matrix.expand(out, 0, from, count);
    }
}
