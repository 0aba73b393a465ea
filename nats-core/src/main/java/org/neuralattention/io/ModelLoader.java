package org.neuralattention.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/** Loads a model of any format that {@link ModelFile} opens. */
public final class ModelLoader {

    private ModelLoader() {}

    /**
     * Reads a model as float32, as training needs it. Everything is checked against the file's description before memory is taken.
     *
     * @throws ModelFormatException if a file is malformed, the model is not supported, or tensors are missing, not expected or of the wrong shape: all are named
     * @throws IOException if a file cannot be read
     */
    public static Weights load(Path path) throws IOException {
        return load(path, Dtype.F32);
    }

    /**
     * As above for inference, with projections, embedding and head in the given format: read a few rows at a time, never held as float32
     * except tensors stored transposed or fused, one at a time.
     */
    public static Weights load(Path path, Dtype dtype) throws IOException {
        try (ModelFile file = ModelFile.open(path)) {
            return load(path, file.as(dtype));
        }
    }

    /** As above with each projection, embedding and head in the format the file has it in: the same bits, and the memory of the file. */
    public static Weights loadStored(Path path) throws IOException {
        try (ModelFile file = ModelFile.open(path)) {
            return load(path, file);
        }
    }

    /** Reads only what the model is. */
    public static ModelConfig config(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return HfModel.config(path);
        }
        try (ModelFile file = ModelFile.open(path)) {
            return file.config();
        }
    }

    /** As above from a source that is open already, each tensor in the source's format. */
    public static Weights load(Path path, ModelSource source) throws IOException {
        Weights weights = Weights.describe(source.config());
        checkHeap(path, weights, source);
        for (Tensor tensor : weights.tensors()) {
            try {
                Dtype dtype = weights.stored(tensor, source.dtype(tensor));
                tensor.take(dtype == source.dtype(tensor) ? source.read(tensor) : WeightMatrix.read(dtype, tensor.rows(), tensor.cols(), source.rows(tensor)));
            } catch (IllegalArgumentException e) {
                throw new UnsupportedModelException(path, tensor + ": " + e.getMessage());
            }
        }
        return weights;
    }

    private static void checkHeap(Path path, Weights weights, ModelSource source) {
        long needed = weights.tensors().stream().mapToLong(t -> weights.stored(t, source.dtype(t)).bytes(t.size())).sum();
        long heap = Runtime.getRuntime().maxMemory();
        if (needed > heap) {
            throw new UnsupportedModelException(path, "needs " + (needed >> 20) + " MiB of heap for its weights, this JVM has " + (heap >> 20)
                    + ": start it with a larger -Xmx");
        }
    }
}
