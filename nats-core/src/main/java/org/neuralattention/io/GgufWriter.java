package org.neuralattention.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.Rope;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/**
 * Writes a model as one GGUF file, version 3, as llama.cpp reads it: key-value pairs, descriptions of the tensors, then their data, each at a
 * multiple of 32 bytes. Matrices in the formats the source gives them in, to the bit; all else in float32, as llama.cpp wants it. Families: Llama
 * (Mistral and SmolLM are some), Qwen 2, Qwen 3, GPT-2. Roles become pairs that other readers pass over: to them it is the model without roles.
 * Source: ggml's docs/gguf.md and llama.cpp's src/llama-arch.cpp.
 */
public final class GgufWriter {

    private static final int VERSION = 3;
    private static final int ALIGNMENT = 32;
    private static final int PIECE = 1 << 20;

    /** What is said by the model itself, and never copied. */
    private static final String ARCHITECTURE = "general.architecture";
    private static final String FILE_TYPE = "general.file_type";
    private static final String BLOCKS_VERSION = "general.quantization_version";

    private final ModelSource source;
    private final ModelConfig config;
    private final Weights description;
    private final GgufFamily family;
    private final List<Entry> entries = new ArrayList<>();

    /** A tensor of the file and what of ours is in it. */
    private record Entry(String name, int[] shape, Dtype dtype, List<Tensor> parts) {

        long bytes() {
            return dtype.bytes(Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact));
        }
    }

    private GgufWriter(ModelSource source) {
        this.source = source;
        this.config = source.config();
        this.description = Weights.describe(config);
        this.family = family(config);
        if (family == GgufFamily.LLAMA && factors() != null) {
            entries.add(new Entry(GgufFamily.FREQUENCY_FACTORS, new int[] {config.headDim() / 2}, Dtype.F32, List.of()));
        }
        for (FileTensor tensor : family.table(description)) {
            entries.add(new Entry(tensor.name(), tensor.shape(), dtype(tensor), tensor.parts()));
        }
    }

    /**
     * Writes a file, whole or not at all. No more than one tensor is held at a time.
     *
     * @param source the model, its matrices in the formats they are to have ({@link ModelSource#as})
     * @param more   other pairs, such as the vocabulary's; what the model itself says goes before them
     * @throws IllegalArgumentException if no architecture of GGUF's computes what the model does: {@link #check}
     */
    public static void write(Path file, ModelSource source, GgufMetadata more) throws IOException {
        GgufWriter writer = new GgufWriter(source);
        byte[] header = writer.header(more);
        AtomicFiles.write(file, out -> {
            out.write(ByteBuffer.wrap(header));
            ByteBuffer buffer = ByteBuffer.allocateDirect(PIECE).order(ByteOrder.LITTLE_ENDIAN);
            for (Entry entry : writer.entries) {
                writer.data(out, buffer, entry);
            }
        });
    }

    /**
     * That GGUF knows such a model.
     *
     * @throws IllegalArgumentException if not
     */
    public static void check(ModelConfig config) {
        family(config);
    }

    private static GgufFamily family(ModelConfig config) {
        if (config.positions() instanceof Positions.Rotary rotary && (float) rotary.theta() != rotary.theta()) {
            throw new IllegalArgumentException("theta = " + rotary.theta() + " is no float32, which GGUF has it in");
        }
        return GgufFamily.of(config).orElseThrow(() -> new IllegalArgumentException("GGUF is written for Llama, Mistral, Qwen 2, Qwen 3 and GPT-2, and this is none: "
                + config));
    }

    private float[] factors() {
        if (!(config.positions() instanceof Positions.Rotary rotary)) {
            return null;
        }
        return switch (rotary.scaling()) {
            case null -> null;
            case Positions.FrequencyFactors s -> s.array();
            case Positions.Llama3Scaling s -> Rope.llama3Factors(config.headDim(), rotary.theta(), s.factor(), s.lowFreqFactor(), s.highFreqFactor(),
                    s.originalMaxSeqLen());
        };
    }

    private Dtype dtype(FileTensor tensor) {
        Tensor first = tensor.parts().getFirst();
        if (!description.isMatrix(first)) {
            return Dtype.F32;
        }
        Dtype dtype = source.dtype(first);
        if (!tensor.parts().stream().allMatch(part -> source.dtype(part) == dtype)) {
            throw new IllegalArgumentException(tensor + ": these are one tensor in GGUF and must have one format");
        }
        return dtype;
    }

    private byte[] header(GgufMetadata more) throws IOException {
        GgufMetadata.Builder pairs = new GgufMetadata.Builder()
                .string(ARCHITECTURE, family.key())
                .integer(FILE_TYPE, fileType())
                .integer(BLOCKS_VERSION, 2)
                .integer(GgufHeader.ALIGNMENT, ALIGNMENT);
        GgufConfig.write(pairs, family, config);
        if (config.hasRoles()) {
            pairs.floats(GgufConfig.ROLE_SCORERS, scorers());
        }
        List<String> own = List.copyOf(pairs.build().keys());
        for (String key : more.keys()) {
            if (!own.contains(key) && !key.startsWith(family.key() + ".") && !key.startsWith("nats.") && !key.startsWith("split.")) {
                pairs.copy(more, key);
            }
        }
        GgufBytes out = new GgufBytes();
        out.bytes(GgufHeader.MAGIC).int32(VERSION).int64(entries.size());
        out.pairs(pairs.build());
        long offset = 0;
        for (Entry entry : entries) {
            out.text(entry.name).int32(entry.shape.length);
            for (int i = entry.shape.length - 1; i >= 0; i--) { // the fastest first
                out.int64(entry.shape[i]);
            }
            out.int32(GgufType.of(entry.dtype).id).int64(offset);
            offset += aligned(entry.bytes());
        }
        byte[] header = out.padded(ALIGNMENT);
        if (header.length > GgufInput.MAX_HEADER) {
            throw new IllegalArgumentException("pairs of " + header.length + " bytes: the limit is " + GgufInput.MAX_HEADER);
        }
        return header;
    }

    private float[] scorers() throws IOException {
        List<Tensor> tensors = description.layers.stream().map(layer -> layer.scorer).toList();
        float[] all = new float[tensors.stream().mapToInt(Tensor::size).reduce(0, Math::addExact)];
        int at = 0;
        for (Tensor tensor : tensors) {
            source.read(tensor).expand(all, at, 0, tensor.rows());
            at += tensor.size();
        }
        return all;
    }

    /** What llama.cpp calls a file most of whose matrices are of a format: its {@code llama_ftype}. */
    private int fileType() {
        Map<Dtype, Long> elements = new EnumMap<>(Dtype.class);
        entries.stream().filter(entry -> entry.shape.length == 2).forEach(entry -> elements.merge(entry.dtype, entry.bytes(), Long::sum));
        return switch (elements.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey()) {
            case F32 -> 0;
            case F16 -> 1;
            case Q4_0 -> 2;
            case Q8_0 -> 7;
            case Q4_K -> elements.containsKey(Dtype.Q6_K) ? 15 : 14; // medium and small
            case Q6_K -> 18;
            case BF16 -> 32;
        };
    }

    private void data(WritableByteChannel out, ByteBuffer buffer, Entry entry) throws IOException {
        buffer.clear();
        if (entry.parts.isEmpty()) {
            for (float factor : factors()) {
                buffer.putFloat(factor);
            }
        }
        for (Tensor part : entry.parts) {
            try {
                rows(out, buffer, part, entry.dtype);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(part + ": " + e.getMessage(), e);
            }
        }
        drain(out, buffer);
        out.write(ByteBuffer.allocate((int) (aligned(entry.bytes()) - entry.bytes())));
    }

    /** A tensor's rows in the file's order and in its format. */
    private void rows(WritableByteChannel out, ByteBuffer buffer, Tensor tensor, Dtype dtype) throws IOException {
        WeightMatrix matrix = dtype == source.dtype(tensor) ? source.read(tensor)
                : WeightMatrix.read(dtype, tensor.rows(), tensor.cols(), source.rows(tensor));
        boolean paired = family.isPaired(description, tensor);
        int width = tensor.rank() < 2 ? 1 : tensor.cols(); // of a row in the file, where a bias has one for each output
        int block = dtype.block();
        for (int row = 0; row < tensor.size() / width; row++) {
            int from = width * (paired ? AdjacentPairs.ourRow(row, config.headDim()) : row);
            for (int done = 0; done < width; ) {
                if (buffer.remaining() < dtype.bytes(block)) {
                    drain(out, buffer);
                }
                int most = (int) (buffer.remaining() / dtype.bytes(block)) * block;
                int some = Math.min(most, width - done);
                GgufBlocks.put(buffer, matrix, from + done, some);
                done += some;
            }
        }
    }

    private static void drain(WritableByteChannel out, ByteBuffer buffer) throws IOException {
        out.write(buffer.flip());
        buffer.clear();
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    }
}
