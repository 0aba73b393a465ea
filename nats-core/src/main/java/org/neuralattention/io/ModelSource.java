package org.neuralattention.io;

import java.io.IOException;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/**
 * A model's numbers, one tensor at a time: from a file, from weights in memory, or rounded to another format on the way. Writers take one, so that
 * no more than one tensor is ever held.
 *
 * <p>Several threads may ask at the same time, each for a tensor of its own, as {@link ModelLoader} does.
 *
 * <p>Tensors are ours: those of {@link Weights#describe}, found by {@link Tensor#name}. As a matrix a tensor is [first dimension, all others], a vector is one row.
 */
public interface ModelSource {

    /** What the model is. */
    ModelConfig config();

    /** The format in which {@link #read} gives a tensor. */
    Dtype dtype(Tensor tensor);

    /**
     * All of a tensor in the format of {@link #dtype}; from a file without a float32 in between.
     *
     * @throws ModelFormatException if the file does not hold what it promised
     */
    WeightMatrix read(Tensor tensor) throws IOException;

    /** A tensor's rows as float32, to be read a few at a time, in any order. */
    WeightMatrix.Source<IOException> rows(Tensor tensor) throws IOException;

    /** The same model with its matrices in another format, as {@link Weights#stored} says; what is no matrix stays as it is, or is float32 with {@code F32}. */
    default ModelSource as(Dtype dtype) {
        return new RoundedSource(this, dtype);
    }

    /** Weights in memory. */
    static ModelSource of(Weights weights) {
        return new MemorySource(weights);
    }
}
