package org.neuralattention.golden;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.neuralattention.golden.Errors.assertClose;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.neuralattention.generate.Generator;
import org.neuralattention.generate.Request;
import org.neuralattention.generate.Session;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.SafeTensors;
import org.neuralattention.io.TensorLayout;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.testing.Vectors;

/** The eight models saved by transformers: logits, loss, the gradient of every tensor, greedy tokens. */
@Tag("widths")
class HfGoldenTest {

    private final Team team = Team.of(2);

    @AfterEach
    void close() {
        team.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "llama-mha-tied-bf16-sharded", "llama-wide-head", "llama3-rope", "mistral-window", "qwen2", "qwen3", "gpt2"})
    void logitsLossAndEveryGradientAreThoseOfTransformers(String name) throws IOException {
        Path directory = Vectors.path("hf").resolve(name);
        Transformer transformer = new Transformer(ModelLoader.load(directory), team);
        ModelConfig c = transformer.config();
        try (SafeTensors expected = SafeTensors.open(directory.resolve("expected.safetensors"))) {
            int[] ids = expected.readInts("input_ids");
            int batch = 2;
            int seqLen = ids.length / batch;
            int[] targets = new int[ids.length];
            for (int i = 0; i < ids.length; i++) {
                targets[i] = i % seqLen == seqLen - 1 ? -1 : ids[i + 1];
            }
            Activations s = new Activations(c, batch, seqLen, Activations.Keep.ALL);
            double loss = transformer.forward(s, ids, 0, targets, 0, RoleChoice.FULL);
            assertEquals(expected.readDoubles("loss")[0], loss, 1e-5, "loss");
            float[] logits = new float[ids.length * c.vocabSize()];
            transformer.logits(logits, 0, s, 0, ids.length);
            assertClose("logits", 1e-5, expected.readDoubles("logits"), logits);

            Weights gradients = new Weights(c);
            transformer.backward(gradients, s, ids, 0, targets, 0, RoleChoice.FULL, 1f / (batch * (seqLen - 1)), 0);
            for (Tensor gradient : TensorLayout.export(gradients)) {
                assertClose("gradient of " + gradient.name(), 1e-4, expected.readDoubles("grad." + gradient.name()), gradient.data());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "llama-mha-tied-bf16-sharded", "llama-wide-head", "llama3-rope", "mistral-window", "qwen2", "qwen3", "gpt2"})
    void greedyTokensAreThoseOfTransformers(String name) throws IOException {
        Path directory = Vectors.path("hf").resolve(name);
        Transformer transformer = new Transformer(ModelLoader.load(directory), team);
        try (SafeTensors expected = SafeTensors.open(directory.resolve("expected.safetensors"))) {
            int[] greedy = expected.readInts("greedy_from_8");
            int[] tokens = new Generator(new Session(transformer)).generate(Arrays.copyOf(greedy, 8), Request.of(greedy.length - 8), token -> {}).ids();
            assertArrayEquals(Arrays.copyOfRange(greedy, 8, greedy.length), tokens);
        }
    }
}
