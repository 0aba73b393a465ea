package org.neuralattention.golden;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.neuralattention.generate.Generation;
import org.neuralattention.generate.Generator;
import org.neuralattention.generate.Model;
import org.neuralattention.generate.Perplexity;
import org.neuralattention.generate.Request;
import org.neuralattention.generate.Session;
import org.neuralattention.io.JsonObject;
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
