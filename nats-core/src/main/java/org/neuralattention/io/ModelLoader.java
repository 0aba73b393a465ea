package org.neuralattention.io;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/** Loads a model of any format that {@link ModelFile} opens. */
public final class ModelLoader {

    /** Each may hold a tensor's scratch, and the largest tensor, a fifth of a small model, is one thread's. */
    private static final int MAX_THREADS = 8;

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

    /**
     * As above from a source that is open already, each tensor in the source's format. Threads of its own take the tensors, the largest first: most of the
     * time goes into memory that is touched for the first time, and two threads touch it nearly twice as fast as one.
     */
    public static Weights load(Path path, ModelSource source) throws IOException {
        Weights weights = Weights.describe(source.config());
        checkHeap(path, weights, source);
        List<Tensor> tensors = weights.tensors().stream().sorted(Comparator.comparingInt(Tensor::size).reversed()).toList();
        Map<Integer, Exception> failures = new ConcurrentSkipListMap<>(); // by tensor: all before the first that fails were begun, so it is the same one always
        try (Team team = Team.of(Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors()))) {
            team.run(tensors.size(), (task, worker) -> {
                if (failures.isEmpty()) {
                    try {
                        take(path, source, weights, tensors.get(task));
                    } catch (IOException | RuntimeException e) {
                        failures.put(task, e);
                    }
                }
            });
        }
        throwFirst(failures.values());
        return weights;
    }

    private static void take(Path path, ModelSource source, Weights weights, Tensor tensor) throws IOException {
        try {
            Dtype dtype = weights.stored(tensor, source.dtype(tensor));
            tensor.take(dtype == source.dtype(tensor) ? source.read(tensor) : WeightMatrix.read(dtype, tensor.rows(), tensor.cols(), source.rows(tensor)));
        } catch (IllegalArgumentException e) {
            throw new UnsupportedModelException(path, tensor + ": " + e.getMessage());
        }
    }

    /** An interrupt closes the file for the other threads, so theirs are only its consequence. */
    private static void throwFirst(Collection<Exception> failures) throws IOException {
        for (Exception failure : failures) {
            if (failure instanceof ClosedByInterruptException interrupted) {
                throw interrupted;
            }
        }
        for (Exception failure : failures) {
            switch (failure) {
                case IOException e -> throw e;
                case RuntimeException e -> throw e;
                default -> throw new AssertionError(failure);
            }
        }
    }

    /** Bytes of heap that {@link #load(Path, ModelSource)} holds a source's weights in: known before any is read. */
    public static long bytes(ModelSource source) {
        return bytes(Weights.describe(source.config()), source);
    }

    private static long bytes(Weights description, ModelSource source) {
        return description.tensors().stream().mapToLong(t -> description.stored(t, source.dtype(t)).bytes(t.size())).sum();
    }

    private static void checkHeap(Path path, Weights weights, ModelSource source) {
        long needed = bytes(weights, source);
        long heap = Runtime.getRuntime().maxMemory();
        if (needed > heap) {
            throw new UnsupportedModelException(path, "needs " + (needed >> 20) + " MiB of heap for its weights, this JVM has " + (heap >> 20)
                    + ": start it with a larger -Xmx");
        }
    }
}
