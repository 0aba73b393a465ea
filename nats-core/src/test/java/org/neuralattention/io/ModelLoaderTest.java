package org.neuralattention.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Activation;
import org.neuralattention.model.ModelConfig.Biases;
import org.neuralattention.model.ModelConfig.Norm;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleSpace;

class ModelLoaderTest {

    private static final ModelConfig LLAMA = ModelConfig.llama(16, 8, 2, 2, 1, 12, 32);
    private static final ModelConfig GPT2 = new ModelConfig(16, 8, 2, 2, 2, 4, 12, 32, Norm.LAYER, 1e-5f, new Positions.Learned(),
            Activation.GELU_TANH, new Biases(true, true, true), false, true, 0, RoleSpace.NONE);

    @TempDir
    Path temp;

    @AfterEach
    void noFailures() {
        Failures.none();
    }

    private static Weights random(ModelConfig config, int seed) {
        Weights weights = new Weights(config);
        Random random = new Random(seed);
        for (Tensor tensor : weights.tensors()) {
            for (int i = 0; i < tensor.size(); i++) {
                tensor.data()[i] = random.nextFloat() - 0.5f;
            }
        }
        return weights;
    }

    private static void assertSame(Weights expected, Weights actual) {
        assertEquals(expected.config(), actual.config());
        for (int i = 0; i < expected.tensors().size(); i++) {
            assertArrayEquals(expected.tensors().get(i).data(), actual.tensors().get(i).data(), expected.tensors().get(i).name());
        }
    }

    /** A directory whose model file holds these tensors. */
    private void save(ModelConfig config, List<Tensor> tensors) throws IOException {
        Files.writeString(temp.resolve("config.json"), HfConfigWriter.text(config));
        SafeTensors.write(temp.resolve("model.safetensors"), Map.of(), tensors);
    }

    private String refused() {
        String message = assertThrows(ModelFormatException.class, () -> ModelLoader.load(temp)).getMessage();
        assertTrue(message.startsWith(temp.toString()), message);
        return message;
    }

    @Test
    void scorersAndOwnRotationsAreKept() throws IOException {
        ModelConfig adjacent = new ModelConfig(16, 8, 2, 2, 1, 8, 12, 32, Norm.RMS, 1e-5f, new Positions.Rotary(10_000, true, null),
                Activation.SWIGLU, Biases.NONE, false, true, 0, RoleSpace.NONE);
        int n = 0;
        for (ModelConfig config : List.of(LLAMA.withRoleWindows(2, 8), GPT2.withRoleWindows(4), GPT2.withTiedHead(false), adjacent)) {
            Path directory = temp.resolve("new/" + n);
            Weights weights = random(config, n++);
            ModelWriter.save(directory, weights);
            assertSame(weights, ModelLoader.load(directory));
        }
        try (SafeTensors tensors = SafeTensors.open(temp.resolve("new/0/model.safetensors"))) {
            assertArrayEquals(new long[] {4, 8}, tensors.shape("model.layers.1.self_attn.role_scorer.weight"));
        }
    }

    @Test
    void everyTensorThatDoesNotFitIsNamed() throws IOException {
        List<Tensor> tensors = new ArrayList<>(TensorLayout.export(random(LLAMA, 1)));
        tensors.removeIf(t -> t.name().contains("1.mlp.up_proj") || t.name().contains("0.mlp.gate_proj"));
        tensors.replaceAll(t -> t.name().equals("model.norm.weight") ? Tensor.wrap(t.name(), new float[9], 9) : t);
        tensors.add(Tensor.wrap("model.layers.0.self_attn.q_proj.bias", new float[8], 8));
        tensors.add(Tensor.wrap("model.layers.2.mlp.up_proj.weight", new float[8], 8));
        save(LLAMA, tensors);
        String message = refused();
        for (String part : List.of("missing: model.layers.0.mlp.gate_proj.weight, model.layers.1.mlp.up_proj.weight",
                "not expected: model.layers.0.self_attn.q_proj.bias, model.layers.2.mlp.up_proj.weight",
                "wrong: model.norm.weight is [9] and should be [8]")) {
            assertTrue(message.contains(part), message);
        }
    }

    @Test
    void scorersOfAModelWithoutRolesAreNotIgnored() throws IOException {
        save(LLAMA, TensorLayout.export(random(LLAMA.withRoleWindows(4), 1)));
        assertTrue(refused().contains("not expected: model.layers.0.self_attn.role_scorer.weight, model.layers.1.self_attn.role_scorer.weight"));
        save(LLAMA.withRoleWindows(4), TensorLayout.export(random(LLAMA, 1)));
        assertTrue(refused().contains("missing: model.layers.0.self_attn.role_scorer.weight"));
    }

    @Test
    void harmlessExtrasAreSkippedAndGpt2NeedsNoPrefix() throws IOException {
        Weights llama = random(LLAMA, 1);
        List<Tensor> tensors = new ArrayList<>(TensorLayout.export(llama));
        tensors.add(Tensor.wrap("model.layers.0.self_attn.rotary_emb.inv_freq", new float[2], 2));
        save(LLAMA, tensors);
        assertSame(llama, ModelLoader.load(temp));

        Weights gpt2 = random(GPT2, 2);
        tensors = new ArrayList<>();
        for (Tensor tensor : TensorLayout.export(gpt2)) {
            tensors.add(Tensor.wrap(tensor.name().substring("transformer.".length()), tensor.data(), tensor.shape()));
        }
        tensors.add(Tensor.wrap("h.0.attn.bias", new float[16], 1, 1, 4, 4));
        tensors.add(Tensor.wrap("h.1.attn.masked_bias", new float[1]));
        save(GPT2, tensors);
        assertSame(gpt2, ModelLoader.load(temp));
    }

    @Test
    void aStoredHeadOfATiedModelMustBeTheEmbedding() throws IOException {
        ModelConfig tied = LLAMA.withTiedHead(true);
        Weights weights = random(tied, 1);
        List<Tensor> tensors = new ArrayList<>(TensorLayout.export(weights));
        float[] head = weights.embedding.data().clone();
        tensors.add(Tensor.wrap("lm_head.weight", head, 16, 8));
        save(tied, tensors);
        assertSame(weights, ModelLoader.load(temp));
        head[17] = Math.nextUp(head[17]);
        save(tied, tensors);
        assertTrue(refused().contains("lm_head.weight differs from the embedding"));
    }

    @Test
    void sizesInConfigTakeNoMemoryBeforeTheFilesAreSeen() throws IOException {
        save(LLAMA, TensorLayout.export(random(LLAMA, 1)));
        String config = HfConfigWriter.text(LLAMA);
        for (String change : List.of("\"num_hidden_layers\" : 2>\"num_hidden_layers\" : 2147483647", "\"vocab_size\" : 16>\"vocab_size\" : 2147483647",
                "\"vocab_size\" : 16>\"vocab_size\" : 200000000", "\"intermediate_size\" : 12>\"intermediate_size\" : 2147483647",
                "\"num_attention_heads\" : 2>\"num_attention_heads\" : 100000000")) {
            String[] fromTo = change.split(">");
            assertTrue(config.contains(fromTo[0]), config);
            Files.writeString(temp.resolve("config.json"), config.replace(fromTo[0], fromTo[1]));
            refused();
        }
    }

    @Test
    void aDirectoryThatIsNoModelSaysSo() throws IOException {
        assertTrue(refused().contains("no config.json"));
        Files.writeString(temp.resolve("config.json"), HfConfigWriter.text(LLAMA));
        assertTrue(refused().contains("neither model.safetensors nor"));
        assertThrows(ModelFormatException.class, () -> ModelLoader.load(temp.resolve("absent")));
    }

    @Test
    void changedOrCutConfigurationsRaiseNothingButOurException() throws IOException {
        save(LLAMA, TensorLayout.export(random(LLAMA, 1)));
        byte[] config = Files.readAllBytes(temp.resolve("config.json"));
        for (int n = 0; n < config.length - 1; n++) {
            Files.write(temp.resolve("config.json"), Arrays.copyOf(config, n));
            if (n < config.length - 2) {
                refused();
            }
        }
        for (int seed = 0; seed < 3000; seed++) {
            Random random = new Random(seed);
            byte[] changed = config.clone();
            for (int i = random.nextInt(3); i >= 0; i--) {
                changed[random.nextInt(changed.length)] = (byte) (random.nextBoolean() ? random.nextInt(256) : "{}[]\",:0123456789-.e ".charAt(random.nextInt(21)));
            }
            Files.write(temp.resolve("config.json"), changed);
            try {
                ModelLoader.load(temp);
            } catch (ModelFormatException expected) {
                // one of the two outcomes a file may have
            } catch (Throwable other) {
                throw new AssertionError("seed " + seed, other);
            }
        }
    }

    @Test
    void theOldModelSurvivesAFailureOfEveryStepOfSaving() throws IOException {
        Weights old = random(LLAMA, 1);
        Weights next = random(LLAMA, 2);
        ModelWriter.save(temp, old);
        int step = 0;
        for (boolean saved = false; !saved; step++) {
            Failures.atStep(step);
            try {
                ModelWriter.save(temp, next);
                saved = true;
            } catch (IOException planted) {
                // Only the last step, forcing the directory, comes after the rename.
                Weights left = ModelLoader.load(temp);
                assertSame(left.embedding.data()[0] == old.embedding.data()[0] ? old : next, left);
            }
        }
        assertTrue(step > LLAMA.nLayers() * 9, step + " steps failed in turn");
        assertSame(next, ModelLoader.load(temp));
    }

    @Test
    void aNewModelIsThereWholeOrNotAtAll() throws IOException {
        Weights weights = random(LLAMA, 1);
        for (int step = 0;; step++) {
            Path directory = temp.resolve("step" + step);
            Failures.atStep(step);
            try {
                ModelWriter.save(directory, weights);
                assertTrue(step > LLAMA.nLayers() * 9);
                assertSame(weights, ModelLoader.load(directory));
                return;
            } catch (IOException planted) {
                Failures.none();
                if (Files.exists(directory.resolve("config.json"))) {
                    assertSame(weights, ModelLoader.load(directory));
                } else {
                    assertThrows(ModelFormatException.class, () -> ModelLoader.load(directory));
                }
                ModelWriter.save(directory, weights);
                assertSame(weights, ModelLoader.load(directory));
            }
        }
    }

    @Test
    void anotherModelIsNotOverwritten() throws IOException {
        Weights old = random(LLAMA, 1);
        ModelWriter.save(temp, old);
        assertThrows(FileAlreadyExistsException.class, () -> ModelWriter.save(temp, random(LLAMA.withRoleWindows(4), 2)));
        assertSame(old, ModelLoader.load(temp));
        assertFalse(Files.exists(temp.resolve("model.safetensors.nats-tmp")));
    }

    /** Weights in memory of which all tensors of these names cannot be read. */
    private record Broken(ModelSource source, List<String> names) implements ModelSource {
        @Override
        public ModelConfig config() {
            return source.config();
        }

        @Override
        public Dtype dtype(Tensor tensor) {
            return source.dtype(tensor);
        }

        @Override
        public WeightMatrix read(Tensor tensor) throws IOException {
            if (names.contains(tensor.name())) {
                throw new ModelFormatException(Path.of("file"), tensor.name());
            }
            return source.read(tensor);
        }

        @Override
        public WeightMatrix.Source<IOException> rows(Tensor tensor) throws IOException {
            return source.rows(tensor);
        }
    }

    @Test
    void ofSeveralTensorsThatCannotBeReadTheSameIsNamedAlways() {
        ModelSource source = new Broken(ModelSource.of(random(LLAMA, 1)),
                List.of("model.norm.weight", "model.layers.1.mlp.up_proj.weight", "model.layers.1.mlp.down_proj.weight", "model.layers.0.mlp.up_proj.weight"));
        for (int i = 0; i < 200; i++) {
            ModelFormatException refused = assertThrows(ModelFormatException.class, () -> ModelLoader.load(temp, source));
            assertTrue(refused.getMessage().contains("model.layers.0.mlp.up_proj.weight"), refused.getMessage());
        }
    }

    @Test
    void anInterruptEndsLoadingAsSuch() throws IOException {
        save(LLAMA, TensorLayout.export(random(LLAMA, 1)));
        int ended = 0;
        for (int i = 0; i < 200; i++) {
            try (ModelFile file = ModelFile.open(temp)) {
                Thread.currentThread().interrupt();
                ModelLoader.load(temp, file); // another thread may have read all before this one was at it
            } catch (ClosedByInterruptException expected) {
                ended++;
            }
            assertTrue(Thread.interrupted());
        }
        assertTrue(ended > 100, ended + " of 200 ended");
    }
}
