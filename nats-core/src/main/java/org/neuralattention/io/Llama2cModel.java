package org.neuralattention.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.neuralattention.io.Llama2cLayout.Entry;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/**
 * A llama2.c checkpoint: the first form, version 1 (both float32) or version 2 (8-bit integers in groups with a float32 scale).
 *
 * <p>Groups that are whole blocks of 32 are given as {@code Q8_0}, their scales rounded to float16: a relative error of at most 2^-11 where the
 * integers' own is 2^-8. Smaller groups, and rows that are not whole blocks, are given as float32. {@link #rows} is exact for all.
 */
final class Llama2cModel implements ModelFile {

    private final FileArrays file;
    private final Llama2cHeader header;
    private final Llama2cLayout layout;
    private final Map<String, Entry> entries = new HashMap<>();

    private Llama2cModel(FileArrays file, Llama2cHeader header) {
        this.file = file;
        this.header = header;
        try {
            layout = Llama2cLayout.of(header, Weights.describe(header.config()));
            layout.entries().forEach(entry -> entries.put(entry.tensor().name(), entry));
        } catch (IllegalArgumentException e) {
            throw new UnsupportedModelException(file.file(), e.getMessage());
        }
    }

    static Llama2cModel open(Path path) throws IOException {
        FileArrays file = FileArrays.open(path);
        try {
            return new Llama2cModel(file, Llama2cHeader.read(file));
        } catch (Throwable failure) {
            file.close();
            throw failure;
        }
    }

    @Override
    public Path path() {
        return file.file();
    }

    @Override
    public String format() {
        return switch (header.version()) {
            case 0 -> "llama2.c checkpoint, first form";
            case 1 -> "llama2.c checkpoint, version 1";
            default -> "llama2.c checkpoint, version 2, groups of " + header.groupSize();
        };
    }

    /** See {@link Llama2cHeader}. */
    Llama2cHeader header() {
        return header;
    }

    @Override
    public ModelConfig config() {
        return header.config();
    }

    @Override
    public String architecture() {
        return "llama";
    }

    /** The file has no names: they are ours, in its order. */
    @Override
    public List<StoredTensor> stored() {
        return layout.entries().stream().map(entry -> {
            Tensor tensor = entry.tensor();
            boolean quantised = quantised(tensor);
            long[] shape = Arrays.stream(tensor.shape()).asLongStream().toArray();
            return new StoredTensor(tensor.name(), quantised ? "I8" : "F32", shape, quantised ? header.matrixBytes(tensor.size()) : (long) tensor.size() * Float.BYTES);
        }).toList();
    }

    @Override
    public Optional<String> chatTemplate() {
        return Optional.empty();
    }

    @Override
    public Dtype dtype(Tensor tensor) {
        int block = Dtype.Q8_0.block();
        boolean blocks = quantised(tensor) && header.groupSize() % block == 0 && tensor.cols() % block == 0;
        return blocks ? Dtype.Q8_0 : Dtype.F32;
    }

    private boolean quantised(Tensor tensor) {
        return header.version() == 2 && entries.get(tensor.name()).matrix();
    }

    @Override
    public WeightMatrix read(Tensor tensor) throws IOException {
        if (dtype(tensor) == Dtype.Q8_0) {
            return blocks(tensor);
        }
        float[] data = new float[tensor.size()];
        rows(tensor).read(data, 0, tensor.rows());
        return new WeightMatrix.F32(data, 0, tensor.rows(), tensor.cols());
    }

    /** The integers as they are, each block with the scale of its group. */
    private WeightMatrix blocks(Tensor tensor) throws IOException {
        Entry entry = entries.get(tensor.name());
        int block = Dtype.Q8_0.block();
        int cols = tensor.cols();
        float[] groupScales = scales(entry, 0, tensor.size() / header.groupSize());
        byte[] quants = new byte[tensor.size()];
        short[] scales = new short[tensor.size() / block];
        for (int row = 0; row < tensor.rows(); row++) {
            int from = fileRow(entry, row) * cols;
            file.bytes(quants, row * cols, cols, entry.begin() + from, what(entry));
            for (int i = 0; i < cols; i += block) {
                float scale = groupScales[(from + i) / header.groupSize()];
                scales[(row * cols + i) / block] = Float.floatToFloat16(scale);
                if (scale > Float.float16ToFloat((short) 0x7bff)) { // the largest
                    throw new IllegalArgumentException("a scale of " + scale + " cannot be expressed in " + Dtype.Q8_0);
                }
            }
        }
        return new WeightMatrix.Q8(quants, scales, 0, tensor.rows(), cols);
    }

    @Override
    public WeightMatrix.Source<IOException> rows(Tensor tensor) {
        Entry entry = entries.get(tensor.name());
        int cols = tensor.cols();
        if (!entry.pairs()) {
            return (out, from, count) -> elements(entry, out, 0, from * cols, count * cols);
        }
        return (out, from, count) -> {
            for (int i = 0; i < count; i++) {
                elements(entry, out, i * cols, fileRow(entry, from + i) * cols, cols);
            }
        };
    }

    private int fileRow(Entry entry, int row) {
        return entry.pairs() ? AdjacentPairs.fileRow(row, header.config().headDim()) : row;
    }

    /** Elements [first, first + n) in the file's order as float32. */
    private void elements(Entry entry, float[] out, int offset, int first, int n) throws IOException {
        if (!quantised(entry.tensor())) {
            file.floats(out, offset, n, entry.begin() + (long) first * Float.BYTES, what(entry));
            return;
        }
        int group = header.groupSize();
        int firstGroup = first / group;
        float[] scales = scales(entry, firstGroup, (first + n - 1) / group - firstGroup + 1);
        file.pieces(entry.begin() + first, n, 1, what(entry), (bytes, done, count) -> {
            for (int i = done; i < done + count; i++) {
                out[offset + i] = scales[(first + i) / group - firstGroup] * bytes.get();
            }
        });
    }

    /** Scales of groups [from, from + n): they follow the tensor's integers. */
    private float[] scales(Entry entry, int from, int n) throws IOException {
        float[] scales = new float[n];
        file.floats(scales, 0, n, entry.begin() + entry.tensor().size() + (long) from * Float.BYTES, what(entry));
        for (float scale : scales) {
            if (!(scale >= 0 && scale < Float.POSITIVE_INFINITY)) {
                throw new ModelFormatException(file.file(), what(entry) + " has a scale of " + scale
                        + ": they must be finite and not negative (an early export.py wrote all scales behind all integers, which no program reads)");
            }
        }
        return scales;
    }

    private static String what(Entry entry) {
        return "tensor \"" + entry.tensor().name() + "\"";
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
