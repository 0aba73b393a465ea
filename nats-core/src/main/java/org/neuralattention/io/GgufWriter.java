package org.neuralattention.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/**
 * Writes a Llama as one GGUF file, version 3, as llama.cpp reads it: key-value pairs, descriptions of the tensors, then their data, each at a
 * multiple of 32 bytes. Matrices in the type asked for, norms in float32. Source: ggml's docs/gguf.md.
 */
public final class GgufWriter {

    private static final int VERSION = 3;
    private static final int ALIGNMENT = 32;
    private static final int PIECE = 1 << 20;

    /** A tensor under its name there; the rows of queries and keys are in another order (see {@link #row}) where heads are given. */
    private record Entry(String name, Tensor tensor, Dtype dtype, int nHeads) {

        int columns() {
            return tensor.dim(tensor.rank() - 1);
        }

        long bytes() {
            return dtype.bytes(tensor.size());
        }

        /**
         * Which of our rows is the file's i-th. We rotate the pairs (j, j + headDim / 2) of a head, llama.cpp the pairs (2 j, 2 j + 1) of what it calls a Llama.
         */
        int row(int i) {
            if (nHeads == 0) {
                return i;
            }
            int headDim = tensor.dim(0) / nHeads;
            int inHead = i % headDim;
            return i - inHead + inHead % 2 * (headDim / 2) + inHead / 2;
        }

        /** The file's i-th row in the file's format. */
        WeightMatrix stored(int i) {
            try {
                return WeightMatrix.of(dtype, tensor.data(), row(i) * columns(), 1, columns());
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(tensor + ": " + e.getMessage(), e);
            }
        }
    }

    private GgufWriter() {}

    /**
     * Writes the file, whole or not at all.
     *
     * @param dtype  of the matrices; their rows must be whole blocks of it
     * @param pieces what each id of the vocabulary stands for, in the alphabet of GPT-2's byte-level tokenizer; the file knows no merges
     * @throws IllegalArgumentException for a model that is no plain Llama (other norms, biases, roles, or an attention window), weights
     *     that are not float32, or numbers that the format cannot express
     */
    public static void write(Path file, Weights weights, Dtype dtype, List<String> pieces) throws IOException {
        ModelConfig config = weights.config();
        check(weights, dtype, pieces);
        List<Entry> entries = entries(weights, dtype);
        byte[] header = header(config, dtype, pieces, entries);
        AtomicFiles.write(file, out -> {
            out.write(ByteBuffer.wrap(header));
            ByteBuffer buffer = ByteBuffer.allocate(PIECE).order(ByteOrder.LITTLE_ENDIAN);
            for (Entry entry : entries) {
                data(out, buffer, entry);
            }
        });
    }

    private static void check(Weights weights, Dtype dtype, List<String> pieces) {
        if (!weights.trainable()) {
            throw new IllegalArgumentException("GGUF is written from float32 weights only, and some of these are of another format");
        }
        ModelConfig config = weights.config();
        boolean plain = config.norm() == ModelConfig.Norm.RMS && config.activation() == ModelConfig.Activation.SWIGLU
                && config.biases().equals(ModelConfig.Biases.NONE) && !config.qkNorm() && !config.hasRoles() && config.attentionWindow() == 0
                && config.positions() instanceof ModelConfig.Positions.Rotary rotary && rotary.scaling() == null && !rotary.adjacentPairs();
        if (!plain) {
            throw new IllegalArgumentException("GGUF is written for plain Llamas only, and this is one of " + config);
        }
        if (pieces.size() != config.vocabSize()) {
            throw new IllegalArgumentException(pieces.size() + " pieces for a vocabulary of " + config.vocabSize());
        }
        for (int columns : new int[] {config.dim(), config.qDim(), config.hiddenDim()}) {
            if (columns % dtype.block() != 0) {
                throw new IllegalArgumentException("rows of " + columns + " numbers are no multiple of the " + dtype.block() + " in a block of " + dtype);
            }
        }
    }

    private static List<Entry> entries(Weights weights, Dtype dtype) {
        ModelConfig config = weights.config();
        List<Entry> entries = new ArrayList<>();
        entries.add(new Entry("token_embd.weight", weights.embedding, dtype, 0));
        for (int l = 0; l < config.nLayers(); l++) {
            Weights.Layer layer = weights.layers.get(l);
            String block = "blk." + l + ".";
            entries.add(new Entry(block + "attn_norm.weight", layer.attnNorm, Dtype.F32, 0));
            entries.add(new Entry(block + "attn_q.weight", layer.wq, dtype, config.nHeads()));
            entries.add(new Entry(block + "attn_k.weight", layer.wk, dtype, config.nKvHeads()));
            entries.add(new Entry(block + "attn_v.weight", layer.wv, dtype, 0));
            entries.add(new Entry(block + "attn_output.weight", layer.wo, dtype, 0));
            entries.add(new Entry(block + "ffn_norm.weight", layer.ffnNorm, Dtype.F32, 0));
            entries.add(new Entry(block + "ffn_gate.weight", layer.wGate, dtype, 0));
            entries.add(new Entry(block + "ffn_up.weight", layer.wUp, dtype, 0));
            entries.add(new Entry(block + "ffn_down.weight", layer.wDown, dtype, 0));
        }
        entries.add(new Entry("output_norm.weight", weights.finalNorm, Dtype.F32, 0));
        if (!config.tiedHead()) {
            entries.add(new Entry("output.weight", weights.head, dtype, 0));
        }
        return entries;
    }

    private static byte[] header(ModelConfig config, Dtype dtype, List<String> pieces, List<Entry> entries) {
        double theta = ((ModelConfig.Positions.Rotary) config.positions()).theta();
        GgufPairs pairs = new GgufPairs()
                .text("general.architecture", "llama")
                .number("general.file_type", fileType(dtype))
                .number("general.alignment", ALIGNMENT)
                .number("llama.vocab_size", config.vocabSize())
                .number("llama.context_length", config.maxSeqLen())
                .number("llama.embedding_length", config.dim())
                .number("llama.block_count", config.nLayers())
                .number("llama.feed_forward_length", config.hiddenDim())
                .number("llama.attention.head_count", config.nHeads())
                .number("llama.attention.head_count_kv", config.nKvHeads())
                .number("llama.attention.key_length", config.headDim())
                .number("llama.attention.value_length", config.headDim())
                .number("llama.rope.dimension_count", config.headDim())
                .real("llama.rope.freq_base", (float) theta)
                .real("llama.attention.layer_norm_rms_epsilon", config.normEps())
                .text("tokenizer.ggml.model", "gpt2")
                .text("tokenizer.ggml.pre", "default")
                .texts("tokenizer.ggml.tokens", pieces)
                .texts("tokenizer.ggml.merges", List.of())
                .flag("tokenizer.ggml.add_bos_token", false);
        GgufPairs.Bytes out = new GgufPairs.Bytes();
        out.bytes("GGUF".getBytes(StandardCharsets.US_ASCII)).number(VERSION).size(entries.size());
        pairs.appendTo(out);
        long offset = 0;
        for (Entry entry : entries) {
            out.text(entry.name).number(entry.tensor.rank());
            for (int i = entry.tensor.rank() - 1; i >= 0; i--) { // the fastest first
                out.size(entry.tensor.dim(i));
            }
            out.number(GgufType.of(entry.dtype).id).size(offset);
            offset += aligned(entry.bytes());
        }
        return out.padded(ALIGNMENT);
    }

    /** What llama.cpp calls a file whose matrices are mostly of a format: its {@code llama_ftype}. */
    private static int fileType(Dtype dtype) {
        return switch (dtype) {
            case F32 -> 0;
            case Q4_0 -> 2;
            case Q8_0 -> 7;
            case BF16 -> 32;
            default -> throw new IllegalArgumentException("no GGUF is written in " + dtype);
        };
    }

    private static void data(WritableByteChannel out, ByteBuffer buffer, Entry entry) throws IOException {
        int columns = entry.columns();
        for (int i = 0; i < entry.tensor.size() / columns; i++) {
            WeightMatrix row = entry.stored(i);
            for (int j = 0; j < columns; j += entry.dtype.block()) {
                if (buffer.remaining() < entry.dtype.bytes(entry.dtype.block())) {
                    drain(out, buffer);
                }
                GgufBlocks.put(buffer, row, j);
            }
        }
        drain(out, buffer);
        out.write(ByteBuffer.allocate((int) (aligned(entry.bytes()) - entry.bytes())));
    }

    private static void drain(WritableByteChannel out, ByteBuffer buffer) throws IOException {
        out.write(buffer.flip());
        buffer.clear();
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    }
}
