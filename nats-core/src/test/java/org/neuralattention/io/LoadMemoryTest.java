package org.neuralattention.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/** A model is never in memory twice: it loads in a heap a quarter larger than it is. */
class LoadMemoryTest {

    private static final ModelConfig CONFIG = ModelConfig.llama(16_384, 1024, 3, 8, 4, 4096, 512).withTiedHead(true);

    @TempDir
    Path temp;

    /** Weights of one value, made when they are asked for. */
    private record Constant(ModelConfig config) implements ModelSource {
        @Override
        public Dtype dtype(Tensor tensor) {
            return Dtype.F32;
        }

        @Override
        public WeightMatrix read(Tensor tensor) throws IOException {
            return WeightMatrix.read(Dtype.F32, tensor.rows(), tensor.cols(), rows(tensor));
        }

        @Override
        public WeightMatrix.Source<IOException> rows(Tensor tensor) {
            return (out, from, count) -> Arrays.fill(out, 0, count * tensor.cols(), 0.5f);
        }
    }

    /** What the child runs. */
    public static void main(String[] args) throws IOException {
        System.out.println(ModelLoader.loadStored(Path.of(args[0])).tensors().size());
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "Q8_0", "Q4_0"})
    void aGgufLoadsInAHeapAQuarterLargerThanItIs(Dtype dtype) throws Exception {
        Path file = temp.resolve("model.gguf");
        GgufWriter.write(file, new Constant(CONFIG).as(dtype), new GgufMetadata.Builder().build());
        loads(file, Files.size(file));
    }

    @Test
    void aFolderLoadsInAHeapAQuarterLargerThanItIs() throws Exception {
        ModelWriter.save(temp, new Constant(CONFIG).as(Dtype.BF16));
        loads(temp, Files.size(temp.resolve("model.safetensors")));
    }

    private static void loads(Path model, long bytes) throws Exception {
        String classes = System.getProperty("java.class.path") + File.pathSeparator + System.getProperty("jdk.module.path", ""); // of this JVM's test run
        long megabytes = 1 + bytes * 5 / 4 >> 20;
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx" + megabytes + "m",
                "-XX:+UseSerialGC", "-XX:PretenureSizeThreshold=256k", "-Xmn4m", "-cp", classes, LoadMemoryTest.class.getName(), model.toString()));
        Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(child.waitFor(60, TimeUnit.SECONDS), said);
        assertEquals(0, child.exitValue(), said);
        assertTrue(said.contains(Integer.toString(Weights.describe(CONFIG).tensors().size())), said);
    }
}
