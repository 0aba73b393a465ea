package org.neuralattention.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;
import org.neuralattention.testing.Shared;

class ModelWriterTest {

    private static final ModelConfig CONFIG = ModelConfig.llama(40, 32, 3, 4, 2, 48, 64).withRoleWindows(4, 16);

    @TempDir
    private Path temp;

    private static Weights random(ModelConfig config) {
        Weights weights = new Weights(config);
        Random random = new Random(11);
        for (Tensor tensor : weights.tensors()) {
            for (int i = 0; i < tensor.size(); i++) {
                tensor.data()[i] = (float) random.nextGaussian();
            }
        }
        return weights;
    }

    private static float[] floats(Tensor tensor) {
        float[] out = new float[tensor.size()];
        tensor.matrix().expand(out, 0, 0, tensor.rows());
        return out;
    }

    private static void assertSame(Weights expected, Weights actual) {
        assertEquals(expected.config(), actual.config());
        for (Tensor tensor : expected.tensors()) {
            assertEquals(tensor.dtype(), actual.tensor(tensor.name()).dtype(), tensor.name());
            assertArrayEquals(floats(tensor), floats(actual.tensor(tensor.name())), tensor.name());
        }
    }

    @Test
    void sixteenBitModelsComeBackToTheBitWithTheirScorers() throws IOException {
        for (Dtype dtype : new Dtype[] {Dtype.BF16, Dtype.F16}) {
            for (ModelConfig config : new ModelConfig[] {CONFIG, HfConfig.read(Shared.path("golden/hf/gpt2/config.json"))}) {
                Weights weights = random(config).as(dtype);
                Path directory = temp.resolve(dtype + "-" + config.dim());
                ModelWriter.save(directory, weights);
                assertSame(weights, ModelLoader.loadStored(directory));
                String type = dtype == Dtype.F16 ? "float16" : "bfloat16";
                assertEquals(type, JsonObject.read(directory.resolve("config.json")).string("dtype"));
            }
        }
    }

    @Test
    void shardsHaveAnIndexAndComeBackToTheBit() throws IOException {
        Weights weights = random(CONFIG);
        ModelWriter.save(temp, ModelSource.of(weights), HfConfigWriter.text(CONFIG), 20_000);
        assertSame(weights, ModelLoader.load(temp));
        JsonObject index = JsonObject.read(temp.resolve("model.safetensors.index.json"));
        assertEquals(4L * CONFIG.parameters(), index.object("metadata").longValue("total_size"));
        try (ShardedTensors shards = ShardedTensors.open(temp)) {
            assertTrue(shards.files().size() > 2);
            for (SafeTensors shard : shards.files()) {
                long bytes = shard.names().stream().mapToLong(shard::bytes).sum();
                assertTrue(bytes <= 20_000, shard.file() + " " + bytes);
                assertEquals(shard.file().getFileName().toString(), index.object("weight_map").string(shard.names().iterator().next()));
            }
        }
    }

    @Test
    void blocksAreRefusedBeforeAnythingIsWritten() throws IOException {
        Path directory = temp.resolve("q8");
        String message = assertThrows(IllegalArgumentException.class, () -> ModelWriter.save(directory, random(CONFIG).as(Dtype.Q8_0))).getMessage();
        assertTrue(message.contains("safetensors cannot express") && message.contains("Q8_0"), message);
        assertTrue(Files.notExists(directory));
    }
}
