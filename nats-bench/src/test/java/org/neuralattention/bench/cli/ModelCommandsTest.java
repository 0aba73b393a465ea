package org.neuralattention.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.CounterRandom;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.ByteTokenizer;
import picocli.CommandLine;

/** generate and inspect on a small random byte model with roles. */
class ModelCommandsTest {

    @TempDir
    Path folder;

    @BeforeEach
    void saveModel() throws Exception {
        ModelConfig config = ModelConfig.llama(256, 32, 2, 4, 2, 64, 512).withRoleWindows(4, 16);
        Weights weights = new Weights(config);
        int index = 0;
        for (Tensor tensor : weights.tensors()) {
            for (int i = 0; i < tensor.size(); i++) {
                tensor.data()[i] = (float) (CounterRandom.gaussian(7, 0, 0, 0, index, i) * (tensor.rank() == 1 ? 1 : 0.2));
            }
            index++;
        }
        ModelWriter.save(folder, weights);
        new ByteTokenizer().save(folder);
    }

    private static String run(Callable<Integer> command, String... args) {
        StringWriter out = new StringWriter();
        CommandLine line = new CommandLine(command).setOut(new PrintWriter(out, true));
        assertEquals(0, line.execute(args));
        return out.toString();
    }

    private String generate(String... more) {
        String[] args = {"--model", folder.toString(), "--prompt", "In the beginning there was", "--max-tokens", "40", "--json"};
        String[] all = Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return run(new GenerateCommand(), all);
    }

    private static String tokens(String output) {
        return String.join("\n", output.lines().filter(line -> line.contains("\"token\"")).toList());
    }

    @Test
    void theTextFollowsFromTheSeedForAnyNumberOfThreads() {
        String text = tokens(generate("--threads", "1"));
        assertEquals(40, text.lines().count());
        assertEquals(text, tokens(generate("--threads", "3")));
        assertNotEquals(text, tokens(generate("--seed", "43")));
        assertEquals(tokens(generate("--temperature", "0")), tokens(generate("--temperature", "0", "--seed", "43")));
    }

    @Test
    void theShareHeldIsToldAndIsOneWhenAllIsKept() {
        assertTrue(generate("--full-cache").contains("\"kvShare\":1.0"));
        String done = generate().lines().reduce((a, b) -> b).orElseThrow();
        assertTrue(done.matches(".*\"promptTokens\":26,\"tokens\":40.*\"kvShare\":0\\.\\d+.*"), done);
    }

    @Test
    void inspectTellsTheModelItsTensorsAndWhatItKeepsOfAText() throws Exception {
        Path text = Files.writeString(folder.resolve("text.txt"), "to be or not to be, that is the question");
        String told = run(new InspectCommand(), folder.toString(), "--tensors", "--text", text.toString());
        assertTrue(told.contains("global, local, sliding [4, 16]"), told);
        assertTrue(told.contains("after 40 tokens: KV share "), told);
        assertTrue(told.contains("scorer"), told);
        String file = run(new InspectCommand(), folder.resolve("model.safetensors").toString());
        assertTrue(file.contains("F32") && file.contains("model.embed_tokens.weight"), file);
    }

    @Test
    void machinesGetEveryNumberOfInspect() throws Exception {
        Path text = Files.writeString(folder.resolve("text.txt"), "to be or not to be");
        String told = run(new InspectCommand(), folder.toString(), "--json", "--text", text.toString());
        assertEquals(1 + 4 + 1, told.lines().count(), told);
        assertTrue(told.lines().allMatch(line -> line.startsWith("{\"event\":\"")), told);
    }
}
