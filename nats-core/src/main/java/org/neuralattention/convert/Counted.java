package org.neuralattention.convert;

import java.io.IOException;
import java.util.function.LongConsumer;
import org.neuralattention.io.ModelSource;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;

/** Another source, and how many numbers were read from it. */
record Counted(ModelSource source, LongConsumer read) implements ModelSource {

    @Override
    public ModelConfig config() {
        return source.config();
    }

    @Override
    public Dtype dtype(Tensor tensor) {
        return source.dtype(tensor);
    }

    @Override
    public WeightMatrix read(Tensor tensor) throws IOException {
        WeightMatrix matrix = source.read(tensor);
        read.accept(tensor.size());
        return matrix;
    }

    @Override
    public WeightMatrix.Source<IOException> rows(Tensor tensor) throws IOException {
        WeightMatrix.Source<IOException> rows = source.rows(tensor);
        return (out, from, count) -> {
            rows.read(out, from, count);
            read.accept((long) count * tensor.cols());
        };
    }
}
