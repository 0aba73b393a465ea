package org.neuralattention.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/** A model folder as Hugging Face writes it: config.json and one safetensors file or shards of it. */
final class HfModel implements ModelFile {

    static final String CONFIG = "config.json";

    /** Constants that older files carry along. */
    private static final Pattern HARMLESS = Pattern.compile(
            "model\\.layers\\.\\d+\\.self_attn\\.rotary_emb\\.inv_freq|(transformer\\.)?h\\.\\d+\\.attn\\.(bias|masked_bias)");

    private static final String EMBEDDING = "model.embed_tokens.weight"; // our name
    private static final String HEAD = "lm_head.weight";
    private static final int PIECE = 1 << 16;

    private final Path directory;
    private final ModelConfig config;
    private final ShardedTensors files;
    private final Map<String, Place> places = new HashMap<>(); // by our name

    /** A fused or transposed tensor is read whole; the last one is kept, since its parts are asked for one after the other. */
    private String wholeName;
    private float[] whole;

    private boolean tiedHeadChecked;

    /** Where one of our tensors is: a part of a file's. */
    private record Place(FileTensor in, Tensor part) {}

    private HfModel(Path directory, ModelConfig config, ShardedTensors files) {
        this.directory = directory;
        this.config = config;
        this.files = files;
        check();
    }

    static HfModel open(Path directory) throws IOException {
        ModelConfig config = config(directory);
        ShardedTensors files = ShardedTensors.open(directory);
        try {
            return new HfModel(directory, config, files);
        } catch (Throwable failure) {
            files.close();
            throw failure;
        }
    }

    /** What config.json says, the tensors unseen. */
    static ModelConfig config(Path directory) throws IOException {
        Path file = directory.resolve(CONFIG);
        if (!Files.isDirectory(directory) || !Files.exists(file)) {
            throw new ModelFormatException(directory, "is not a model directory: it has no " + CONFIG);
        }
        return HfConfig.read(file);
    }

    /** That the files hold the tensors of {@link #CONFIG} and no others; fills {@link #places}. */
    private void check() {
        if (config.nLayers() > files.names().size()) {
            throw new ModelFormatException(directory, CONFIG + " says " + config.nLayers() + " layers, the files have only " + files.names().size() + " tensors");
        }
        boolean withoutPrefix = files.names().stream().noneMatch(name -> name.startsWith(TensorLayout.GPT2_PREFIX));
        Mismatch mismatch = new Mismatch();
        Set<String> expected = new HashSet<>();
        for (FileTensor listed : table()) {
            FileTensor tensor = withoutPrefix ? listed.withoutPrefix(TensorLayout.GPT2_PREFIX) : listed;
            expected.add(tensor.name());
            tensor.parts().forEach(part -> places.put(part.name(), new Place(tensor, part)));
            check(tensor, mismatch);
        }
        files.names().stream()
                .filter(name -> !expected.contains(name) && !HARMLESS.matcher(name).matches() && !isCopyOfTiedHead(name))
                .forEach(mismatch::extra);
        mismatch.throwIfAny(directory, "the tensors are not those of " + CONFIG);
    }

    private List<FileTensor> table() {
        try {
            return TensorLayout.of(config).table(Weights.describe(config));
        } catch (IllegalArgumentException e) {
            throw new UnsupportedModelException(directory, e.getMessage());
        }
    }

    private void check(FileTensor tensor, Mismatch mismatch) {
        String name = tensor.name();
        SafeTensors file = files.fileOf(name);
        if (file == null) {
            mismatch.missing(name);
        } else if (!Arrays.equals(file.shape(name), Arrays.stream(tensor.shape()).asLongStream().toArray())) {
            mismatch.wrong(name + " is " + Arrays.toString(file.shape(name)) + " and should be " + Arrays.toString(tensor.shape()));
        } else if (!Elements.FLOATS.contains(file.dtype(name))) {
            mismatch.wrong(name + " is " + file.dtype(name) + " and should be one of " + Elements.FLOATS);
        }
    }

    @Override
    public Path path() {
        return directory;
    }

    @Override
    public String format() {
        return files.files().size() == 1 ? "Hugging Face folder, safetensors" : "Hugging Face folder, safetensors in " + files.files().size() + " shards";
    }

    @Override
    public ModelConfig config() {
        return config;
    }

    @Override
    public String architecture() throws IOException {
        return JsonObject.read(directory.resolve(CONFIG)).string(HfConfig.MODEL_TYPE);
    }

    @Override
    public List<StoredTensor> stored() {
        return files.files().stream().flatMap(file -> file.names().stream()
                .map(name -> new StoredTensor(name, file.dtype(name).toString(), file.shape(name), file.bytes(name)))).toList();
    }

    @Override
    public Optional<String> chatTemplate() throws IOException {
        return HfChatTemplate.read(directory);
    }

    @Override
    public Dtype dtype(Tensor tensor) {
        String name = places.get(tensor.name()).in().name();
        return switch (files.fileOf(name).dtype(name)) {
            case BF16 -> Dtype.BF16;
            case F16 -> Dtype.F16;
            default -> Dtype.F32;
        };
    }

    @Override
    public WeightMatrix read(Tensor tensor) throws IOException {
        FileTensor in = places.get(tensor.name()).in();
        SafeTensors file = files.fileOf(in.name());
        if (in.transposed() || dtype(tensor) == Dtype.F32) {
            return WeightMatrix.read(dtype(tensor), tensor.rows(), tensor.cols(), rows(tensor));
        }
        checkTiedHead(tensor);
        short[] bits = new short[tensor.size()];
        file.readBits(in.name(), in.before(places.get(tensor.name()).part()), bits, 0, bits.length);
        return dtype(tensor) == Dtype.BF16 ? new WeightMatrix.Bf16(bits, 0, tensor.rows(), tensor.cols())
                : new WeightMatrix.F16(bits, 0, tensor.rows(), tensor.cols());
    }

    @Override
    public WeightMatrix.Source<IOException> rows(Tensor tensor) throws IOException {
        Place place = places.get(tensor.name());
        String name = place.in().name();
        SafeTensors file = files.fileOf(name);
        if (place.in().transposed()) {
            return place.in().rows(whole(file, name), place.part());
        }
        checkTiedHead(tensor);
        int before = place.in().before(place.part());
        int width = tensor.cols();
        return (out, from, count) -> file.read(name, before + from * width, out, 0, count * width);
    }

    private synchronized float[] whole(SafeTensors file, String name) throws IOException {
        if (!name.equals(wholeName)) {
            whole = file.readFloats(name);
            wholeName = name;
        }
        return whole;
    }

    private boolean isCopyOfTiedHead(String name) {
        return config.tiedHead() && name.equals(HEAD);
    }

    /** A head that is stored although it is tied must be the embedding, or the files and config.json mean different models. Seen when the embedding is read. */
    private void checkTiedHead(Tensor tensor) throws IOException {
        SafeTensors file = files.fileOf(HEAD);
        if (tiedHeadChecked || file == null || !config.tiedHead() || !tensor.name().equals(EMBEDDING)) {
            return;
        }
        tiedHeadChecked = true;
        String embedding = places.get(EMBEDDING).in().name();
        boolean same = Arrays.equals(file.shape(HEAD), files.fileOf(embedding).shape(embedding)) && Elements.FLOATS.contains(file.dtype(HEAD))
                && sameElements(file, HEAD, files.fileOf(embedding), embedding, tensor.size());
        if (!same) {
            throw new ModelFormatException(file.file(), HEAD + " differs from the embedding, but " + CONFIG + " ties them");
        }
    }

    /** Whether n elements are equal, of which {@link #PIECE} are held at a time. */
    private static boolean sameElements(SafeTensors a, String nameOfA, SafeTensors b, String nameOfB, int n) throws IOException {
        float[] x = new float[Math.min(PIECE, n)];
        float[] y = new float[x.length];
        for (int from = 0; from < n; from += x.length) {
            int count = Math.min(x.length, n - from);
            a.read(nameOfA, from, x, 0, count);
            b.read(nameOfB, from, y, 0, count);
            if (!Arrays.equals(x, 0, count, y, 0, count)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() throws IOException {
        files.close();
    }
}
