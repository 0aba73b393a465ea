package org.neuralattention.golden;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.neuralattention.generate.Generation;
import org.neuralattention.generate.Model;
import org.neuralattention.generate.Request;
import org.neuralattention.generate.Session;
import org.neuralattention.io.JsonObject;
import org.neuralattention.testing.Shared;

/** llama2.c's test model against its text and logits in float64. */
@Tag("widths")
class Stories260KTest {

    private static final int STEPS = 256;

    private static Model load(String file) throws IOException {
        return Model.load(Shared.path("models/stories260K/" + file), Model.Options.DEFAULT.withThreads(2).withTokenizer(Shared.path("models/stories260K/tok512.bin")));
    }

    private static JsonObject expected() throws IOException {
        return JsonObject.read(Shared.path("models/stories260K/expected-f64.json"));
    }

    private static int[] ids(JsonObject expected) {
        int[] ids = expected.ints("ids").stream().mapToInt(Integer::intValue).toArray();
        assertEquals(1 + STEPS, ids.length);
        return ids;
    }

    @Test
    void theLikeliestTokensTellTheExpectedStory() throws IOException {
        JsonObject expected = expected();
        int[] ids = ids(expected);
        try (Model model = load("stories260K.bin")) {
            Generation story = model.generator().generate(Arrays.copyOf(ids, 1), Request.of(STEPS), token -> {});
            assertArrayEquals(Arrays.copyOfRange(ids, 1, ids.length), story.ids());
            assertEquals(expected.string("text"), story.text());
            assertArrayEquals(ids, model.tokenizer().encodeBeginning(expected.string("text")), "the text's tokens are those of the story");
        }
    }

    @Test
    void logitsAreTheExpectedOnes() throws IOException {
        JsonObject expected = expected();
        int[] ids = ids(expected);
        List<JsonObject> records = new ArrayList<>();
        expected.list("records").forEach(record -> records.add(JsonObject.of("records", record)));
        int checked = 0;
        try (Model model = load("stories260K.bin")) {
            Session session = model.session();
            for (int pos = 0; pos < STEPS; pos++) {
                session.decode(ids[pos]);
                for (JsonObject record : records) {
                    if (record.intValue("pos") == pos) {
                        assertLogits(record, session.logits());
                        checked++;
                    }
                }
            }
        }
        assertEquals(records.size(), checked);
    }

    private static void assertLogits(JsonObject record, float[] logits) {
        String what = "position " + record.intValue("pos");
        double sum = 0;
        double squares = 0;
        int best = 0;
        for (int i = 0; i < logits.length; i++) {
            sum += logits[i];
            squares += (double) logits[i] * logits[i];
            best = logits[i] > logits[best] ? i : best;
        }
        assertEquals(record.intValue("argmax"), best, what);
        assertEquals(record.doubleValue("sum"), sum, 1e-5 * Math.abs(record.doubleValue("sum")), what);
        assertEquals(record.doubleValue("l2"), Math.sqrt(squares), 1e-5 * record.doubleValue("l2"), what);
        for (Object pair : record.list("top5")) {
            List<?> top = (List<?>) pair;
            assertEquals(number(top.get(1)), logits[(int) number(top.get(0))], 1e-4, what);
        }
        for (int i = 0; i < 8; i++) {
            assertEquals(number(record.list("logits_first8").get(i)), logits[i], 1e-4, what);
        }
    }

    private static double number(Object json) {
        return ((Number) json).doubleValue();
    }

    @Test
    void eightBitsTellTheStoryNearlyAsLikely() throws IOException {
        int[] ids = ids(expected());
        double exact = nll("stories260K.bin", ids);
        double rounded = nll("stories260K-q8.bin", ids);
        assertEquals(1, rounded / exact, 0.02, rounded + " against " + exact);
    }

    private static double nll(String file, int[] ids) throws IOException {
        try (Model model = load(file)) {
            return model.session().score(new float[STEPS], 0, ids, 0, ids, 1, STEPS) / STEPS;
        }
    }
}
