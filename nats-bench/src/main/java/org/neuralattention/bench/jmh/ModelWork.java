package org.neuralattention.bench.jmh;

import org.neuralattention.bench.result.Work;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.model.ModelConfig;

/** What a model's passes must move: products with the weights, and attention over the pairs that are visible. */
public final class ModelWork {

    private ModelWork() {}

    /** Elements of the matrices that every token is multiplied with; the embedding counts once, as the head. */
    static double matrixElements(ModelConfig c) {
        double layer = 2.0 * c.dim() * c.qDim() + 2.0 * c.dim() * c.kvDim() 
                + (c.activation() == ModelConfig.Activation.SWIGLU ? 3.0 : 2.0) * c.dim() * c.hiddenDim();
        return c.nLayers() * layer + head(c);
    }

    static double head(ModelConfig c) {
        return (double) c.vocabSize() * c.dim();
    }

    /** One token behind {@code keys} kept per KV head: every weight is read once, and every key and value. */
    public static Work decode(ModelConfig c, Dtype dtype, KvDtype kvDtype, double keys) {
        double cached = (double) c.nLayers() * c.nKvHeads() * kvDtype.bytes(c.headDim()) * keys;
        return new Work(2 * matrixElements(c) + attention(c, keys), bytes(c, dtype) + cached);
    }

    /** A prompt of {@code tokens}, each of which sees {@code keys} on average; the head serves the last token only. */
    public static Work prefill(ModelConfig c, Dtype dtype, double tokens, double keys) {
        return new Work(tokens * (2 * (matrixElements(c) - head(c)) + attention(c, keys)) + 2 * head(c), bytes(c, dtype));
    }

    private static double bytes(ModelConfig c, Dtype dtype) {
        return dtype.bytes((long) matrixElements(c));
    }

    /** One token of a training step: forward once, backward twice its products; attention 4 and 10 per pair and element. */
    public static Work training(ModelConfig c, double keys) {
        return Work.floats(6 * matrixElements(c) + 3.5 * attention(c, keys), 0);
    }

    /** Scores and values of one token over {@code keys} keys, in all layers. */
    private static double attention(ModelConfig c, double keys) {
        return 4.0 * c.nLayers() * c.qDim() * keys;
    }
}
