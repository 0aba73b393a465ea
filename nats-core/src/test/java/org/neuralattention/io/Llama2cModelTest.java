package org.neuralattention.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.testing.Shared;
import org.neuralattention.train.Evaluation;

class Llama2cModelTest {

    private static final ModelConfig SMALL = ModelConfig.llama(10, 8, 2, 2, 1, 12, 6);

    @TempDir
    private Path temp;

    private static Weights random(ModelConfig config) {
        Weights weights = new Weights(config);
        Random random = new Random(7);
        for (Tensor tensor : weights.tensors()) {
            for (int i = 0; i < tensor.size(); i++) {
                tensor.data()[i] = (float) random.nextGaussian() / 8;
            }
        }
        return weights;
    }

    private Path written(ModelSource source, int version) throws IOException {
        Path file = temp.resolve("v" + version + ".bin");
        Llama2cWriter.write(file, source, version);
        return file;
    }

    private static void assertSame(Weights expected, Weights actual) {
        assertEquals(expected.config(), actual.config());
        for (Tensor tensor : expected.tensors()) {
            assertArrayEquals(tensor.data(), actual.tensor(tensor.name()).data(), tensor.name());
        }
    }

    /** Mean loss of the text that the float file continues greedily. */
    private static double nll(Weights weights, Team team) throws IOException {
        int[] ids = JsonObject.read(Shared.path("models/stories260K/expected-f64.json")).ints("ids").stream().mapToInt(i -> i).toArray();
        return new Evaluation(new Transformer(weights, team), ids, 256, 1, 1).run(RoleChoice.FULL).nll();
    }

    @Test
    void theFloatFileReadsItsOwnGreedyTextAndEightBitsAreWithinTwoPercent() throws IOException {
        try (Team team = Team.of(2)) {
            double expected = nll(ModelLoader.load(Shared.path("models/stories260K/stories260K.bin")), team);
            assertTrue(expected < 0.5, "its own text: " + expected);
            double eight = nll(ModelLoader.load(Shared.path("models/stories260K/stories260K-q8.bin")), team);
            assertEquals(expected, eight, 0.02 * expected);
            Path groups = temp.resolve("groups32.bin"); // as blocks with float16 scales, where rows allow it
            try (ModelFile file = ModelFile.open(Shared.path("models/stories260K/stories260K.bin"))) {
                Llama2cWriter.write(groups, file, 2, 32);
            }
            Weights exact = ModelLoader.load(groups);
            Weights blocks = ModelLoader.loadStored(groups);
            assertEquals(Dtype.Q8_0, blocks.layers.getFirst().wq.dtype());
            assertEquals(Dtype.F32, blocks.layers.getFirst().wDown.dtype(), "rows of 172");
            assertEquals(nll(exact, team), nll(blocks, team), 1e-3 * expected);
        }
    }

    @Test
    void theFilesOfTheProgramAreWrittenToTheBit() throws IOException {
        Path path = Shared.path("models/stories260K/stories260K.bin");
        byte[] original = Files.readAllBytes(path);
        try (ModelFile file = ModelFile.open(path)) {
            byte[] again = Files.readAllBytes(written(file, 0));
            int rotation = 512 * 8 * 4; // cosines and sines may differ in the last digit, and nobody reads them
            assertArrayEquals(Arrays.copyOf(original, original.length - rotation), Arrays.copyOf(again, original.length - rotation));
            assertEquals(original.length, again.length);
            Llama2cWriter.write(temp.resolve("v2.bin"), file, 2, 8);
            assertArrayEquals(Files.readAllBytes(Shared.path("models/stories260K/stories260K-q8.bin")), Files.readAllBytes(temp.resolve("v2.bin")));
        }
    }

    @Test
    void everyVersionComesBackToTheBit() throws IOException {
        for (ModelConfig config : List.of(SMALL, SMALL.withTiedHead(true))) {
            Weights weights = random(config);
            assertSame(weights, ModelLoader.load(written(ModelSource.of(weights), 0)));
            assertSame(weights, ModelLoader.load(written(ModelSource.of(weights), 1)));
            Path rounded = written(ModelSource.of(weights), 2);
            Weights first = ModelLoader.load(rounded);
            for (Tensor tensor : first.tensors()) {
                assertArrayEquals(weights.tensor(tensor.name()).data(), tensor.data(), 0.005f, tensor.name());
            }
        }
    }

    @Test
    void blocksOfEightBitsComeBackToTheBit() throws IOException {
        Weights weights = random(ModelConfig.llama(40, 64, 2, 4, 2, 96, 8)).as(Dtype.Q8_0);
        Weights again = ModelLoader.loadStored(written(ModelSource.of(weights), 2));
        for (Tensor tensor : weights.tensors()) {
            Tensor actual = again.tensor(tensor.name());
            assertEquals(tensor.dtype(), actual.dtype(), tensor.name());
            float[] a = new float[tensor.size()];
            float[] b = new float[tensor.size()];
            tensor.matrix().expand(a, 0, 0, tensor.rows());
            actual.matrix().expand(b, 0, 0, tensor.rows());
            assertArrayEquals(a, b, tensor.name());
        }
    }

    @Test
    void scalesBehindAllIntegersAreNamed() throws IOException {
        byte[] bytes = Files.readAllBytes(written(ModelSource.of(random(SMALL)), 2));
        Llama2cHeader header = new Llama2cHeader(2, 4, SMALL);
        Llama2cLayout.Entry embedding = Llama2cLayout.of(header, Weights.describe(SMALL)).entries().stream()
                .filter(e -> e.tensor().name().equals("model.embed_tokens.weight")).findFirst().orElseThrow();
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat((int) embedding.begin() + embedding.tensor().size(), -1f);
        Path file = Files.write(temp.resolve("early.bin"), bytes);
        String message = assertThrows(ModelFormatException.class, () -> ModelLoader.load(file)).getMessage();
        assertTrue(message.contains("scale of -1.0") && message.contains("export.py"), message);
    }

    @Test
    void whatTheFormatCannotExpressIsSaid() throws IOException {
        Path file = temp.resolve("no.bin");
        for (ModelConfig config : List.of(SMALL.withRoleWindows(4), HfConfig.read(Shared.path("golden/hf/qwen2/config.json")),
                HfConfig.read(Shared.path("golden/hf/gpt2/config.json")), HfConfig.read(Shared.path("golden/hf/llama3-rope/config.json")))) {
            String message = assertThrows(IllegalArgumentException.class,
                    () -> Llama2cWriter.write(file, ModelSource.of(new Weights(config)), 0)).getMessage();
            assertTrue(message.startsWith("llama2.c's format cannot express"), message);
        }
        assertTrue(Files.notExists(file));
    }
}
