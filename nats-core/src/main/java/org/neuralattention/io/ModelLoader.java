package org.neuralattention.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/** Loads a model directory as Hugging Face writes it: config.json and one safetensors file or shards of it. */
public final class ModelLoader {

    static final String CONFIG = "config.json";

    /** Constants that older files carry along. */
    private static final Pattern HARMLESS = Pattern.compile(
            "model\\.layers\\.\\d+\\.self_attn\\.rotary_emb\\.inv_freq|(transformer\\.)?h\\.\\d+\\.attn\\.(bias|masked_bias)");

    private final Path directory;
    private final ShardedTensors files;
    private final boolean withoutPrefix;

    private ModelLoader(Path directory, ShardedTensors files) {
        this.directory = directory;
        this.files = files;
        this.withoutPrefix = files.names().stream().noneMatch(name -> name.startsWith(TensorLayout.GPT2_PREFIX));
    }

    /**
     * Reads a model. Everything is checked against the files' headers before memory is taken.
     *
     * @throws ModelFormatException if a file is malformed, the model is not supported, or tensors are missing, not expected or of the wrong shape: all are named
     * @throws IOException if a file cannot be read
     */
    public static Weights load(Path directory) throws IOException {
        return load(directory, Dtype.F32);
    }

    /**
     * As above for inference, with projections, embedding and head in the given format: read a few rows at a time, never held as float32
     * except tensors stored transposed or fused, one at a time.
     */
    public static Weights load(Path directory, Dtype dtype) throws IOException {
        ModelConfig config = config(directory);
        try (ShardedTensors files = ShardedTensors.open(directory)) {
            return new ModelLoader(directory, files).load(config, dtype);
        }
    }

    /** The format that keeps what the files hold and no more: BF16 if all matrices are bfloat16, else F32. */
    public static Dtype stored(Path directory) throws IOException {
        ModelConfig config = config(directory);
        try (ShardedTensors files = ShardedTensors.open(directory)) {
            ModelLoader loader = new ModelLoader(directory, files);
            loader.checkHeaders(config);
            Weights description = Weights.describe(config);
            boolean bf16 = TensorLayout.of(config).table(description).stream()
                    .filter(tensor -> description.stored(tensor.parts().getFirst(), Dtype.BF16) == Dtype.BF16)
                    .map(loader::nameInFile)
                    .allMatch(name -> files.fileOf(name).dtype(name) == SafeTensors.DType.BF16);
            return bf16 ? Dtype.BF16 : Dtype.F32;
        }
    }

    /** Reads only what the model is. */
    public static ModelConfig config(Path directory) throws IOException {
        Path file = directory.resolve(CONFIG);
        if (!Files.isDirectory(directory) || !Files.exists(file)) {
            throw new ModelFormatException(directory, "is not a model directory: it has no " + CONFIG);
        }
        return HfConfig.read(file);
    }

    private Weights load(ModelConfig config, Dtype dtype) throws IOException {
        checkHeaders(config);
        checkHeap(config, dtype);
        Weights weights = Weights.describe(config);
        for (FileTensor tensor : TensorLayout.of(config).table(weights)) {
            String name = nameInFile(tensor);
            SafeTensors file = files.fileOf(name);
            try {
                if (tensor.isOurs()) {
                    Tensor ours = tensor.parts().getFirst();
                    ours.read(weights.stored(ours, dtype), file.rows(name));
                } else {
                    tensor.toParts(file.readFloats(name), ours -> weights.stored(ours, dtype));
                }
            } catch (IllegalArgumentException e) {
                throw new UnsupportedModelException(file.file(), e.getMessage());
            }
        }
        checkTiedHead(weights);
        return weights;
    }

    private String nameInFile(FileTensor tensor) {
        return withoutPrefix && tensor.name().startsWith(TensorLayout.GPT2_PREFIX)
                ? tensor.name().substring(TensorLayout.GPT2_PREFIX.length()) : tensor.name();
    }

    private void checkHeaders(ModelConfig config) {
        if (config.nLayers() > files.names().size()) {
            throw new ModelFormatException(directory, CONFIG + " says " + config.nLayers() + " layers, the files have only " + files.names().size() + " tensors");
        }
        Mismatch mismatch = new Mismatch();
        Set<String> expected = new HashSet<>();
        for (FileTensor tensor : table(config)) {
            String name = nameInFile(tensor);
            expected.add(name);
            SafeTensors file = files.fileOf(name);
            if (file == null) {
                mismatch.missing(name);
            } else if (!Arrays.equals(file.shape(name), Arrays.stream(tensor.shape()).asLongStream().toArray())) {
                mismatch.wrong(name + " is " + Arrays.toString(file.shape(name)) + " and should be " + Arrays.toString(tensor.shape()));
            } else if (!Elements.FLOATS.contains(file.dtype(name))) {
                mismatch.wrong(name + " is " + file.dtype(name) + " and should be one of " + Elements.FLOATS);
            }
        }
        files.names().stream()
                .filter(name -> !expected.contains(name) && !HARMLESS.matcher(name).matches() && !isCopyOfTiedHead(config, name))
                .forEach(mismatch::extra);
        mismatch.throwIfAny(directory, "the tensors are not those of " + CONFIG);
    }

    private List<FileTensor> table(ModelConfig config) {
        try {
            return TensorLayout.of(config).table(Weights.describe(config));
        } catch (IllegalArgumentException e) {
            throw new UnsupportedModelException(directory, e.getMessage());
        }
    }

    private void checkHeap(ModelConfig config, Dtype dtype) {
        long needed = Weights.bytes(config, dtype);
        long heap = Runtime.getRuntime().maxMemory();
        if (needed > heap) {
            throw new UnsupportedModelException(directory, "needs " + (needed >> 20) + " MiB of heap for its weights, this JVM has " + (heap >> 20)
                    + ": start it with a larger -Xmx");
        }
    }

    private static final String HEAD = "lm_head.weight";
    private static final int PIECE = 1 << 16;

    private static boolean isCopyOfTiedHead(ModelConfig config, String name) {
        return config.tiedHead() && name.equals(HEAD);
    }

    /** A head that is stored although it is tied must be the embedding, or the file and config.json mean different models. */
    private void checkTiedHead(Weights weights) throws IOException {
        SafeTensors file = files.fileOf(HEAD);
        if (file == null || !weights.config().tiedHead()) {
            return;
        }
        FileTensor embedding = TensorLayout.of(weights.config()).table(weights).getFirst();
        String name = nameInFile(embedding);
        boolean same = Arrays.equals(file.shape(HEAD), files.fileOf(name).shape(name)) && Elements.FLOATS.contains(file.dtype(HEAD))
                && sameRows(file.rows(HEAD), files.fileOf(name).rows(name), weights.embedding.dim(0), weights.embedding.dim(1));
        if (!same) {
            throw new ModelFormatException(file.file(), HEAD + " differs from the embedding, but " + CONFIG + " ties them");
        }
    }

    /** Whether two matrices [rows, cols] are equal, of which about {@link #PIECE} elements are held at a time. */
    private static boolean sameRows(WeightMatrix.Source<IOException> a, WeightMatrix.Source<IOException> b, int rows, int cols) throws IOException {
        int most = Math.clamp(PIECE / cols, 1, rows);
        float[] x = new float[most * cols];
        float[] y = new float[most * cols];
        for (int from = 0; from < rows; from += most) {
            int count = Math.min(most, rows - from);
            a.read(x, from, count);
            b.read(y, from, count);
            if (!Arrays.equals(x, 0, count * cols, y, 0, count * cols)) {
                return false;
            }
        }
        return true;
    }
}
