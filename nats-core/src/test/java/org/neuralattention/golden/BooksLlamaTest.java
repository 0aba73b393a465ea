package org.neuralattention.golden;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.generate.Generation;
import org.neuralattention.generate.Model;
import org.neuralattention.generate.Perplexity;
import org.neuralattention.generate.Request;
import org.neuralattention.generate.Session;
import org.neuralattention.io.GgufMetadata;
import org.neuralattention.io.GgufWriter;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.ModelSource;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.testing.Shared;

/** A real small Llama, bf16: what transformers computes with it. The tokenizer's vectors are BpeTokenizerTest's. */
class BooksLlamaTest {

    private Model model;
    private JsonObject expected;

    @BeforeEach
    void load() throws IOException {
        Path folder = Shared.path("models/books-llama");
        model = Model.load(folder);
        expected = JsonObject.read(folder.resolve("expected.json"));
    }

    @AfterEach
    void close() {
        if (model != null) {
            model.close();
        }
    }

    @Test
    void perplexitiesOfHeldOutTextsAreTheExpectedOnes() throws IOException {
        assertEquals("consecutive, from the start of bos + text", expected.string("blocks"));
        JsonObject validation = expected.object("validation");
        assertEquals(4, validation.fields().size());
        for (String name : validation.fields().keySet()) {
            int[] ids = model.tokenizer().encodeBeginning(Files.readString(Shared.path("books/valid").resolve(name)));
            int blocks = validation.object(name).intValue("blocks");
            Perplexity.Result result = Perplexity.of(model.session(), ids, expected.intValue("context"), blocks, now -> {});
            assertEquals((long) blocks * expected.intValue("context"), result.tokens(), name);
            assertEquals(1, result.perplexity() / validation.object(name).doubleValue("ppl"), 1e-6, name);
        }
    }

    /**
     * How far the perplexity may be from float32's, as a share. Measured on these blocks, and on all: q8_0 -0.02 and -0.03 %, q6_k 0.01 and
     * 0.08 %, q4_k 0.98 and 1.14 %, q4_0 1.49 and 1.49 %.
     */
    private static final Map<Dtype, Double> BOUNDS = Map.of(Dtype.BF16, 0.0, Dtype.F16, 1e-6, Dtype.Q8_0, 1e-3, Dtype.Q6_K, 2e-3, Dtype.Q4_K, 2e-2, Dtype.Q4_0, 2.5e-2);

    @Test
    void roundedWeightsCostNoMoreThanTheirFormDoes() throws IOException {
        List<int[]> texts = new ArrayList<>();
        for (String name : expected.object("validation").fields().keySet()) {
            texts.add(model.tokenizer().encodeBeginning(Files.readString(Shared.path("books/valid").resolve(name))));
        }
        double exact = perplexity(Dtype.F32, texts);
        for (Dtype dtype : Dtype.values()) {
            double ratio = perplexity(dtype, texts) / exact;
            assertEquals(1, ratio, dtype == Dtype.F32 ? 0 : BOUNDS.get(dtype), dtype.name());
        }
    }

    private double perplexity(Dtype dtype, List<int[]> texts) {
        return perplexity(model.weights().as(dtype), texts, 2);
    }

    private static double perplexity(Weights weights, List<int[]> texts, int blocks) {
        try (Team team = Team.of(2)) {
            Transformer transformer = new Transformer(weights, team);
            Perplexity.Result all = Perplexity.Result.NONE;
            for (int[] ids : texts) {
                all = all.and(Perplexity.of(new Session(transformer), ids, 1024, blocks, now -> {}));
            }
            return all.perplexity();
        }
    }

    @Test
    void aGgufFileInAnyFormIsTheFormInMemoryToTheBit(@TempDir Path folder) throws IOException {
        List<int[]> text = List.of(model.tokenizer().encodeBeginning(Files.readString(Shared.path("books/valid/alice.txt"))));
        for (Dtype dtype : Dtype.values()) {
            Path file = folder.resolve(dtype + ".gguf");
            Weights rounded = model.weights().as(dtype);
            GgufWriter.write(file, ModelSource.of(rounded), new GgufMetadata.Builder().build());
            assertEquals(perplexity(rounded, text, 1), perplexity(ModelLoader.loadStored(file), text, 1), dtype.name());
        }
    }

    /** Without a first token: transformers masks it there, for it is the padding too. */
    @Test
    @Tag("widths")
    void greedyTokensAreTheExpectedOnes() {
        int[] all = ints("greedy_ids");
        int[] prompt = ints("prompt_ids");
        assertArrayEquals(prompt, model.tokenizer().encodeBeginning(expected.string("prompt")));
        int[] given = Arrays.copyOfRange(prompt, 1, prompt.length);
        Generation made = model.generator().generate(given, Request.of(all.length - prompt.length), token -> {});
        assertArrayEquals(Arrays.copyOfRange(all, prompt.length, all.length), made.ids());
        assertEquals(model.tokenizer().decode(made.ids()), made.text());
    }

    @Test
    @Tag("widths")
    void logitsBehindThePromptAreTheExpectedOnes() {
        int[] prompt = ints("prompt_ids");
        Session session = model.session();
        session.prefill(prompt, 0, prompt.length);
        List<?> first = expected.list("last_logits_first16");
        double[] logits = first.stream().mapToDouble(value -> ((Number) value).doubleValue()).toArray();
        Errors.assertClose("logits", 1e-5, logits, Arrays.copyOf(session.logits(), logits.length));
    }

    private int[] ints(String name) {
        return expected.ints(name).stream().mapToInt(Integer::intValue).toArray();
    }
}
