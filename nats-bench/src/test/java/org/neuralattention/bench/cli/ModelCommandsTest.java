package org.neuralattention.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.io.GgufMetadata;
import org.neuralattention.io.GgufWriter;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.Llama2cWriter;
import org.neuralattention.io.ModelFile;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.ModelSource;
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
        String done = generate().lines().filter(line -> line.contains("\"done\"")).findFirst().orElseThrow();
        assertTrue(done.matches(".*\"promptTokens\":26,\"tokens\":40.*\"kvShare\":0\\.\\d+.*"), done);
    }

    @Test
    void inspectTellsTheModelItsTensorsAndWhatItKeepsOfAText() throws Exception {
        Path text = Files.writeString(folder.resolve("text.txt"), "to be or not to be, that is the question");
        String told = run(new InspectCommand(), folder.toString(), "--tensors", "--text", text.toString());
        assertTrue(told.contains("global, local, sliding [4, 16]"), told);
        assertTrue(told.contains("over 39 tokens of the text") && told.matches("(?s).*\\n1, 1 .* %.* %.* %.* %.* %.*"), told);
        assertTrue(told.contains("scorer"), told);
        String file = run(new InspectCommand(), folder.resolve("model.safetensors").toString());
        assertTrue(file.contains("F32") && file.contains("model.embed_tokens.weight"), file);
    }

    @Test
    void machinesGetEveryNumberOfInspect() throws Exception {
        Path text = Files.writeString(folder.resolve("text.txt"), "to be or not to be");
        String told = run(new InspectCommand(), folder.toString(), "--json", "--text", text.toString());
        assertEquals(1 + 1 + 1 + 4 + 1, told.lines().count(), told);
        assertTrue(told.contains("\"context\":17,\"nll\":"), told);
        assertTrue(told.lines().allMatch(line -> line.startsWith("{\"event\":\"")), told);
    }

    @Test
    void machinesGetArraysAndAFilesMetadata() {
        String model = run(new InspectCommand(), folder.toString(), "--json", "--tensors");
        assertTrue(model.contains("\"roleWindows\":[4,16]"), model);
        assertTrue(model.contains("\"name\":\"model.embed_tokens.weight\",\"dtype\":\"F32\",\"shape\":[256,32],"), model);
        String file = run(new InspectCommand(), folder.resolve("model.safetensors").toString(), "--json");
        assertTrue(file.contains("{\"event\":\"metadata\",\"name\":\"format\",\"value\":\"pt\"}"), file);
    }

    @Test
    void theSharesOfAHeadsRolesAddUpAndFollowItsKvShare() throws Exception {
        Path text = Files.writeString(folder.resolve("text.txt"), "to be or not to be, that is the question. ".repeat(5));
        String told = run(new InspectCommand(), folder.toString(), "--json", "--context", "32", "--text", text.toString());
        double mean = 0;
        for (String line : told.lines().filter(l -> l.contains("\"head\"")).toList()) {
            assertEquals(1, number(line, "global") + number(line, "local") + number(line, "sliding 4") + number(line, "sliding 16"), 1e-12, line);
            mean += number(line, "kvShare") / 4;
        }
        String all = told.lines().reduce((a, b) -> b).orElseThrow();
        assertEquals(mean, number(all, "kvShare"), 1e-12);
        assertEquals(192, number(all, "tokens")); // of 210: six whole pieces
    }

    private static double number(String line, String field) {
        return Double.parseDouble(line.replaceAll(".*\"" + field + "\":([^,}]*).*", "$1"));
    }

    @Test
    void theMemoryOfAContextIsTwoFloatsPerKvWidthAndLayer() {
        String told = run(new InspectCommand(), folder.toString(), "--json", "--context", "1000");
        assertEquals(2 * 4 * 2 * 16 * 1000, number(told.lines().findFirst().orElseThrow(), "fullBytes"), told);
    }

    @Test
    void aStopTextEndsTheTextBeforeItself() {
        String whole = plain();
        String stop = whole.substring(10, 13);
        assertEquals(whole.substring(0, whole.indexOf(stop)) + System.lineSeparator(), plain("--stop", stop, "--stop", "never to be seen"));
        assertEquals(whole, plain("--stop", "never to be seen"));
    }

    private String plain(String... more) {
        String[] args = {"--model", folder.toString(), "--prompt", "In the beginning there was", "--max-tokens", "40", "--seed", "5"};
        String[] all = Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return run(new GenerateCommand(), all);
    }

    @Test
    void aPromptMayComeFromAFileOrStandardInput() throws Exception {
        String expected = tokens(generate());
        Path prompt = Files.writeString(folder.resolve("prompt.txt"), "In the beginning there was");
        String[] args = {"--model", folder.toString(), "--max-tokens", "40", "--json", "--prompt-file"};
        assertEquals(expected, tokens(run(new GenerateCommand(), append(args, prompt.toString()))));
        InputStream before = System.in;
        try {
            System.setIn(new ByteArrayInputStream(Files.readAllBytes(prompt)));
            assertEquals(expected, tokens(run(new GenerateCommand(), append(args, "-"))));
        } finally {
            System.setIn(before);
        }
    }

    /** The same numbers from any file give the same text. */
    @Test
    void everyFormatIsContinuedAlike(@TempDir Path files) throws Exception {
        String expected = tokens(generate("--full-cache"));
        Path gguf = files.resolve("model.gguf");
        Path llama2c = files.resolve("model.bin");
        try (ModelFile model = ModelFile.open(folder)) {
            GgufWriter.write(gguf, model, new GgufMetadata.Builder().build());
        }
        ModelConfig plain = ModelConfig.llama(256, 32, 2, 4, 2, 64, 512);
        Weights weights = new Weights(plain);
        Weights roles = ModelLoader.load(folder);
        for (Tensor tensor : weights.tensors()) {
            System.arraycopy(roles.tensor(tensor.name()).data(), 0, tensor.data(), 0, tensor.data().length);
        }
        Llama2cWriter.write(llama2c, ModelSource.of(weights), 1);
        for (Path file : List.of(gguf, llama2c)) {
            String[] args = {"--model", file.toString(), "--tokenizer", folder.toString(), "--prompt", "In the beginning there was", "--max-tokens", "40", "--json"};
            assertEquals(expected, tokens(run(new GenerateCommand(), file == gguf ? append(args, "--full-cache") : args)), file.toString());
        }
    }

    @Test
    void logprobsAreToldForTheTokenAndTheLikeliest() {
        String line = tokens(generate("--logprobs", "2", "--temperature", "0")).lines().findFirst().orElseThrow();
        assertTrue(line.matches(".*\"id\":(\\d+),\"text\":.*,\"logprob\":(-[0-9.E-]+),\"best\":\\[\\{\"id\":\\1,\"text\":.*,\"logprob\":\\2\\},\\{\"id\":.*\\}\\]\\}"), line);
        String people = plain("--logprobs", "0");
        assertEquals(40, people.lines().filter(l -> l.matches("-\\d+\\.\\d{3}  \".*\"")).count(), people);
    }

    @Test
    void aLongPromptTellsMachinesHowFarItIs() throws Exception {
        Path prompt = Files.writeString(folder.resolve("prompt.txt"), "x".repeat(1030));
        String[] args = {"--model", folder.toString(), "--max-tokens", "1", "--json", "--prompt-file", prompt.toString()};
        List<String> progress = run(new GenerateCommand(), args).lines().filter(line -> line.contains("\"progress\"")).toList();
        assertEquals(5, progress.size(), progress.toString());
        assertTrue(progress.getLast().contains("\"step\":1030,\"steps\":1030"), progress.getLast());
    }

    private static String[] append(String[] args, String last) {
        String[] all = Arrays.copyOf(args, args.length + 1);
        all[args.length] = last;
        return all;
    }

    /** The expected ids attend to no first token: HF's generate masks it, for it is the padding too. The expected logits do attend to it. */
    @Test
    void aHuggingFaceModelContinuesItsPromptWithTheExpectedGreedyIds() throws Exception {
        Path books = Path.of(System.getProperty("nats.shared", "../shared")).resolve("models/books-llama");
        if (!"true".equals(System.getenv("CI"))) {
            assumeTrue(Files.exists(books), () -> books + " is absent: set -Dnats.shared");
        }
        JsonObject expected = JsonObject.read(books.resolve("expected.json"));
        String told = run(new GenerateCommand(), "--model", books.toString(), "--prompt", expected.string("prompt"), "--no-bos",
                "--temperature", "0", "--max-tokens", "64", "--json");
        List<Integer> ids = told.lines().filter(line -> line.contains("\"token\"")).map(line -> (int) number(line, "id")).toList();
        List<Integer> all = expected.ints("greedy_ids");
        assertEquals(all.subList(all.size() - 64, all.size()), ids);
    }
}
