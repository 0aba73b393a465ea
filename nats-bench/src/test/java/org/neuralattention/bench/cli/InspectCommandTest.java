package org.neuralattention.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.io.GgufMetadata;
import org.neuralattention.io.GgufWriter;
import org.neuralattention.io.Llama2cWriter;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.ModelSource;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.ByteTokenizer;
import picocli.CommandLine;

class InspectCommandTest {

    @TempDir
    Path temp;
    private Path folder;
    private Weights weights;
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void saveModel() throws IOException {
        weights = random(ModelConfig.llama(256, 32, 2, 4, 2, 64, 512));
        folder = temp.resolve("model");
        ModelWriter.save(folder, weights);
        new ByteTokenizer().save(folder);
    }

    private static Weights random(ModelConfig config) {
        Weights weights = new Weights(config);
        Random random = new Random(5);
        for (Tensor tensor : weights.tensors()) {
            for (int i = 0; i < tensor.size(); i++) {
                tensor.data()[i] = (float) random.nextGaussian();
            }
        }
        return weights;
    }

    private String run(Callable<Integer> command, String... args) {
        StringWriter out = new StringWriter();
        CommandLine line = new CommandLine(command).setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        line.setExecutionExceptionHandler((e, failed, parsed) -> {
            throw e;
        });
        assertEquals(0, line.execute(args), err::toString);
        return out.toString();
    }

    private String inspect(Path model, String... more) {
        String[] args = new String[more.length + 1];
        args[0] = model.toString();
        System.arraycopy(more, 0, args, 1, more.length);
        return run(new InspectCommand(), args);
    }

    private static double number(String told, String event, String field) {
        String line = told.lines().filter(l -> l.contains("\"event\":\"" + event + "\"")).findFirst().orElseThrow();
        return Double.parseDouble(line.replaceAll(".*\"" + field + "\":([^,}]*).*", "$1"));
    }

    @Test
    void everyFormatIsTold() throws IOException {
        Path gguf = temp.resolve("model.gguf");
        GgufWriter.write(gguf, ModelSource.of(weights).as(Dtype.Q8_0), new GgufMetadata.Builder().build());
        Path bin = temp.resolve("model.bin");
        Llama2cWriter.write(bin, ModelSource.of(weights), 1);
        String words = inspect(folder);
        assertTrue(words.contains("Hugging Face folder, safetensors, llama\n") && words.contains("21 tensors F32, 137 KiB") && words.contains("tokenizer     bytes")
                && words.contains("chat template none") && words.contains("made for 512"), words);
        words = inspect(gguf, "--tensors");
        assertTrue(words.contains("GGUF version 3, llama") && words.contains("tensors Q8_0, ") && words.contains("blk.1.attn_q.weight"), words);
        words = inspect(bin);
        assertTrue(words.contains("llama2.c checkpoint, version 1, llama") && words.contains("tokenizer     none") && words.contains("21 tensors F32"), words);
        assertEquals(weights.config().parameters(), number(inspect(gguf, "--json"), "model", "parameters"));
    }

    @Test
    void theMemoryForetoldIsThatOfTheLoaderAndGrowsWithTheContext() throws IOException {
        for (Dtype dtype : Dtype.values()) {
            long held = ModelLoader.load(folder, dtype).tensors().stream().mapToLong(t -> t.matrix().bytes()).sum();
            assertEquals(held, number(inspect(folder, "--json", "--dtype", ModelOptions.name(dtype)), "memory", "weights"), dtype.toString());
        }
        double f32 = number(inspect(folder, "--json", "--context", "10000"), "memory", "kvCache");
        double q8 = number(inspect(folder, "--json", "--context", "10000", "--kv-dtype", "q8"), "memory", "kvCache");
        assertTrue(f32 >= 10_000 * 512 && f32 < 2.5 * 10_000 * 512 && q8 < 0.8 * f32, f32 + ", " + q8);
        assertEquals(512, number(inspect(folder, "--json"), "memory", "context"));
        assertTrue(inspect(folder).contains("It fits."));
    }

    @Test
    void whatDoesNotFitIsSaidPlainly() {
        String words = inspect(folder, "--context", "2000000000");
        assertTrue(words.contains("It does not fit this machine."), words);
        assertTrue(inspect(folder, "--context", "2000000000", "--json").contains("\"fits\":false"));
    }

    @Test
    void rolesMakeTheCacheAnUpperBound() throws IOException {
        Path roles = temp.resolve("roles");
        ModelWriter.save(roles, random(weights.config().withRoleWindows(4, 16)));
        String words = inspect(roles);
        assertTrue(words.contains("global, local, sliding [4, 16]") && words.contains("KV cache      at most"), words);
    }

    @Test
    void aModelTooLargeForTheHeapIsRefusedBeforeItIsRead() {
        // 16 G weights: more than any heap a test runs in; none of them exists.
        ModelConfig config = ModelConfig.llama(32_000, 8192, 80, 64, 8, 28_672, 4096);
        ModelSource source = new Described(config);
        UserError refused = assertThrows(UserError.class, () -> MemoryTeller.checkHeap(Path.of("huge"), source));
        assertTrue(refused.getMessage().matches("huge needs \\S+ GiB of heap for its weights \\(\\d+ bytes\\), this JVM has room for .*: NATS_JAVA_OPTS=-Xmx\\d+m sets a larger heap\\."),
                refused.getMessage());
    }

    /** Float32 weights that nobody can read. */
    private record Described(ModelConfig config) implements ModelSource {
        @Override
        public Dtype dtype(Tensor tensor) {
            return Dtype.F32;
        }

        @Override
        public WeightMatrix read(Tensor tensor) {
            throw new AssertionError("read");
        }

        @Override
        public WeightMatrix.Source<IOException> rows(Tensor tensor) {
            throw new AssertionError("read");
        }
    }

    @Test
    void aDamagedFileIsAModelFormatException() throws IOException {
        Path gguf = temp.resolve("model.gguf");
        GgufWriter.write(gguf, ModelSource.of(weights), new GgufMetadata.Builder().build());
        byte[] whole = Files.readAllBytes(gguf);
        Path broken = Files.write(temp.resolve("broken.gguf"), Arrays.copyOf(whole, whole.length / 2));
        for (Path path : new Path[] {broken, Files.writeString(temp.resolve("text.bin"), "no model at all, whatever its name")}) {
            CommandLine line = new CommandLine(new InspectCommand()).setErr(new PrintWriter(new StringWriter()));
            Exception[] thrown = new Exception[1];
            line.setExecutionExceptionHandler((e, failed, parsed) -> {
                thrown[0] = e;
                return 2;
            });
            assertEquals(2, line.execute(path.toString()));
            assertTrue(thrown[0] instanceof ModelFormatException, String.valueOf(thrown[0]));
        }
    }

    @Test
    void theClosingLineTellsBothFigures() {
        run(new GenerateCommand(), "--model", folder.toString(), "--prompt", "abc", "--max-tokens", "3");
        String last = err.toString().lines().reduce((a, b) -> b).orElseThrow();
        assertTrue(last.matches("memory: predicted \\d+ MiB(, resident peak \\S+ [MG]iB)?"), last);
        String json = run(new GenerateCommand(), "--model", folder.toString(), "--prompt", "abc", "--max-tokens", "3", "--json");
        assertTrue(number(json, "memory", "predicted") > 1 << 20, json);
    }
}
