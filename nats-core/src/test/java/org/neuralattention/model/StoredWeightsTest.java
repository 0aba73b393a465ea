package org.neuralattention.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.generate.Session;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.testing.Shared;
import org.neuralattention.train.TrainConfig;
import org.neuralattention.train.Trainer;

/** Models whose matrices are stored as another format than float32. */
@Tag("widths")
class StoredWeightsTest {

    @Test
    void aModelComputesWithStoredWeightsWhatItComputesWithTheExpandedOnes() throws IOException {
        for (String name : new String[] {"golden/hf/llama", "golden/hf/gpt2", "golden/hf/qwen3"}) {
            Weights weights = ModelLoader.load(Shared.path(name));
            for (Dtype dtype : Dtype.values()) {
                Weights stored = weights.as(dtype);
                assertResultsEqual(expanded(stored), stored, name + " as " + dtype);
            }
        }
    }

    /** Whole sequences, pieces of a prompt, one token at a time, and the loss. */
    private static void assertResultsEqual(Weights expected, Weights actual, String what) {
        ModelConfig c = expected.config();
        int[] ids = new int[40];
        Arrays.setAll(ids, i -> i * i % c.vocabSize());
        try (Team team = Team.of(2)) {
            Transformer one = new Transformer(expected, team);
            Transformer other = new Transformer(actual, team);
            Activations s = new Activations(c, 2, 20, Activations.Keep.NOTHING);
            float[] logits = new float[40 * c.vocabSize()];
            float[] same = logits.clone();
            double loss = one.forward(s, ids, 0, ids, 0, RoleChoice.FULL);
            one.logits(logits, 0, s, 0, 40);
            assertEquals(loss, other.forward(s, ids, 0, ids, 0, RoleChoice.FULL), what);
            other.logits(same, 0, s, 0, 40);
            assertArrayEquals(logits, same, what);
            Session session = new Session(one);
            Session second = new Session(other);
            session.prefill(ids, 0, 37);
            second.prefill(ids, 0, 37);
            assertArrayEquals(session.logits(), second.logits(), what);
            session.decode(3);
            second.decode(3);
            assertArrayEquals(session.logits(), second.logits(), what);
        }
    }

    private static Weights expanded(Weights stored) {
        Weights weights = new Weights(stored.config());
        for (Tensor tensor : weights.tensors()) {
            WeightMatrix from = stored.tensor(tensor.name()).matrix();
            from.expand(tensor.data(), 0, 0, from.rows());
        }
        return weights;
    }

    @Test
    void loadingInAFormatIsLoadingAndConverting() throws IOException {
        for (String name : new String[] {"golden/hf/llama", "golden/hf/gpt2", "golden/hf/llama-mha-tied-bf16-sharded"}) {
            Weights weights = ModelLoader.load(Shared.path(name));
            for (Dtype dtype : Dtype.values()) {
                Weights expected = expanded(weights.as(dtype));
                Weights stored = ModelLoader.load(Shared.path(name), dtype);
                Weights actual = expanded(stored);
                for (Tensor tensor : expected.tensors()) {
                    assertArrayEquals(tensor.data(), actual.tensor(tensor.name()).data(), name + " " + tensor.name() + " as " + dtype);
                }
                long bytes = stored.tensors().stream().mapToLong(t -> t.matrix().bytes()).sum();
                assertEquals(bytes, Weights.bytes(stored.config(), dtype));
            }
        }
    }

    @Test
    void aBfloat16FileIsKeptToTheBit() throws IOException {
        Path bf16 = Shared.path("golden/hf/llama-mha-tied-bf16-sharded");
        assertTrue(ModelLoader.loadStored(Shared.path("golden/hf/llama")).trainable());
        Weights stored = ModelLoader.loadStored(bf16);
        assertEquals(Dtype.BF16, stored.embedding.dtype());
        assertSame(stored.embedding, stored.head);
        assertResultsEqual(ModelLoader.load(bf16), stored, "bf16");
    }

    @Test
    void normsAndScorersStayFloat32AndAreShared() throws IOException {
        Weights weights = ModelLoader.load(Shared.path("golden/nats-llama"));
        Weights stored = weights.as(Dtype.BF16);
        assertSame(weights.finalNorm.data(), stored.finalNorm.data());
        assertSame(weights.layers.getFirst().scorer.data(), stored.layers.getFirst().scorer.data());
        assertEquals(Dtype.BF16, stored.layers.getFirst().wq.dtype());
    }

    @Test
    void storedWeightsAreNeitherTrainedNorWritten(@TempDir Path directory) throws IOException {
        Weights stored = ModelLoader.load(Shared.path("golden/hf/llama")).as(Dtype.Q8_0);
        TrainConfig config = TrainConfig.of(1, 8, 1, 1e-3);
        String message = assertThrows(IllegalArgumentException.class, () -> new Trainer(stored, config, Team.serial())).getMessage();
        assertTrue(message.contains("Q8") && message.contains("F32"), message);
        message = assertThrows(IllegalStateException.class, () -> stored.embedding.data()).getMessage();
        assertTrue(message.contains("model.embed_tokens.weight") && message.contains("Q8"), message);
        assertThrows(IllegalArgumentException.class, () -> ModelWriter.save(directory.resolve("model"), stored));
    }

    @Test
    void rowsThatAreNotWholeBlocksHaveAFormatThatHoldsThem() throws IOException {
        Weights weights = ModelLoader.load(Shared.path("models/books-llama"), Dtype.Q4_0); // dim 256, ffn 688
        assertEquals(Dtype.BF16, weights.layers.getFirst().wDown.dtype());
        assertEquals(Dtype.Q4_0, weights.layers.getFirst().wUp.dtype());
        ModelConfig config = weights.config();
        for (Dtype dtype : new Dtype[] {Dtype.Q6_K, Dtype.Q4_K}) {
            Weights description = Weights.describe(config);
            assertEquals(Dtype.BF16, description.stored(description.layers.getFirst().wDown, dtype));
            assertEquals(dtype, description.stored(description.layers.getFirst().wUp, dtype));
            Weights narrow = ModelLoader.load(Shared.path("golden/hf/llama"), dtype);
            for (Tensor tensor : narrow.tensors()) {
                int cols = tensor.shape().length < 2 ? 1 : tensor.dim(1);
                assertEquals(cols == 1 ? Dtype.F32 : cols % 32 == 0 ? Dtype.Q8_0 : Dtype.BF16, tensor.dtype(), tensor.name());
            }
        }
    }
}
