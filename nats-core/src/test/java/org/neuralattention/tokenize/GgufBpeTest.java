package org.neuralattention.tokenize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.UnsupportedModelException;
import org.neuralattention.testing.Shared;

class GgufBpeTest {

    @TempDir
    Path dir;

    private final Map<String, Object> pairs = small();

    /** TestModels.small as a vocabulary. */
    static Map<String, Object> small() {
        BpeModel model = TestModels.small();
        String[] tokens = new String[302];
        int[] types = new int[302];
        Arrays.setAll(tokens, id -> "[unused " + id + "]");
        Arrays.fill(types, 5);
        model.vocab().forEach((entry, id) -> {
            tokens[id] = entry;
            types[id] = 1;
        });
        model.added().forEach(token -> {
            tokens[token.id()] = token.content();
            types[token.id()] = token.special() ? 3 : 4;
        });
        Map<String, Object> pairs = new LinkedHashMap<>();
        pairs.put("tokenizer.ggml.model", "gpt2");
        pairs.put("tokenizer.ggml.pre", "gpt-2");
        pairs.put("tokenizer.ggml.tokens", new ArrayList<>(List.of(tokens)));
        pairs.put("tokenizer.ggml.token_type", types);
        pairs.put("tokenizer.ggml.merges", new ArrayList<>(model.merges().stream().map(m -> m.left() + " " + m.right()).toList()));
        pairs.put("tokenizer.ggml.bos_token_id", 301);
        pairs.put("tokenizer.ggml.eos_token_id", 300);
        return pairs;
    }

    private Tokenizer load() throws IOException {
        return Tokenizers.load(Files.write(dir.resolve("vocab.gguf"), bytes(pairs)));
    }

    /** Version 3: pairs and no tensors. */
    static byte[] bytes(Map<String, Object> pairs) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(number(3, 4));
        out.writeBytes(number(0, 8));
        out.writeBytes(number(pairs.size(), 8));
        pairs.forEach((key, value) -> {
            out.writeBytes(text(key));
            switch (value) {
                case Integer i -> out.writeBytes(join(number(4, 4), number(i, 4)));
                case Boolean b -> out.writeBytes(join(number(7, 4), number(b ? 1 : 0, 1)));
                case String s -> out.writeBytes(join(number(8, 4), text(s)));
                case int[] ints -> {
                    out.writeBytes(join(number(9, 4), number(5, 4), number(ints.length, 8)));
                    Arrays.stream(ints).forEach(i -> out.writeBytes(number(i, 4)));
                }
                case float[] floats -> {
                    out.writeBytes(join(number(9, 4), number(6, 4), number(floats.length, 8)));
                    for (float f : floats) {
                        out.writeBytes(number(Float.floatToRawIntBits(f), 4));
                    }
                }
                case List<?> texts -> {
                    out.writeBytes(join(number(9, 4), number(8, 4), number(texts.size(), 8)));
                    texts.forEach(t -> out.writeBytes(text((String) t)));
                }
                default -> throw new AssertionError(value);
            }
        });
        return out.toByteArray();
    }

    private static byte[] number(long value, int bytes) {
        return Arrays.copyOf(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array(), bytes);
    }

    private static byte[] text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        return join(number(utf8.length, 8), utf8);
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Arrays.stream(parts).forEach(out::writeBytes);
        return out.toByteArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt-2", "falcon"})
    void idsAreThoseOfLlamaCppAndSurviveSaving(String name) throws IOException {
        Path file = Shared.path("tokenizers/gguf-vocab/ggml-vocab-" + name + ".gguf");
        BpeTokenizer tokenizer = (BpeTokenizer) Tokenizers.load(file);
        tokenizer.save(dir);
        BpeTokenizer saved = (BpeTokenizer) Tokenizers.load(dir);
        assertEquals(tokenizer.model(), saved.model());
        assertEquals(tokenizer.boundaries(), saved.boundaries());
        String[] texts = Files.readString(Path.of(file + ".inp")).split("\n__ggml_vocab_test__\n", -1);
        List<String> ids = Files.readAllLines(Path.of(file + ".out"));
        assertEquals(46, ids.size());
        assertEquals(47, texts.length); // the last one is what stands behind the last line
        for (int i = 0; i < ids.size(); i++) {
            assertArrayEquals(TestModels.ints(ids.get(i)), tokenizer.encode(texts[i]), texts[i]);
            assertEquals(texts[i], tokenizer.decode(tokenizer.encode(texts[i])), texts[i]);
        }
    }

    @Test
    void tokensHaveTheirTypesAndIds() throws IOException {
        BpeTokenizer tokenizer = (BpeTokenizer) load();
        assertEquals(302, tokenizer.vocabSize());
        assertEquals(TestModels.small().merges(), tokenizer.model().merges());
        assertEquals(TestModels.small().added(), tokenizer.model().added());
        assertEquals("[unused 270]", tokenizer.decode(270));
        assertArrayEquals(new int[] {300, 301, 'x'}, tokenizer.encode("<|endoftext|><|endoftext|>!x"));
    }

    @Test
    void beginningAndEndsAreThoseTheFileNames() throws IOException {
        assertEquals(new Boundaries(OptionalInt.of(301), false, List.of(300)), load().boundaries()); // gpt-2 does not begin with one
        pairs.put("tokenizer.ggml.add_bos_token", true);
        assertEquals(new Boundaries(OptionalInt.of(301), true, List.of(300)), load().boundaries());
        pairs.put("tokenizer.ggml.eot_token_id", 256);
        pairs.put("tokenizer.ggml.eom_token_id", 257);
        assertEquals(List.of(300, 256, 257), load().eosIds());
        pairs.remove("tokenizer.ggml.add_bos_token");
        pairs.put("tokenizer.ggml.pre", "llama-bpe"); // which does
        assertEquals(OptionalInt.of(301), load().boundaries().first());
        pairs.put("tokenizer.ggml.add_bos_token", false);
        assertEquals(OptionalInt.empty(), load().boundaries().first());
        assertEquals(OptionalInt.of(301), load().bosId());
    }

    @Test
    void theNameOfThePreTokenizerDecidesHowTextIsCut() throws IOException {
        assertModel("gpt-2", false, Normalization.NONE, Split.GPT2);
        assertModel("llama-bpe", true, Normalization.NONE, Split.LLAMA3);
        assertModel("qwen2", false, Normalization.NFC, Split.QWEN2);
        assertModel("deepseek-r1-qwen", false, Normalization.NONE, Split.QWEN2);
        assertModel("llama4", false, Normalization.NONE, Split.O200K);
        assertModel("tekken", true, Normalization.NONE, Split.TEKKEN);
        assertModel("smollm", false, Normalization.NONE, Split.DIGITS, Split.GPT2);
        assertModel("falcon", false, Normalization.NONE, Split.PUNCTUATION, Split.GPT2, Split.DIGITS_IN_THREES);
        assertModel("default", false, Normalization.NONE, Split.PUNCTUATION_WITHOUT_GRAVE, Split.GPT2, Split.NUMBERS, Split.DIGITS_IN_THREES);
    }

    private void assertModel(String pre, boolean ignoreMerges, Normalization normalization, Split... splits) throws IOException {
        pairs.put("tokenizer.ggml.pre", pre);
        BpeModel model = ((BpeTokenizer) load()).model();
        assertEquals(ignoreMerges, model.ignoreMerges(), pre);
        assertEquals(normalization, model.normalization(), pre);
        assertEquals(List.of(splits), model.splits(), pre);
    }

    @Test
    void whatIsUnknownOrMalformedIsRefusedByName() throws IOException {
        assertSays("\"tokenizer.ggml.pre\" is \"gpt-5\", supported is codeshell or dbrx or ", "tokenizer.ggml.pre", "gpt-5");
        assertSays("\"tokenizer.ggml.pre\" is missing: nothing says how text is cut into words", "tokenizer.ggml.pre", null);
        assertSays("a vocabulary of kind \"bert\" is not supported, llama and gpt2 are", "tokenizer.ggml.model", "bert");
        assertSays("\"tokenizer.ggml.model\" is missing", "tokenizer.ggml.model", null);
        assertSays("\"tokenizer.ggml.merges\" is missing", "tokenizer.ggml.merges", null);
        assertSays("302 tokens and 1 types: must be as many of each", "tokenizer.ggml.token_type", new int[] {1});
        int[] types = ((int[]) pairs.get("tokenizer.ggml.token_type")).clone();
        types[7] = 9;
        assertSays("token 7 has type 9: must be in [1, 6]", "tokenizer.ggml.token_type", types);
        assertSays("merge 1 is \"a\" where two entries should be", "tokenizer.ggml.merges", List.of("a a", "a"));
        assertSays("merge 0 is \"a  a\" where two entries should be", "tokenizer.ggml.merges", List.of("a  a"));
        assertSays("merge 0, \"q\u0101\": not in the vocabulary", "tokenizer.ggml.merges", List.of("q \u0101"));
        List<String> tokens = new ArrayList<>(Collections.nCopies(302, "x"));
        assertSays("token 1 is \"x\", which is token 0 already", "tokenizer.ggml.tokens", tokens);
        assertSays("eosId = 302: must be in [0, 302)", "tokenizer.ggml.eos_token_id", 302);
        assertSays("\"tokenizer.ggml.eos_token_id\" is UINT32 4294967295 where an integer of 32 bits should be", "tokenizer.ggml.eos_token_id", -1);
        pairs.put("tokenizer.ggml.pre", "gpt-5");
        assertThrows(UnsupportedModelException.class, this::load);
    }

    private void assertSays(String message, String key, Object value) throws IOException {
        Object right = value == null ? pairs.remove(key) : pairs.put(key, value);
        String said = assertThrows(ModelFormatException.class, this::load).getMessage();
        assertEquals(true, said.startsWith(dir.resolve("vocab.gguf") + ": " + message), said);
        pairs.put(key, right);
    }
}
