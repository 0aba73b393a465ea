package org.neuralattention.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/** A model in a GGUF file: its tensors as they are stored, to the bit. */
final class GgufModel implements ModelFile {

    private final Gguf file;
    private final GgufFamily family;
    private final ModelConfig config;
    private final Map<String, Place> places = new HashMap<>(); // by our name
    private final Map<String, WeightMatrix> scorers = new HashMap<>(); // by our name

    /** Where one of our tensors is: from which row of the file's on. {@code paired}: in the order of {@link AdjacentPairs}. */
    private record Place(GgufTensor in, Dtype dtype, int firstRow, boolean paired) {}

    private GgufModel(Gguf file) throws IOException {
        this.file = file;
        this.family = GgufConfig.family(file);
        this.config = GgufConfig.read(file, family);
        check();
    }

    static GgufModel open(Path path) throws IOException {
        Gguf file = Gguf.open(path);
        try {
            return new GgufModel(file);
        } catch (Throwable failure) {
            file.close();
            throw failure;
        }
    }

    /** That the file holds the tensors of its pairs and no others, in types that can be read; fills {@link #places}. */
    private void check() {
        Weights description = describe();
        Mismatch mismatch = new Mismatch();
        Set<String> expected = new HashSet<>();
        List<GgufTensor> unreadable = new ArrayList<>();
        for (FileTensor tensor : family.table(description)) {
            expected.add(tensor.name());
            GgufTensor found = file.tensors().get(tensor.name());
            if (found == null) {
                mismatch.missing(tensor.name());
            } else if (!Arrays.equals(found.shape(), Arrays.stream(tensor.shape()).asLongStream().toArray())) {
                mismatch.wrong(found + " should be " + Arrays.toString(tensor.shape()));
            } else if (!isReadable(found)) {
                unreadable.add(found);
            } else {
                Dtype dtype = found.type().flatMap(GgufType::dtype).orElseThrow();
                int row = 0;
                for (Tensor part : tensor.parts()) {
                    places.put(part.name(), new Place(found, dtype, row, family.isPaired(description, part)));
                    row += part.dim(0);
                }
            }
        }
        if (family == GgufFamily.LLAMA) {
            expected.add(GgufFamily.FREQUENCY_FACTORS);
        }
        file.tensors().keySet().stream().filter(name -> !expected.contains(name)).forEach(mismatch::extra);
        mismatch.throwIfAny(path(), "the tensors are not those of the model it describes");
        if (!unreadable.isEmpty()) {
            throw new UnsupportedModelException(path(), "tensors of types that are not supported (supported are " + Arrays.toString(Dtype.values()) + "): "
                    + String.join(", ", unreadable.stream().map(GgufTensor::toString).toList()));
        }
        readScorers(description);
    }

    /** Types with a format of ours; blocks only in matrices. */
    private static boolean isReadable(GgufTensor tensor) {
        return tensor.type().flatMap(GgufType::dtype).map(dtype -> tensor.shape().length == 2 || dtype.block() == 1).orElse(false);
    }

    private Weights describe() {
        try {
            return Weights.describe(config);
        } catch (IllegalArgumentException e) {
            throw new UnsupportedModelException(path(), e.getMessage());
        }
    }

    /** Role scorers are pairs, since other readers refuse tensors they do not know. */
    private void readScorers(Weights description) {
        boolean there = file.metadata().has(GgufConfig.ROLE_SCORERS);
        if (there != config.hasRoles()) {
            throw new ModelFormatException(path(), "\"" + GgufConfig.ROLE_WINDOWS + "\" without \"" + GgufConfig.ROLE_SCORERS + "\", or the other way round");
        }
        if (!there) {
            return;
        }
        float[] all = file.metadata().floats(GgufConfig.ROLE_SCORERS);
        long expected = description.layers.stream().mapToLong(layer -> layer.scorer.size()).sum();
        if (all.length != expected) {
            throw new ModelFormatException(path(), "\"" + GgufConfig.ROLE_SCORERS + "\" has " + all.length + " numbers and should have " + expected);
        }
        int at = 0;
        for (Weights.Layer layer : description.layers) {
            Tensor scorer = layer.scorer;
            scorers.put(scorer.name(), new WeightMatrix.F32(Arrays.copyOfRange(all, at, at + scorer.size()), 0, scorer.rows(), scorer.cols()));
            at += scorer.size();
        }
    }

    @Override
    public Path path() {
        return file.file();
    }

    @Override
    public String format() {
        return "GGUF version " + file.version();
    }

    @Override
    public ModelConfig config() {
        return config;
    }

    @Override
    public String architecture() {
        return family.key();
    }

    @Override
    public List<StoredTensor> stored() {
        return file.tensors().values().stream().map(t -> new StoredTensor(t.name(), t.typeName(), t.shape(), t.bytes())).toList();
    }

    @Override
    public Optional<String> chatTemplate() {
        return file.metadata().has(GgufMetadata.CHAT_TEMPLATE) ? Optional.of(file.metadata().string(GgufMetadata.CHAT_TEMPLATE)) : Optional.empty();
    }

    /** All that the file says beside its tensors. */
    GgufMetadata metadata() {
        return file.metadata();
    }

    @Override
    public Dtype dtype(Tensor tensor) {
        return places.containsKey(tensor.name()) ? places.get(tensor.name()).dtype : Dtype.F32;
    }

    @Override
    public WeightMatrix read(Tensor tensor) throws IOException {
        Place place = places.get(tensor.name());
        return place == null ? scorers.get(tensor.name()) : read(place, tensor, 0, tensor.rows());
    }

    @Override
    public WeightMatrix.Source<IOException> rows(Tensor tensor) throws IOException {
        Place place = places.get(tensor.name());
        if (place != null && !place.paired) {
            return (out, from, count) -> read(place, tensor, from, count).expand(out, 0, 0, count);
        }
        WeightMatrix matrix = read(tensor);
        return (out, from, count) -> matrix.expand(out, 0, from, count);
    }

    /** Some of a tensor's rows, of a paired one all. */
    private WeightMatrix read(Place place, Tensor tensor, int from, int count) throws IOException {
        WeightMatrix matrix = GgufBlocks.empty(place.dtype, count, tensor.cols());
        int numbers = place.dtype.block();
        int width = tensor.rank() < 2 ? 1 : tensor.cols(); // of a row in the file, where a bias has one for each output
        long first = place.dtype.bytes((long) place.firstRow * width + (long) from * tensor.cols());
        file.read(place.in, first, count * tensor.cols() / numbers, (int) place.dtype.bytes(numbers), (bytes, done, blocks) -> {
            if (!place.paired) {
                GgufBlocks.get(matrix, done * numbers, bytes, blocks * numbers);
                return;
            }
            for (int i = done * numbers; i < (done + blocks) * numbers; ) {
                int some = Math.min(width - i % width, (done + blocks) * numbers - i);
                GgufBlocks.get(matrix, AdjacentPairs.ourRow(i / width, config.headDim()) * width + i % width, bytes, some);
                i += some;
            }
        });
        return matrix;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
