package org.neuralattention.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.neuralattention.io.SafeTensors.DType;
import org.neuralattention.io.SafeTensorsWriter.Item;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/** Writes a model directory: config.json and model.safetensors or shards of it, in F32, F16 or BF16, role scorers included. */
public final class ModelWriter {

    /** Hugging Face's own limit of a shard was long this one. */
    public static final long SHARD_BYTES = 5_000_000_000L;

    private static final Map<String, String> METADATA = Map.of("format", "pt");

    private ModelWriter() {}

    /**
     * Saves a model, whole or not at all: into a directory without config.json (that file, the last one written, makes it a model), or over a model of the
     * same configuration and format, whose weights are then replaced by one rename.
     *
     * @throws FileAlreadyExistsException if the directory holds another model; nothing is touched then
     * @throws IllegalArgumentException if a tensor is of a format that safetensors has not
     */
    public static void save(Path directory, Weights weights) throws IOException {
        save(directory, ModelSource.of(weights));
    }

    /** The same for any source, of which one tensor at a time is held. */
    public static void save(Path directory, ModelSource source) throws IOException {
        String config = HfConfigWriter.text(source.config(), source.dtype(Weights.describe(source.config()).embedding));
        Path configFile = directory.resolve(HfModel.CONFIG);
        List<Item> items = items(source);
        AtomicFiles.createDirectories(directory);
        boolean overwrite = Files.exists(configFile);
        if (overwrite && !Arrays.equals(Files.readAllBytes(configFile), config.getBytes(StandardCharsets.UTF_8))) {
            throw new FileAlreadyExistsException(configFile.toString(), null, "another model is there: choose an empty directory");
        }
        SafeTensorsWriter.write(directory.resolve(ShardedTensors.SINGLE), METADATA, items);
        if (!overwrite) {
            AtomicFiles.write(configFile, config);
        }
    }

    /**
     * Saves a model into a directory that has none, in shards if it is larger than one may be.
     *
     * @param config the text of config.json, written last
     * @param shardBytes most bytes of tensors in a file, unless one tensor has more
     */
    public static void save(Path directory, ModelSource source, String config, long shardBytes) throws IOException {
        List<List<Item>> shards = shards(items(source), shardBytes);
        AtomicFiles.createDirectories(directory);
        if (shards.size() == 1) {
            SafeTensorsWriter.write(directory.resolve(ShardedTensors.SINGLE), METADATA, shards.getFirst());
        } else {
            Map<String, Object> weightMap = new LinkedHashMap<>();
            for (int i = 0; i < shards.size(); i++) {
                String name = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
                SafeTensorsWriter.write(directory.resolve(name), METADATA, shards.get(i));
                shards.get(i).forEach(item -> weightMap.put(item.name(), name));
            }
            long total = shards.stream().flatMap(List::stream).mapToLong(Item::bytes).sum();
            Map<String, Object> index = new LinkedHashMap<>();
            index.put("metadata", Map.of("total_size", total));
            index.put("weight_map", weightMap);
            AtomicFiles.write(directory.resolve(ShardedTensors.INDEX), Json.pretty(index));
        }
        AtomicFiles.write(directory.resolve(HfModel.CONFIG), config);
    }

    private static List<List<Item>> shards(List<Item> items, long most) {
        List<List<Item>> shards = new ArrayList<>();
        long bytes = most;
        for (Item item : items) {
            if (bytes + item.bytes() > most) {
                shards.add(new ArrayList<>());
                bytes = 0;
            }
            shards.getLast().add(item);
            bytes += item.bytes();
        }
        return shards;
    }

    /** The file's tensors; their elements are read when they are written. */
    private static List<Item> items(ModelSource source) {
        List<FileTensor> table = TensorLayout.of(source.config()).table(Weights.describe(source.config()));
        return table.stream().map(tensor -> {
            DType dtype = dtype(tensor, source);
            return new Item(tensor.name(), dtype, tensor.shape(), out -> write(out, tensor, dtype, source));
        }).toList();
    }

    /** The parts' format; F32, which holds all of them, where they differ. */
    private static DType dtype(FileTensor tensor, ModelSource source) {
        List<Dtype> dtypes = tensor.parts().stream().map(source::dtype).distinct().toList();
        return switch (dtypes.size() == 1 ? dtypes.getFirst() : Dtype.F32) {
            case F32 -> DType.F32;
            case F16 -> DType.F16;
            case BF16 -> DType.BF16;
            default -> throw new IllegalArgumentException("safetensors cannot express " + tensor.name() + " in " + dtypes.getFirst() + ", only in F32, F16 and BF16");
        };
    }

    private static void write(NumberOutput out, FileTensor tensor, DType dtype, ModelSource source) throws IOException {
        if (!tensor.transposed()) {
            for (Tensor part : tensor.parts()) {
                put(out, in(dtype, source.read(part)));
            }
            return;
        }
        List<float[]> parts = new ArrayList<>();
        for (Tensor part : tensor.parts()) {
            parts.add(((WeightMatrix.F32) in(DType.F32, source.read(part))).data());
        }
        float[] joined = tensor.join(parts);
        put(out, in(dtype, new WeightMatrix.F32(joined, 0, 1, joined.length)));
    }

    /** The matrix in the format of the file, in which it is exact. */
    private static WeightMatrix in(DType dtype, WeightMatrix matrix) {
        Dtype ours = Dtype.valueOf(dtype.name());
        return matrix.dtype() == ours ? matrix
                : WeightMatrix.read(ours, matrix.rows(), matrix.cols(), (to, from, count) -> matrix.expand(to, 0, from, count));
    }

    private static void put(NumberOutput out, WeightMatrix matrix) throws IOException {
        int n = matrix.rows() * matrix.cols();
        switch (matrix) {
            case WeightMatrix.F32 m -> out.floats(m.data(), m.offset(), n);
            case WeightMatrix.F16 m -> out.shorts(m.bits(), m.offset(), n);
            case WeightMatrix.Bf16 m -> out.shorts(m.bits(), m.offset(), n);
            default -> throw new AssertionError(matrix.dtype());
        }
    }
}
