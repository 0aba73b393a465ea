package org.neuralattention.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.neuralattention.testing.Shared;

@Tag("malformed")
class JsonTest {

    private static Object parse(String text) {
        return Json.parse("test", text.getBytes(StandardCharsets.UTF_8));
    }

    private static void rejected(String text, String why) {
        ModelFormatException e = assertThrows(ModelFormatException.class, () -> parse(text), text);
        assertTrue(e.getMessage().startsWith("test: "), e.getMessage());
        assertTrue(e.getMessage().contains(why), e.getMessage());
    }

    /** Which of the 35 free cases are taken is part of what we promise: only numbers that a double rounds, and none that are not UTF-8. */
    private static final List<String> FREE_ACCEPTED = List.of(
            "i_number_double_huge_neg_exp.json", "i_number_real_underflow.json", "i_number_too_big_neg_int.json",
            "i_number_too_big_pos_int.json", "i_number_very_big_negative_int.json");

    @Test
    void verdictsOfTheJsonTestSuite() throws IOException {
        int accepted = 0;
        int rejected = 0;
        int duplicates = 0;
        TreeSet<String> freeAccepted = new TreeSet<>();
        List<String> wrong = new ArrayList<>();
        try (var files = Files.newDirectoryStream(Shared.path("malformed/json/test_parsing"), "*.json")) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                boolean taken;
                try {
                    Json.read(file);
                    taken = true;
                } catch (ModelFormatException e) {
                    taken = false;
                    // Valid by the grammar alone; we refuse a repeated key, and only for that.
                    if (name.startsWith("y_object_duplicated_key") && e.getMessage().contains("Duplicate field")) {
                        duplicates++;
                    }
                }
                switch (name.charAt(0)) {
                    case 'y' -> accepted += taken ? 1 : 0;
                    case 'n' -> rejected += taken ? 0 : 1;
                    default -> {
                        if (taken) {
                            freeAccepted.add(name);
                        }
                    }
                }
                if (name.startsWith("y_") && !taken || name.startsWith("n_") && taken) {
                    wrong.add(name);
                }
            }
        }
        assertEquals(List.of("y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"), wrong.stream().sorted().toList());
        assertEquals(95, accepted + duplicates);
        assertEquals(188, rejected);
        assertEquals(new TreeSet<>(FREE_ACCEPTED), freeAccepted);
    }

    @Test
    void whatIsNotStrictIsRefused() {
        rejected("{\"a\":1,\"a\":2}", "uplicate");
        rejected("{\"a\":{\"b\":1,\"\\u0062\":2}}", "uplicate");
        rejected("[1] [2]", "goes on");
        rejected("", "ends early");
        rejected("{\"a\":", "not valid JSON");
        rejected("[1e400]", "beyond a double's range");
        rejected("[\"\\ud800\"]", "surrogate");
        rejected("{\"\\udc00\":1}", "surrogate");
        rejected("[NaN]", "not valid JSON");
        rejected("\ufeff{}", "not valid JSON");
        rejected("[".repeat(65) + "]".repeat(65), "depth");
        rejected("{\"" + "n".repeat(Json.MAX_NAME + 1) + "\":1}", "ame");
        assertThrows(ModelFormatException.class, () -> Json.parse("test", new byte[] {'[', '"', (byte) 0xc0, (byte) 0x80, '"', ']'}));
        parse("[".repeat(64) + "]".repeat(64));
    }

    @Test
    void moreTokensThanAnyModelHasAreRefused() {
        rejected("[" + "0,".repeat((int) Json.MAX_TOKENS) + "0]", "Token count");
    }

    @Test
    void treesAreWrittenAndReadBackEqual() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("text", "line\n\"quoted\" \\ \u0001 \u00e9 \ud83d\ude00 \u2028");
        tree.put("long", Long.MIN_VALUE);
        tree.put("double", 1.0e-6);
        tree.put("list", List.of(true, false, List.of(), Map.of(), 0L, -3.25));
        tree.put("null", null);
        assertEquals(tree, parse(Json.compact(tree)));
        assertEquals(tree, parse(Json.pretty(tree)));
        assertEquals(List.copyOf(tree.keySet()), List.copyOf(JsonObject.of("test", parse(Json.pretty(tree))).fields().keySet()));
    }

    @Test
    void numbersAreTheSameInEveryLocaleAndReadBackToTheBit() {
        Locale before = Locale.getDefault();
        try {
            for (String tag : List.of("en", "de", "ar", "tr-TR", "fa")) {
                Locale.setDefault(Locale.forLanguageTag(tag));
                assertEquals("[1.0E-5,-0.5,1234567]", Json.compact(List.of(1e-5, -0.5f, 1234567)));
            }
        } finally {
            Locale.setDefault(before);
        }
        Random random = new Random(1);
        for (int i = 0; i < 10_000; i++) {
            double d = Double.longBitsToDouble(random.nextLong());
            float f = Float.intBitsToFloat(random.nextInt());
            if (Double.isFinite(d) && Float.isFinite(f)) {
                List<?> back = (List<?>) parse(Json.compact(List.of(d, f)));
                assertEquals(d, ((Number) back.get(0)).doubleValue());
                assertEquals(f, (float) ((Number) back.get(1)).doubleValue());
            }
        }
    }

    @Test
    void whatJsonCannotHoldIsRefused() {
        for (Object value : new Object[] {Double.NaN, Float.POSITIVE_INFINITY, 'c', new int[1]}) {
            assertThrows(IllegalArgumentException.class, () -> Json.compact(List.of(value)));
        }
    }

    @Test
    void aFieldOfAnotherTypeIsNamed() {
        JsonObject json = JsonObject.of("test", parse("{\"n\":1.5,\"big\":3000000000,\"s\":\"x\",\"z\":null,\"l\":[1,\"a\"]}"));
        for (Runnable read : List.<Runnable>of(() -> json.intValue("n"), () -> json.intValue("big"), () -> json.intValue("s"), () -> json.intValue("z"),
                () -> json.intValue("absent"), () -> json.string("n"), () -> json.object("s"), () -> json.list("s"), () -> json.ints("l"),
                () -> json.strings("l"), () -> json.booleanValue("n", true), () -> json.doubleValue("s"), () -> JsonObject.of("test", List.of()))) {
            assertTrue(assertThrows(ModelFormatException.class, read::run).getMessage().startsWith("test: "));
        }
        assertEquals(3_000_000_000L, json.longValue("big"));
        assertEquals(7, json.intValue("z", 7));
    }
}
