package org.neuralattention.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Activation;
import org.neuralattention.model.ModelConfig.Biases;
import org.neuralattention.model.ModelConfig.Norm;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleSpace;
import org.neuralattention.testing.Malformed;
import org.neuralattention.testing.Shared;

/** What is written is read back to the bit, in every family and format; what cannot be read is named. */
class GgufModelTest {

    private static final GgufMetadata NOTHING = new GgufMetadata.Builder().build();

    @TempDir
    Path temp;

    private static ModelConfig config(Positions positions, Biases biases, boolean qkNorm, boolean tied, int window, int... roleWindows) {
        return new ModelConfig(9, 256, 2, 4, 2, 64, 256, 77, Norm.RMS, 1e-6f, positions, Activation.SWIGLU, biases, qkNorm, tied, window,
                RoleSpace.of(roleWindows));
    }

    static Stream<ModelConfig> families() {
        Positions.Rotary plain = new Positions.Rotary(10_000, false, null);
        Positions.Rotary factors = new Positions.Rotary(500_000, false, new Positions.FrequencyFactors(Stream.iterate(1f, f -> f * 1.1f).limit(32).toList()));
        return Stream.of(
                config(plain, Biases.NONE, false, true, 0),
                config(factors, new Biases(true, true, false), false, false, 0, 8, 64),
                config(plain, Biases.NONE, false, false, 16),
                config(plain, new Biases(true, false, false), false, true, 0),
                config(plain, Biases.NONE, true, true, 0, 32),
                config(plain, Biases.NONE, false, true, 0).withRoleSpace(RoleSpace.of(8, 64).withSinks(4).without(1).inLayer(1, 1)),
                new ModelConfig(9, 256, 2, 4, 4, 64, 512, 77, Norm.LAYER, 1e-5f, new Positions.Learned(), Activation.GELU_TANH, new Biases(true, true, true), false,
                        true, 0, RoleSpace.NONE));
    }

    private static Weights random(ModelConfig config) {
        Weights weights = new Weights(config);
        SplittableRandom random = new SplittableRandom(7);
        for (Tensor tensor : weights.tensors()) {
            for (int i = 0; i < tensor.size(); i++) {
                tensor.data()[i] = 2 * random.nextFloat() - 1;
            }
        }
        return weights;
    }

    private static float[] expanded(Tensor tensor) {
        float[] numbers = new float[tensor.size()];
        tensor.matrix().expand(numbers, 0, 0, tensor.rows());
        return numbers;
    }

    private static void assertSame(Weights expected, Weights actual) {
        assertEquals(expected.tensors().size(), actual.tensors().size());
        for (Tensor tensor : expected.tensors()) {
            Tensor other = actual.tensor(tensor.name());
            assertEquals(tensor.dtype(), other.dtype(), tensor.name());
            assertArrayEquals(expanded(tensor), expanded(other), tensor.name());
        }
    }

    /** The file, and the same written again from what was read. */
    private Weights roundTrip(Weights weights, GgufMetadata more) throws IOException {
        Path file = temp.resolve("model.gguf");
        GgufWriter.write(file, ModelSource.of(weights), more);
        Path again = temp.resolve("again.gguf");
        try (ModelFile model = ModelFile.open(file)) {
            GgufWriter.write(again, model, ((GgufModel) model).metadata());
        }
        assertEquals(-1, Files.mismatch(file, again));
        return ModelLoader.loadStored(file);
    }

    @ParameterizedTest
    @MethodSource("families")
    void everyFamilyComesBackToTheBit(ModelConfig config) throws IOException {
        Weights weights = random(config);
        GgufMetadata more = new GgufMetadata.Builder().string("general.name", "x").string("tokenizer.chat_template", "{{ x }}").build();
        Weights back = roundTrip(weights, more);
        assertEquals(config, back.config());
        assertSame(weights, back);
        assertEquals(config, ModelLoader.config(temp.resolve("model.gguf")));
        try (ModelFile model = ModelFile.open(temp.resolve("model.gguf"))) {
            assertEquals("{{ x }}", model.chatTemplate().orElseThrow());
        }
    }

    @ParameterizedTest
    @EnumSource(Dtype.class)
    void everyFormatComesBackToTheBit(Dtype dtype) throws IOException {
        for (ModelConfig config : List.of(families().toList().get(1), families().toList().getLast())) {
            Weights weights = random(config).as(dtype);
            assertSame(weights, roundTrip(weights, NOTHING));
        }
    }

    @Test
    void rowsAreThoseOfTheWholeTensor() throws IOException {
        Weights weights = random(families().skip(1).findFirst().orElseThrow()).as(Dtype.Q4_K);
        Path file = temp.resolve("model.gguf");
        GgufWriter.write(file, ModelSource.of(weights), NOTHING);
        try (ModelFile model = ModelFile.open(file)) {
            for (Tensor tensor : weights.tensors()) {
                float[] all = expanded(tensor);
                int from = tensor.rows() / 3;
                int count = Math.min(2, tensor.rows() - from);
                float[] some = new float[count * tensor.cols()];
                model.rows(tensor).read(some, from, count);
                assertArrayEquals(Arrays.copyOfRange(all, from * tensor.cols(), (from + count) * tensor.cols()), some, tensor.name());
            }
        }
    }

    @Test
    void llama3ScalingBecomesFactors() throws IOException {
        Weights weights = random(config(new Positions.Rotary(500_000, false, new Positions.Llama3Scaling(8, 1, 4, 32)), Biases.NONE, false, true, 0));
        Positions.Rotary back = (Positions.Rotary) roundTrip(weights, NOTHING).config().positions();
        List<Float> factors = ((Positions.FrequencyFactors) back.scaling()).factors();
        assertEquals(1, factors.getFirst());
        assertEquals(8, factors.getLast());
    }

    @Test
    void adjacentPairsAreWrittenAsTheyAreAndReadAsHalves() throws IOException {
        Weights halves = random(config(new Positions.Rotary(10_000, false, null), Biases.NONE, false, true, 0));
        Weights pairs = random(config(new Positions.Rotary(10_000, true, null), Biases.NONE, false, true, 0));
        for (int i = 0; i < 2; i++) {
            for (boolean query : List.of(true, false)) {
                float[] from = (query ? halves.layers.get(i).wq : halves.layers.get(i).wk).data();
                float[] to = (query ? pairs.layers.get(i).wq : pairs.layers.get(i).wk).data();
                for (int row = 0; row < to.length / 256; row++) {
                    System.arraycopy(from, AdjacentPairs.ourRow(row, 64) * 256, to, row * 256, 256);
                }
            }
        }
        assertSame(halves, roundTrip(pairs, NOTHING));
    }

    @Test
    void booksLlamaIsTheSameModelInItsOwnFormat() throws IOException {
        Path folder = Shared.path("models/books-llama");
        Path file = temp.resolve("books.gguf");
        try (ModelFile model = ModelFile.open(folder)) {
            GgufWriter.write(file, model, NOTHING);
        }
        assertSame(ModelLoader.loadStored(folder), ModelLoader.loadStored(file));
    }

    @Test
    void goldenModelsAreTheSame() throws IOException {
        for (String name : List.of("llama", "llama-mha-tied-bf16-sharded", "llama-wide-head", "llama3-rope", "mistral-window", "qwen2", "qwen3", "gpt2")) {
            Path folder = Shared.path("golden/hf/" + name);
            Path file = temp.resolve(name + ".gguf");
            try (ModelFile model = ModelFile.open(folder)) {
                GgufWriter.write(file, model, NOTHING);
            }
            assertSame(ModelLoader.load(folder), ModelLoader.load(file));
        }
    }

    /** The file of a small Llama with its pairs changed. */
    private Path changed(UnaryOperator<GgufMetadata.Builder> change) throws IOException {
        Path file = temp.resolve("small.gguf");
        GgufWriter.write(file, ModelSource.of(random(ModelConfig.llama(9, 32, 1, 2, 1, 32, 64))), NOTHING);
        byte[] bytes = Files.readAllBytes(file);
        try (Gguf gguf = Gguf.open(file)) {
            GgufMetadata.Builder builder = new GgufMetadata.Builder();
            gguf.metadata().keys().forEach(key -> builder.copy(gguf.metadata(), key));
            GgufBytes header = new GgufBytes().bytes(GgufHeader.MAGIC).int32(3).int64(gguf.tensors().size()).pairs(change.apply(builder).build());
            long data = gguf.tensors().values().iterator().next().offset();
            gguf.tensors().forEach((name, tensor) -> {
                header.text(name).int32(tensor.shape().length);
                for (int i = tensor.shape().length - 1; i >= 0; i--) {
                    header.int64(tensor.shape()[i]);
                }
                header.int32(tensor.typeId()).int64(tensor.offset() - data);
            });
            return Files.write(file, Malformed.join(header.padded(32), Arrays.copyOfRange(bytes, (int) data, bytes.length)));
        }
    }

    @Test
    void whatIsNotSupportedIsNamed() throws IOException {
        Map<String, UnaryOperator<GgufMetadata.Builder>> cases = new LinkedHashMap<>();
        cases.put("general.architecture \"mamba\"", b -> b.string("general.architecture", "mamba"));
        cases.put("general.type \"adapter\"", b -> b.string("general.type", "adapter"));
        cases.put("is one of 3 files", b -> b.integer("split.count", 3));
        cases.put("\"llama.expert_count\" is UINT32 8", b -> b.integer("llama.expert_count", 8));
        cases.put("\"llama.final_logit_softcapping\" is FLOAT32 30.0", b -> b.real("llama.final_logit_softcapping", 30));
        cases.put("\"llama.attention.sliding_window_pattern\"", b -> b.integer("llama.attention.sliding_window_pattern", 6));
        cases.put("\"llama.rope.scaling.attn_factor\"", b -> b.real("llama.rope.scaling.attn_factor", 1));
        cases.put("\"llama.rope.scaling.type\" yarn", b -> b.string("llama.rope.scaling.type", "yarn").real("llama.rope.scaling.factor", 4));
        cases.put("\"llama.rope.scaling.type\" linear with a factor of 4.0", b -> b.real("llama.rope.scaling.factor", 4));
        cases.put("\"llama.rope.dimension_count\" is 8 where heads are 16 wide", b -> b.integer("llama.rope.dimension_count", 8));
        cases.put("\"llama.attention.value_length\" is 8", b -> b.integer("llama.attention.value_length", 8));
        cases.put("\"llama.attention.causal\" false", b -> b.flag("llama.attention.causal", false));
        cases.put("a value for each layer", b -> b.ints("llama.attention.head_count", 2));
        for (Map.Entry<String, UnaryOperator<GgufMetadata.Builder>> entry : cases.entrySet()) {
            Path file = changed(entry.getValue());
            String message = assertThrows(UnsupportedModelException.class, () -> ModelFile.open(file), entry.getKey()).getMessage();
            assertTrue(message.contains(entry.getKey()), message);
        }
        ModelFile.open(changed(b -> b.integer("llama.expert_count", 0).string("llama.rope.scaling.type", "none").real("llama.rope.scaling.factor", 4)
                .real("llama.attention.scale", 0))).close();
    }

    @Test
    void pairsThatDoNotFitTheTensorsAreRefused() throws IOException {
        Map<String, UnaryOperator<GgufMetadata.Builder>> cases = new LinkedHashMap<>();
        cases.put("missing: blk.1.attn_norm.weight, blk.1.attn_q.weight", b -> b.integer("llama.block_count", 2));
        cases.put("\"llama.block_count\" is 1000000000, and there are 12 tensors", b -> b.integer("llama.block_count", 1_000_000_000));
        cases.put("nLayers = 0", b -> b.integer("llama.block_count", 0));
        cases.put("ffn_gate.weight [32, 32] F32 should be [64, 32]", b -> b.integer("llama.feed_forward_length", 64));
        cases.put("nHeads = 0", b -> b.integer("llama.attention.head_count", 0));
        cases.put("\"llama.vocab_size\" is 10", b -> b.integer("llama.vocab_size", 10));
        cases.put("not expected: blk.0.attn_q.weight", b -> b.string("general.architecture", "gpt2").integer("gpt2.embedding_length", 32).integer("gpt2.block_count", 1)
                .integer("gpt2.attention.head_count", 2).integer("gpt2.feed_forward_length", 32).integer("gpt2.context_length", 64).real("gpt2.attention.layer_norm_epsilon", 1));
        cases.put("\"nats.role_windows\" without", b -> b.ints("nats.role_windows", 4));
        cases.put("has 2 numbers and should have 96", b -> b.ints("nats.role_windows", 4).floats("nats.role_scorers", 1, 2));
        cases.put("windows [4, 4]", b -> b.ints("nats.role_windows", 4, 4).floats("nats.role_scorers", 1, 2));
        cases.put("\"nats.sinks\" without", b -> b.integer("nats.sinks", 4));
        cases.put("must be 1 x 3 flags, 0 or 1; there are 2 numbers", b -> b.ints("nats.role_windows", 4).ints("nats.allowed_roles", 1, 1));
        cases.put("must be 1 x 3 flags, 0 or 1; there are 3 numbers", b -> b.ints("nats.role_windows", 4).ints("nats.allowed_roles", 1, 2, 1));
        cases.put("layer 0 would have no role", b -> b.ints("nats.role_windows", 4).ints("nats.allowed_roles", 0, 0, 0));
        cases.put("theta = -1.0", b -> b.real("llama.rope.freq_base", -1));
        cases.put("\"llama.context_length\" is the text \"long\"", b -> b.string("llama.context_length", "long"));
        for (Map.Entry<String, UnaryOperator<GgufMetadata.Builder>> entry : cases.entrySet()) {
            Path file = changed(entry.getValue());
            String message = assertThrows(ModelFormatException.class, () -> ModelFile.open(file), entry.getKey()).getMessage();
            assertTrue(message.contains(entry.getKey()), message + " <> " + entry.getKey());
        }
    }

    @Test
    void tensorsOfOtherTypesAreNamedAndAVocabularyIsNoModel() throws IOException {
        Path file = changed(b -> b);
        byte[] bytes = Files.readAllBytes(file);
        try (Gguf gguf = Gguf.open(file)) {
            long end = gguf.tensor("token_embd.weight").offset();
            for (int i = 0; i < end - 40; i++) { // the first tensor's type: behind its name, rank and two dimensions
                if (new String(bytes, i, 17).equals("token_embd.weight")) {
                    bytes[i + 17 + 4 + 16] = 26;
                }
            }
        }
        Files.write(file, bytes);
        String message = assertThrows(UnsupportedModelException.class, () -> ModelFile.open(file)).getMessage();
        assertTrue(message.contains("token_embd.weight [9, 32] I32") && message.contains("Q4_K"), message);
        Path vocabulary = Shared.path("tokenizers/gguf-vocab/ggml-vocab-llama-spm.gguf");
        assertTrue(assertThrows(ModelFormatException.class, () -> ModelFile.open(vocabulary)).getMessage().contains("has no tensors"));
    }
}
