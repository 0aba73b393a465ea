package org.neuralattention.convert;

import org.neuralattention.io.GgufWriter;
import org.neuralattention.io.Llama2cWriter;
import org.neuralattention.io.ModelSource;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/** What each format cannot express, found before anything is written. */
final class Targets {

    private Targets() {}

    static void check(ModelSource source, ModelFormat format) {
        switch (format) {
            case SAFETENSORS -> safetensors(source);
            case LLAMA2C, LLAMA2C_V1 -> Llama2cWriter.check(source.config());
            case GGUF -> GgufWriter.check(source.config());
        }
    }

    private static void safetensors(ModelSource source) {
        for (Tensor tensor : Weights.describe(source.config()).tensors()) {
            Dtype dtype = source.dtype(tensor);
            if (dtype.block() > 1) {
                throw new IllegalArgumentException("safetensors cannot express " + dtype + " (" + tensor.name() + "): choose F32, F16 or BF16");
            }
        }
    }
}
