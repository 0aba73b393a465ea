package org.neuralattention.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleSpace;

/** What is written can be read by the words of the format: pairs, descriptions, aligned data, blocks that come back within half a step. */
class GgufWriterTest {

    private static final ModelConfig CONFIG = ModelConfig.llama(10, 64, 2, 4, 2, 96, 128).withTiedHead(true);

    @TempDir
    Path directory;

    /** A description and where its data begin. */
    private record Found(long[] dims, int type, int at) {}

    private final Map<String, Object> pairs = new LinkedHashMap<>();
    private final Map<String, Found> tensors = new LinkedHashMap<>();
    private ByteBuffer file;

    private static Weights random(ModelConfig config) {
        Weights weights = new Weights(config);
        SplittableRandom random = new SplittableRandom(1);
        for (Tensor tensor : weights.tensors()) {
            for (int i = 0; i < tensor.size(); i++) {
                tensor.data()[i] = 2 * random.nextFloat() - 1;
            }
        }
        return weights;
    }

    private static List<String> pieces(int n) {
        return IntStream.range(0, n).mapToObj(i -> "é" + i).toList();
    }

    private static GgufMetadata vocabulary(int n) {
        return new GgufMetadata.Builder().string("tokenizer.ggml.model", "gpt2").strings("tokenizer.ggml.tokens", pieces(n)).ints("tokenizer.ggml.token_type", 1, -1)
                .floats("tokenizer.ggml.scores", 0.5f).string("llama.block_count", "not copied").build();
    }

    private void write(Weights weights, Dtype type) throws IOException {
        Path path = directory.resolve("model.gguf");
        GgufWriter.write(path, ModelSource.of(weights).as(type), vocabulary(weights.config().vocabSize()));
        file = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals("GGUF", word(4));
        assertEquals(3, file.getInt());
        long tensorCount = file.getLong();
        long pairCount = file.getLong();
        for (long i = 0; i < pairCount; i++) {
            pairs.put(text(), value(file.getInt()));
        }
        List<Long> offsets = new ArrayList<>();
        for (long i = 0; i < tensorCount; i++) {
            String name = text();
            long[] dims = new long[file.getInt()];
            for (int d = 0; d < dims.length; d++) {
                dims[d] = file.getLong();
            }
            int id = file.getInt();
            offsets.add(file.getLong());
            tensors.put(name, new Found(dims, id, 0));
        }
        int data = Math.ceilDiv(file.position(), 32) * 32;
        int i = 0;
        for (Map.Entry<String, Found> tensor : tensors.entrySet()) {
            long offset = offsets.get(i++);
            assertEquals(0, offset % 32, tensor.getKey());
            tensor.setValue(new Found(tensor.getValue().dims, tensor.getValue().type, data + (int) offset));
        }
    }

    private String word(int length) {
        byte[] bytes = new byte[length];
        file.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private String text() {
        return word((int) file.getLong());
    }

    private Object value(int type) {
        return switch (type) {
            case 4, 5 -> file.getInt();
            case 6 -> file.getFloat();
            case 7 -> file.get() == 1;
            case 8 -> text();
            case 9 -> {
                int element = file.getInt();
                List<Object> values = new ArrayList<>();
                for (long n = file.getLong(); n > 0; n--) {
                    values.add(value(element));
                }
                yield values;
            }
            default -> throw new AssertionError("type " + type);
        };
    }

    /** Number {@code index} of the tensor, by the definition of its blocks. */
    private float number(Found tensor, int index) {
        int block = index / 32;
        int i = index % 32;
        return switch (tensor.type) {
            case 0 -> file.getFloat(tensor.at + 4 * index);
            case 30 -> Float.intBitsToFloat(file.getShort(tensor.at + 2 * index) << 16);
            case 8 -> Float.float16ToFloat(file.getShort(tensor.at + 34 * block)) * file.get(tensor.at + 34 * block + 2 + i);
            case 2 -> {
                int both = file.get(tensor.at + 18 * block + 2 + i % 16);
                yield Float.float16ToFloat(file.getShort(tensor.at + 18 * block)) * ((i < 16 ? both & 15 : both >> 4 & 15) - 8);
            }
            default -> throw new AssertionError("type " + tensor.type);
        };
    }

    @Test
    void thePairsDescribeTheModel() throws IOException {
        write(random(CONFIG), Dtype.Q8_0);
        assertEquals("llama", pairs.get("general.architecture"));
        assertEquals(7, pairs.get("general.file_type"));
        assertEquals(64, pairs.get("llama.embedding_length"));
        assertEquals(2, pairs.get("llama.block_count"));
        assertEquals(4, pairs.get("llama.attention.head_count"));
        assertEquals(2, pairs.get("llama.attention.head_count_kv"));
        assertEquals(96, pairs.get("llama.feed_forward_length"));
        assertEquals(10_000f, pairs.get("llama.rope.freq_base"));
        assertEquals(CONFIG.normEps(), pairs.get("llama.attention.layer_norm_rms_epsilon"));
        assertEquals(pieces(10), pairs.get("tokenizer.ggml.tokens"));
    }

    @ParameterizedTest
    @EnumSource(value = Dtype.class, names = {"F32", "BF16", "Q8_0", "Q4_0"})
    void everyMatrixComesBackWithinHalfAStepOfItsBlocks(Dtype type) throws IOException {
        Weights weights = random(CONFIG);
        write(weights, type);
        assertEquals(2 + 9 * 2, tensors.size());
        check("token_embd.weight", weights.embedding, type);
        check("blk.1.attn_v.weight", weights.layers.get(1).wv, type);
        check("blk.1.attn_output.weight", weights.layers.get(1).wo, type);
        check("blk.0.ffn_gate.weight", weights.layers.get(0).wGate, type);
        check("blk.0.ffn_down.weight", weights.layers.get(0).wDown, type);
        check("blk.1.ffn_norm.weight", weights.layers.get(1).ffnNorm, Dtype.F32);
        check("output_norm.weight", weights.finalNorm, Dtype.F32);
    }

    private void check(String name, Tensor expected, Dtype type) {
        Found found = tensors.get(name);
        assertEquals(GgufType.of(type).id, found.type, name);
        for (int d = 0; d < expected.rank(); d++) {
            assertEquals(expected.dim(d), found.dims[expected.rank() - 1 - d], name);
        }
        // Numbers lie in (-1, 1): a step is at most 1/127 or 1/8; q4's largest level is 7 of 8, and the scale is rounded to half precision.
        double tolerance = switch (type) {
            case F32 -> 0;
            case Q8_0 -> 0.5 / 127 + 5e-4;
            case Q4_0 -> 1.0 / 8 + 5e-4;
            case BF16 -> 1.0 / 256;
            default -> throw new AssertionError(type);
        };
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.data()[i], number(found, i), tolerance, name + " " + i);
        }
    }

    @Test
    void queriesAndKeysHaveTheirPairsSideBySide() throws IOException {
        Weights weights = random(CONFIG);
        write(weights, Dtype.F32);
        for (String name : List.of("blk.1.attn_q.weight", "blk.1.attn_k.weight")) {
            Tensor ours = name.contains("_q") ? weights.layers.get(1).wq : weights.layers.get(1).wk;
            for (int row = 0; row < ours.dim(0); row++) {
                int head = row / 16;
                int pair = row % 16 / 2;
                int half = row % 2;
                assertEquals(ours.data()[(head * 16 + half * 8 + pair) * 64 + 5], number(tensors.get(name), row * 64 + 5), 0, name + " row " + row);
            }
        }
    }

    @Test
    void aHeadOfItsOwnIsWrittenToo() throws IOException {
        Weights weights = random(CONFIG.withTiedHead(false));
        write(weights, Dtype.Q4_0);
        check("output.weight", weights.head, Dtype.Q4_0);
    }

    @Test
    void blocksOfZerosAndOfOneSignAreExactWhereTheyCanBe() throws IOException {
        Weights weights = new Weights(CONFIG);
        weights.embedding.data()[0] = -8;
        weights.embedding.data()[1] = 7;
        for (Dtype type : List.of(Dtype.F32, Dtype.Q8_0, Dtype.Q4_0)) {
            write(weights, type);
            assertEquals(-8, number(tensors.get("token_embd.weight"), 0), 4e-3);
            assertEquals(7, number(tensors.get("token_embd.weight"), 1), 4e-2);
            assertEquals(0, number(tensors.get("token_embd.weight"), 2), 0f);
            assertEquals(0, number(tensors.get("blk.0.attn_q.weight"), 7), 0f);
        }
    }

    @Test
    void halvesAreRoundedAwayFromZero() throws IOException {
        Weights weights = new Weights(CONFIG);
        weights.embedding.data()[0] = 127;
        weights.embedding.data()[1] = 2.5f;
        weights.embedding.data()[2] = -2.5f;
        write(weights, Dtype.Q8_0);
        assertEquals(3, number(tensors.get("token_embd.weight"), 1));
        assertEquals(-3, number(tensors.get("token_embd.weight"), 2));
    }

    @Test
    void whatTheFormatCannotSayIsRefusedBeforeAFileIsMade() {
        Path path = directory.resolve("no.gguf");
        Weights odd = new Weights(new ModelConfig(10, 64, 1, 4, 4, 16, 96, 128, ModelConfig.Norm.LAYER, 1e-5f, new ModelConfig.Positions.Rotary(10_000, false, null),
                ModelConfig.Activation.SWIGLU, ModelConfig.Biases.NONE, false, false, 0, RoleSpace.NONE));
        assertThrows(IllegalArgumentException.class, () -> GgufWriter.write(path, ModelSource.of(odd), vocabulary(10)));
        Weights broken = new Weights(CONFIG);
        broken.layers.get(1).wq.data()[70] = Float.NaN;
        String message = assertThrows(IllegalArgumentException.class, () -> GgufWriter.write(path, ModelSource.of(broken).as(Dtype.Q8_0), vocabulary(10))).getMessage();
        assertTrue(message.contains("layers.1.self_attn.q_proj.weight") && message.contains("NaN"), message);
        assertTrue(Files.notExists(path));
    }
}
