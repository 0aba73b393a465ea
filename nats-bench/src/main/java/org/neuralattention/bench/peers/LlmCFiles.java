package org.neuralattention.bench.peers;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Function;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/**
 * What llm.c's train_gpt2 reads from its folder, all little-endian behind 256 ints of header: the model, tokens and a tokenizer. Source: llm.c's
 * train_gpt2.c, llmc/dataloader.h and llmc/tokenizer.h.
 */
final class LlmCFiles {

    private static final int HEADER = 256 * Integer.BYTES;
    private static final int PIECE = 1 << 20;

    private static final int MODEL = 20240326;
    private static final int TOKENS = 20240520;
    private static final int TOKENIZER = 20240328;

    /** Its vocabulary is padded with zeros to a multiple of this. */
    private static final int PADDING = 128;

    /** Copies of the tokens in a file: it shuffles pieces of as many, which are all alike. */
    private static final int COPIES = 16;

    private LlmCFiles() {}

    /** @param tokens of one step, which every step sees */
    static void write(Path folder, Weights weights, int[] tokens) throws IOException {
        Path data = Files.createDirectories(folder.resolve("dev/data/tinyshakespeare"));
        model(folder.resolve("gpt2_124M.bin"), weights);
        tokens(data.resolve("tiny_shakespeare_train.bin"), tokens);
        tokens(data.resolve("tiny_shakespeare_val.bin"), tokens);
        tokenizer(folder.resolve("gpt2_tokenizer.bin"), weights.config().vocabSize());
    }

    /** All layers of a tensor lie behind each other; queries, keys and values of a layer are one. */
    private static void model(Path file, Weights weights) throws IOException {
        ModelConfig c = weights.config();
        int padded = Math.ceilDiv(c.vocabSize(), PADDING) * PADDING;
        try (FileChannel out = open(file)) {
            write(out, header(HEADER, MODEL, 3, c.maxSeqLen(), c.vocabSize(), c.nLayers(), c.nHeads(), c.dim(), padded));
            floats(out, weights.embedding);
            write(out, ByteBuffer.allocate((padded - c.vocabSize()) * c.dim() * Float.BYTES));
            floats(out, weights.positions);
            List<Function<Weights.Layer, List<Tensor>>> order = List.of(l -> List.of(l.attnNorm), l -> List.of(l.attnNormBias),
                    l -> List.of(l.wq, l.wk, l.wv), l -> List.of(l.bq, l.bk, l.bv), l -> List.of(l.wo), l -> List.of(l.bo),
                    l -> List.of(l.ffnNorm), l -> List.of(l.ffnNormBias), l -> List.of(l.wUp), l -> List.of(l.bUp), l -> List.of(l.wDown), l -> List.of(l.bDown));
            for (Function<Weights.Layer, List<Tensor>> tensors : order) {
                for (Weights.Layer layer : weights.layers) {
                    for (Tensor tensor : tensors.apply(layer)) {
                        floats(out, tensor);
                    }
                }
            }
            floats(out, weights.finalNorm);
            floats(out, weights.finalNormBias);
        }
    }

    /** 16 bits each; the last one is the target of the one before only. */
    private static void tokens(Path file, int[] tokens) throws IOException {
        int n = COPIES * tokens.length + 1;
        ByteBuffer buffer = header(HEADER + n * Short.BYTES, TOKENS, 1, n).position(HEADER);
        for (int i = 0; i < n; i++) {
            buffer.putShort((short) tokens[i % tokens.length]);
        }
        try (FileChannel out = open(file)) {
            write(out, buffer.flip());
        }
    }

    /** A letter for every token: it is only there because train_gpt2 needs its end-of-text token. */
    private static void tokenizer(Path file, int vocabSize) throws IOException {
        ByteBuffer buffer = header(HEADER + 2 * vocabSize, TOKENIZER, 2, vocabSize, vocabSize - 1).position(HEADER);
        for (int i = 0; i < vocabSize; i++) {
            buffer.put((byte) 1).put((byte) 'a'); // the length, then the bytes
        }
        try (FileChannel out = open(file)) {
            write(out, buffer.flip());
        }
    }

    private static FileChannel open(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);
    }

    /** A buffer of zeros that begins with these numbers. */
    private static ByteBuffer header(int size, int... numbers) {
        ByteBuffer buffer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asIntBuffer().put(numbers);
        return buffer;
    }

    private static void floats(FileChannel out, Tensor tensor) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(PIECE * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        float[] data = tensor.data();
        for (int i = 0; i < data.length; i += PIECE) {
            int n = Math.min(PIECE, data.length - i);
            buffer.asFloatBuffer().put(data, i, n);
            write(out, buffer.position(0).limit(n * Float.BYTES));
            buffer.clear();
        }
    }

    private static void write(FileChannel out, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            out.write(buffer);
        }
    }
}
