package org.neuralattention.tokenize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.io.GgufMetadata;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.UnsupportedModelException;
import org.neuralattention.testing.Shared;
import org.neuralattention.tokenize.BpeModel.Merge;
import org.neuralattention.tokenize.SpmModel.Piece;
import org.neuralattention.tokenize.SpmModel.Prefix;
import org.neuralattention.tokenize.SpmModel.Spaces;
import org.neuralattention.tokenize.SpmModel.Type;

/** SentencePiece-style tokenizers in the files that hold them. */
class SpmFilesTest {

    @TempDir
    Path dir;

    // ---- tokenizer.json

    @Test
    void llamaSavedAsTokenizerJsonGivesTheSameIds() throws IOException {
        SpmTokenizer llama = SpmModels.llama();
        llama.save(dir);
        SpmTokenizer saved = (SpmTokenizer) Tokenizers.load(dir);
        assertEquals(61249, saved.model().merges().orElseThrow().size());
        assertEquals(llama.boundaries(), saved.boundaries());
        assertEquals(llama.model().added(), saved.model().added());
        assertEquals(llama.model().spaces(), saved.model().spaces());
        assertSameIds(llama, saved);
        // And back: scores that follow from the merges.
        assertSameIds(llama, new SpmTokenizer(saved.model().byScores(), saved.boundaries()));
    }

    private static void assertSameIds(Tokenizer expected, Tokenizer actual) throws IOException {
        String book = Files.readString(Shared.path("books/valid/alice.txt"));
        assertArrayEquals(expected.encode(book), actual.encode(book));
        for (String text : Files.readString(Shared.path("tokenizers/gguf-vocab/ggml-vocab-llama-spm.gguf.inp")).split("\n__ggml_vocab_test__\n")) {
            assertArrayEquals(expected.encode(text), actual.encode(text), text);
        }
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int i = 0; i < 2000; i++) {
            StringBuilder text = new StringBuilder();
            for (int n = random.nextInt(60); n > 0; n--) {
                int kind = random.nextInt(8);
                text.appendCodePoint(kind < 3 ? ' ' : kind < 6 ? 'a' + random.nextInt(26) : kind < 7 ? random.nextInt(0x250) : random.nextInt(0x20000));
            }
            assertArrayEquals(expected.encode(text.toString()), actual.encode(text.toString()), () -> "seed " + seed + ": " + text);
        }
    }

    @Test
    void everySchemeOfSpacesIsKept() throws IOException {
        for (Prefix prefix : Prefix.values()) {
            for (boolean collapse : new boolean[] {false, true}) {
                for (boolean split : new boolean[] {false, true}) {
                    SpmModel model = SpmModels.of(new Spaces(prefix, collapse, split), "\u2581\u2581", "\u2581a", "\u2581", "a");
                    new SpmTokenizer(model, SpmModels.BOUNDARIES).save(dir);
                    SpmTokenizer saved = (SpmTokenizer) Tokenizers.load(dir);
                    assertEquals(model.spaces(), saved.model().spaces());
                    assertEquals(SpmModels.BOUNDARIES, saved.boundaries());
                    String text = "a   a<s>  a<hr> ";
                    assertArrayEquals(new SpmTokenizer(model, SpmModels.BOUNDARIES).encode(text), saved.encode(text), model.spaces().toString());
                }
            }
        }
    }

    @Test
    void whatNoTokenizerJsonCanSayIsNamed() {
        List<Piece> pieces = SpmModels.of(Spaces.LLAMA, "\u2581", "a", "b", "c").pieces();
        assertNotSaved("has characters that are no pieces", pieces, new Piece("ax", 0, Type.NORMAL));
        assertNotSaved("is unused", pieces, new Piece("ab", 0, Type.UNUSED));
        assertNotSaved("whether \"ab\" or \"bc\" merges first", pieces, new Piece("ab", 0, Type.NORMAL), new Piece("bc", 0, Type.NORMAL));
        assertNotSaved("is there twice", pieces, new Piece("<hr>", 0, Type.NORMAL));
    }

    private void assertNotSaved(String message, List<Piece> pieces, Piece... more) {
        List<Piece> all = new ArrayList<>(pieces);
        all.addAll(List.of(more));
        SpmTokenizer tokenizer = new SpmTokenizer(SpmModel.ofScores(all, Spaces.LLAMA, OptionalInt.of(0)), SpmModels.BOUNDARIES);
        assertContains(message, assertThrows(IllegalArgumentException.class, () -> tokenizer.save(dir)));
    }

    @Test
    void whatScoresCannotSayIsNamed() {
        SpmModel model = SpmModels.of(Spaces.LLAMA, "abc", "ab", "bc", "\u2581", "a", "b", "c");
        assertNoScores("do not merge", model, new Merge("a", "b"), new Merge("ab", "c"), new Merge("b", "c"));
        assertNoScores("whether \"abc\" or \"bc\" merges first", model, new Merge("a", "b"), new Merge("ab", "c"), new Merge("b", "c"), new Merge("a", "bc"));
        SpmModel ordered = listed(model, new Merge("a", "b"), new Merge("b", "c"), new Merge("ab", "c"), new Merge("a", "bc"));
        assertEquals(List.of(-2f, 0f, -1f, 0f, 0f, 0f, 0f), ordered.byScores().pieces().subList(260, 267).stream().map(Piece::score).toList());
    }

    private static void assertNoScores(String message, SpmModel model, Merge... merges) {
        assertContains(message, assertThrows(IllegalArgumentException.class, () -> listed(model, merges).byScores()));
    }

    private static SpmModel listed(SpmModel model, Merge... merges) {
        return new SpmModel(model.pieces(), Optional.of(List.of(merges)), model.spaces(), model.added(), model.unkId(), true, false);
    }

    @Test
    void addedTokensAreFoundAsTheFileSays() throws IOException {
        new SpmTokenizer(SpmModels.of(Spaces.LLAMA, "\u2581\u2581", "\u2581a", "\u2581", "a"), SpmModels.BOUNDARIES).save(dir);
        int hr = 259, twoSpaces = 260, spaceA = 261, space = 262, a = 263;
        assertArrayEquals(new int[] {spaceA, space, hr, twoSpaces, a}, Tokenizers.load(dir).encode("a <hr> a"));
        rewrite("\"content\" : \"<hr>\",\n    \"single_word\" : false,\n    \"lstrip\" : false", "\"content\" : \"<hr>\", \"single_word\" : false, \"lstrip\" : true");
        assertArrayEquals(new int[] {spaceA, hr, twoSpaces, a}, Tokenizers.load(dir).encode("a <hr> a"));
        rewrite("\"lstrip\" : true,\n    \"rstrip\" : false", "\"lstrip\" : true, \"rstrip\" : true");
        assertArrayEquals(new int[] {spaceA, hr, spaceA}, Tokenizers.load(dir).encode("a <hr> a"));
        // A normalized token has a space put before it as any text has: it is found where there is one, and that is then part of it.
        rewrite("\"lstrip\" : true, \"rstrip\" : true,\n    \"normalized\" : false", "\"lstrip\" : false, \"rstrip\" : false, \"normalized\" : true");
        assertArrayEquals(new int[] {spaceA, hr, spaceA}, Tokenizers.load(dir).encode("a <hr> a"));
        assertArrayEquals(new int[] {hr, a}, Tokenizers.load(dir).encode("<hr>a"));
        int[] text = Tokenizers.load(dir).encode("a<hr>");
        assertTrue(Arrays.stream(text).noneMatch(id -> id == hr));
    }

    @Test
    void aSpecialTokenInALiteralPartIsText() throws IOException {
        SpmTokenizer llama = SpmModels.llama();
        assertArrayEquals(new int[] {1, 263}, llama.encode("<s>a"));
        assertEquals("<s>a", llama.decode(llama.encodeLiteral("<s>a")));
        assertTrue(Arrays.stream(llama.encodeLiteral("<s>a")).noneMatch(id -> id == 1));
        llama.save(dir);
        rewrite("\"content\" : \"<s>\",\n    \"single_word\" : false,\n    \"lstrip\" : false,\n    \"rstrip\" : false,\n    \"normalized\" : false",
                "\"content\" : \"<s>\", \"normalized\" : true");
        Tokenizer normalized = Tokenizers.load(dir);
        assertArrayEquals(new int[] {1, 29874}, normalized.encode("<s>a"));
        assertArrayEquals(llama.encodeLiteral("<s>a"), normalized.encodeLiteral("<s>a"));
        assertArrayEquals(new int[] {1, 529, 29879, 29958}, normalized.encode("<s> <s>", new int[] {4, 7}));
    }

    @Test
    void whatATokenizerJsonMayNotSayIsNamed() throws IOException {
        new SpmTokenizer(SpmModels.of(Spaces.LLAMA, "\u2581a", "\u2581", "a"), SpmModels.BOUNDARIES).save(dir);
        assertRefused(UnsupportedModelException.class, "\"type\" is Unigram, supported is BPE", "\"type\" : \"BPE\"", "\"type\" : \"Unigram\"");
        assertRefused(UnsupportedModelException.class, "the normalizer {type=NFKC} is not supported", "\"type\" : \"Prepend\",\n        \"prepend\" : \"\u2581\"", "\"type\" : \"NFKC\"");
        assertRefused(UnsupportedModelException.class, "\"dropout\" is 0.1", "\"dropout\" : null", "\"dropout\" : 0.1");
        assertRefused(UnsupportedModelException.class, "the decoder {type=WordPiece} is not supported", "\"type\" : \"Fuse\"", "\"type\" : \"WordPiece\"");
        assertRefused(UnsupportedModelException.class, "\"type\" is Whitespace, supported is Metaspace", "\"pre_tokenizer\" : null", "\"pre_tokenizer\" : {\"type\": \"Whitespace\"}");
        assertRefused(ModelFormatException.class, "255 pieces for bytes: must be all 256 or none", "\"<0x41>\"", "\"0x41\"");
        assertRefused(ModelFormatException.class, "\"unk_token\" is \"?\": not in the vocabulary", "\"unk_token\" : \"<unk>\"", "\"unk_token\" : \"?\"");
        assertRefused(ModelFormatException.class, "id 3 is given twice, the second time to \"<0x01>\"", "\"<0x01>\" : 4", "\"<0x01>\" : 3");
        assertRefused(ModelFormatException.class, "a token with id 1048576", "\"<0x01>\" : 4", "\"<0x01>\" : 1048576");
        assertRefused(ModelFormatException.class, "a token with id -1", "\"<0x01>\" : 4", "\"<0x01>\" : -1");
        assertRefused(ModelFormatException.class, "merge 0, \"b\": not in the vocabulary", "[ \"\u2581\", \"a\" ]", "[ \"\u2581\", \"b\" ]");
        assertRefused(ModelFormatException.class, "merge 0 makes more than 1024 characters", "[ \"\u2581\", \"a\" ]", "[ \"\u2581\", \"" + "a".repeat(1024) + "\" ]");
        assertRefused(ModelFormatException.class, "added token \"<s>\" has id 7", "\"id\" : 1,", "\"id\" : 7,");
    }

    private void rewrite(String from, String to) throws IOException {
        Path file = dir.resolve("tokenizer.json");
        String text = Files.readString(file);
        // The pretty-printed lists differ in their indentation only.
        String pattern = String.join("\\s+", Arrays.stream(from.split("\\s+")).map(Pattern::quote).toList());
        String changed = Pattern.compile(pattern).matcher(text).replaceFirst(Matcher.quoteReplacement(to));
        assertTrue(!changed.equals(text), from);
        Files.writeString(file, changed);
    }

    private void assertRefused(Class<? extends ModelFormatException> type, String message, String from, String to) throws IOException {
        byte[] before = Files.readAllBytes(dir.resolve("tokenizer.json"));
        rewrite(from, to);
        assertContains(message, assertThrows(type, () -> Tokenizers.load(dir)));
        Files.write(dir.resolve("tokenizer.json"), before);
    }

    private static void assertContains(String expected, Exception e) {
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }

    // ---- GGUF's kind llama

    /** A small vocabulary as GGUF's pairs. */
    static Map<String, Object> ggufPairs() {
        List<Piece> pieces = SpmModels.of(Spaces.LLAMA, "\u2581\u2581", "\u2581a", "\u2581", "a").pieces();
        Map<String, Object> pairs = new LinkedHashMap<>();
        pairs.put("tokenizer.ggml.model", "llama");
        pairs.put("tokenizer.ggml.tokens", pieces.stream().map(Piece::text).toList());
        float[] scores = new float[pieces.size()];
        for (int id = 0; id < scores.length; id++) {
            scores[id] = pieces.get(id).score();
        }
        pairs.put("tokenizer.ggml.scores", scores);
        pairs.put("tokenizer.ggml.token_type", pieces.stream().mapToInt(p -> p.type().number()).toArray());
        pairs.put("tokenizer.ggml.bos_token_id", 1);
        pairs.put("tokenizer.ggml.eos_token_id", 2);
        pairs.put("tokenizer.ggml.unknown_token_id", 0);
        return pairs;
    }

    /** The same with some of them changed or, if "", left out. */
    private Path gguf(Map<String, Object> changes) throws IOException {
        Map<String, Object> pairs = ggufPairs();
        changes.forEach((key, value) -> {
            if (value.equals("")) {
                pairs.remove(key);
            } else {
                pairs.put(key, value);
            }
        });
        return Files.write(dir.resolve("vocab.gguf"), GgufBpeTest.bytes(pairs));
    }

    @Test
    void aGgufVocabularySaysWhatIsPutBeforeAText() throws IOException {
        int hr = 259, twoSpaces = 260, spaceA = 261, space = 262, a = 263;
        Tokenizer tokenizer = Tokenizers.load(gguf(Map.of()));
        assertEquals(SpmModels.BOUNDARIES, tokenizer.boundaries());
        assertArrayEquals(new int[] {twoSpaces, a, twoSpaces, a}, tokenizer.encode(" a  a"));
        tokenizer = Tokenizers.load(gguf(Map.of("tokenizer.ggml.add_space_prefix", false, "tokenizer.ggml.add_bos_token", false)));
        assertEquals(new Boundaries(OptionalInt.of(1), false, List.of(2)), tokenizer.boundaries());
        assertArrayEquals(new int[] {a, hr, a}, tokenizer.encode("a<hr>a"));
        tokenizer = Tokenizers.load(gguf(Map.of("tokenizer.ggml.remove_extra_whitespaces", true)));
        assertArrayEquals(new int[] {spaceA, spaceA}, tokenizer.encode(" a  a "));
        tokenizer = Tokenizers.load(gguf(Map.of("general.name", "Phi-3 mini")));
        assertArrayEquals(new int[] {spaceA, space, 2, spaceA, space, 1, twoSpaces, a}, tokenizer.encode("a </s> \na <s> a"));
    }

    @Test
    void whatATokenAsksOfItsNeighboursIsNotDroppedOnTheWayToGguf() {
        assertContains("GGUF has no place for what token \"</s>\" asks", assertThrows(IllegalArgumentException.class,
                () -> GgufVocabularyWriter.put(new GgufMetadata.Builder(), stripping(), 262)));
        SpmModel phi3 = SpmModels.of(Spaces.LLAMA, "\u2581", "a");
        SpmTokenizer known = new SpmTokenizer(phi3.withAdded(phi3.added().stream().map(t -> stripping(t, t.id() >= 2, false)).toList()), SpmModels.BOUNDARIES);
        GgufVocabularyWriter.put(new GgufMetadata.Builder().string("general.name", "Phi-3-mini"), known, 262); // readers know what this one's tokens ask
        assertThrows(IllegalArgumentException.class, () -> GgufVocabularyWriter.put(new GgufMetadata.Builder().string("general.name", "Phi-3-mini"),
                new SpmTokenizer(phi3, SpmModels.BOUNDARIES), 262));
    }

    private static AddedToken stripping(AddedToken t, boolean right, boolean left) {
        return new AddedToken(t.id(), t.content(), t.singleWord(), left, right, t.normalized(), t.special());
    }

    /** One whose end takes the white space beside it along. */
    private static SpmTokenizer stripping() {
        List<Piece> pieces = new ArrayList<>(SpmModels.of(Spaces.LLAMA, "\u2581", "a").pieces());
        pieces.remove(259);
        SpmModel model = SpmModel.ofScores(pieces, Spaces.LLAMA, OptionalInt.of(0));
        return new SpmTokenizer(model.withAdded(model.added().stream().map(t -> t.id() == 2 ? stripping(t, true, true) : t).toList()), SpmModels.BOUNDARIES);
    }

    @Test
    void malformedGgufVocabulariesAreRefusedByName() throws IOException {
        assertGguf("\"tokenizer.ggml.scores\" is missing", "scores", "");
        assertGguf("\"tokenizer.ggml.token_type\" is missing", "token_type", "");
        assertGguf("264 tokens, 1 scores and 264 types: must be as many of each", "scores", new float[1]);
        assertGguf("264 tokens, 264 scores and 2 types: must be as many of each", "token_type", new int[2]);
        assertGguf("token 0 has type 0 and score 0.0: must be in [1, 6] and a number", "token_type", new int[264]);
        float[] scores = new float[264];
        scores[263] = Float.NaN;
        assertGguf("token 263 has type 1 and score NaN", "scores", scores);
        assertGguf("bosId = 264: must be in [0, 264)", "bos_token_id", 264);
        assertGguf("unkId = 264: must be in [0, 264)", "unknown_token_id", 264);
    }

    private void assertGguf(String message, String key, Object value) throws IOException {
        Path file = gguf(Map.of("tokenizer.ggml." + key, value));
        assertContains(file + ": ", assertThrows(ModelFormatException.class, () -> Tokenizers.load(file)));
        assertContains(message, assertThrows(ModelFormatException.class, () -> Tokenizers.load(file)));
    }

    // ---- llama2.c's tokenizer.bin

    @Test
    void theTokenizerOfStories260KSpeaksItsText() throws IOException {
        SpmTokenizer tokenizer = Llama2cTokenizer.read(Shared.path("models/stories260K/tok512.bin"));
        JsonObject expected = JsonObject.read(Shared.path("models/stories260K/expected-f64.json"));
        int[] ids = expected.ints("ids").stream().mapToInt(i -> i).toArray();
        String text = expected.string("text");
        assertEquals(text, tokenizer.decode(Arrays.copyOfRange(ids, 1, ids.length)));
        assertEquals("<s>" + text, tokenizer.decode(ids));
        assertArrayEquals(Arrays.copyOfRange(ids, 1, ids.length), tokenizer.encode(text));
        assertEquals(new Boundaries(OptionalInt.of(1), true, List.of(2)), tokenizer.boundaries());
    }

    @Test
    void tokenizerBinIsWrittenByteForByte() throws IOException {
        Path file = Shared.path("models/stories260K/tok512.bin");
        Path copy = dir.resolve("tokenizer.bin");
        Llama2cTokenizer.write(copy, (SpmTokenizer) Tokenizers.load(file));
        assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(copy));

        // And as a tokenizer.json between: the scores are others, their order is not.
        Tokenizers.load(file).save(dir);
        SpmTokenizer json = (SpmTokenizer) Tokenizers.load(dir.resolve("tokenizer.json"));
        Llama2cTokenizer.write(copy, json);
        assertSameIds(Tokenizers.load(file), Tokenizers.load(copy));
    }

    @Test
    void everyPrefixOfATokenizerBinIsRefusedOrHasFewerTokens() throws IOException {
        byte[] all = Files.readAllBytes(Shared.path("models/stories260K/tok512.bin"));
        Path file = dir.resolve("tokenizer.bin");
        int loaded = 0;
        for (int length = 0; length < all.length; length++) {
            Files.write(file, Arrays.copyOf(all, length));
            try {
                int size = Llama2cTokenizer.read(file).vocabSize();
                assertTrue(size >= 259 && size < 512);
                loaded++;
            } catch (ModelFormatException e) {
                assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
            }
        }
        assertEquals(512 - 259, loaded); // cut between two tokens: a model's vocabulary is larger then
    }

    @Test
    void malformedTokenizerBinsAreRefusedByName() throws IOException {
        assertBin("the score of token 0 is not a number", 4, Float.floatToRawIntBits(Float.NaN));
        assertBin("token 0 has length -1", 8, -1);
        assertBin("token 0 has length 2147483647", 8, Integer.MAX_VALUE);
        assertBin("token 0 has length 8: must be in [0, 7]", 8, 8);
        assertBin("token 0 has length 5: must be in [0, 4]", 0, 4);
        assertBin("token 3 is \"<0x20>\", supported is <0x00>", 4 + 3 * 8 + 5 + 5 + 6 + 8, 0x3278303C);
    }

    private void assertBin(String message, int at, int value) throws IOException {
        byte[] bytes = Files.readAllBytes(Shared.path("models/stories260K/tok512.bin"));
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(at, value);
        Path file = Files.write(dir.resolve("tokenizer.bin"), bytes);
        assertContains(message, assertThrows(ModelFormatException.class, () -> Llama2cTokenizer.read(file)));
    }

    @Test
    void aTokenizerBinIsKnownWhateverItsLongestTokenIs() throws IOException {
        for (int longest : new int[] {'\n', ' ', '[', '{', '{' + 256}) {
            SpmModel model = SpmModels.of(Spaces.LLAMA, "\u2581", "a".repeat(longest));
            List<Piece> pieces = new ArrayList<>(model.pieces());
            pieces.remove(259); // no such kind there
            Llama2cTokenizer.write(dir.resolve("tokenizer.bin"),
                    new SpmTokenizer(SpmModel.ofScores(pieces, Spaces.LLAMA, OptionalInt.of(0)), SpmModels.BOUNDARIES));
            assertEquals(261, Tokenizers.load(dir).vocabSize());
        }
    }

    @Test
    void whatATokenizerBinCannotSayIsNamed() throws IOException {
        Path file = dir.resolve("tokenizer.bin");
        assertContains("id 259 cannot be the USER_DEFINED piece \"<hr>\"", assertThrows(IllegalArgumentException.class, () -> Llama2cTokenizer.write(file,
                new SpmTokenizer(SpmModels.of(Spaces.LLAMA, "\u2581", "a"), SpmModels.BOUNDARIES))));
        assertContains("what token \"</s>\" asks", assertThrows(IllegalArgumentException.class, () -> Llama2cTokenizer.write(file, stripping())));
        assertContains("begins with id 1", assertThrows(IllegalArgumentException.class, () -> Llama2cTokenizer.write(file,
                new SpmTokenizer(SpmModels.of(Spaces.LLAMA, "\u2581", "a"), Boundaries.NONE))));
        assertContains("prefix=NONE", assertThrows(IllegalArgumentException.class, () -> Llama2cTokenizer.write(file,
                new SpmTokenizer(SpmModels.of(new Spaces(Prefix.NONE, false, false), "\u2581", "a"), SpmModels.BOUNDARIES))));
    }

    // ---- SentencePiece's tokenizer.model

    @Test
    void aSentencePieceModelGivesTheIdsOfItsVocabulary() throws IOException {
        SpmTokenizer llama = SpmModels.llama();
        Files.write(dir.resolve("tokenizer.model"), sentencePiece(llama.model(), 2, false, new byte[0]));
        SpmTokenizer read = (SpmTokenizer) Tokenizers.load(dir);
        assertEquals(llama.model(), read.model());
        assertEquals(llama.boundaries(), read.boundaries());
        assertSameIds(llama, read);

        Files.writeString(dir.resolve("tokenizer_config.json"), "{\"add_bos_token\": false}");
        assertEquals(new Boundaries(OptionalInt.of(1), false, List.of(2)), Tokenizers.load(dir).boundaries());
        Files.delete(dir.resolve("tokenizer_config.json"));

        Files.write(dir.resolve("tokenizer.model"), sentencePiece(llama.model(), 2, true, new byte[0]));
        assertArrayEquals(llama.encode("a b"), Tokenizers.load(dir).encode("  a  b "));
    }

    @Test
    void otherSentencePieceModelsAreNamed() throws IOException {
        SpmModel model = SpmModels.of(Spaces.LLAMA, "\u2581", "a");
        assertSentencePiece("of type UNIGRAM, supported is BPE", sentencePiece(model, 1, false, new byte[] {1}));
        assertSentencePiece("of type 9, supported is BPE", sentencePiece(model, 9, false, new byte[0]));
        assertSentencePiece("\"precompiled_charsmap\" normalizes more than spaces", sentencePiece(model, 2, false, new byte[] {1}));
    }

    @Test
    void tokensThatHuggingFaceAddedToASentencePieceModelAreNotForgotten() throws IOException {
        Files.write(dir.resolve("tokenizer.model"), sentencePiece(SpmModels.of(Spaces.LLAMA, "\u2581", "a"), 2, false, new byte[0]));
        Files.writeString(dir.resolve("tokenizer_config.json"), "{\"added_tokens_decoder\": {\"1\": {\"content\": \"<s>\"}}}");
        assertEquals(262, Tokenizers.load(dir).vocabSize());
        Files.writeString(dir.resolve("tokenizer_config.json"), "{\"added_tokens_decoder\": {\"262\": {\"content\": \"<|user|>\"}}}");
        assertContains("adds token 262 to the 262 pieces", assertThrows(UnsupportedModelException.class, () -> Tokenizers.load(dir)));
    }

    private void assertSentencePiece(String message, byte[] bytes) throws IOException {
        Path file = Files.write(dir.resolve("tokenizer.model"), bytes);
        assertContains(message, assertThrows(UnsupportedModelException.class, () -> Tokenizers.load(file)));
    }

    @Test
    void prefixesAndChangedBytesOfASentencePieceModelAreReadOrRefused() throws IOException {
        byte[] all = sentencePiece(SpmModels.of(Spaces.LLAMA, "\u2581", "a"), 2, false, new byte[0]);
        Path file = dir.resolve("tokenizer.model");
        for (int i = 0; i < all.length; i += i < 100 || i > all.length - 100 ? 1 : 7) { // the pieces of bytes are all alike
            byte[] changed = all.clone();
            changed[i] ^= (byte) (1 << i % 8);
            for (byte[] bytes : List.of(Arrays.copyOf(all, i), changed)) {
                Files.write(file, bytes);
                try {
                    SentencePieceFile.read(file);
                } catch (ModelFormatException e) {
                    assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
                }
            }
        }
        assertProtobuf("field 1 has wire type 0 where a message should be", 0x08, 0x01);
        assertProtobuf("a number has more than 64 bits", 0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF);
        assertProtobuf("field 1 has 5 bytes, and 1 are left", 0x0A, 0x05, 0x00);
        assertProtobuf("field 1 has 18446744073709551615 bytes", 0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01);
        assertProtobuf("field 1 has wire type 3", 0x0B);
        assertProtobuf("a field has number 0", 0x02, 0x00);
        assertProtobuf("it ends within field 2", 0x0A, 0x02, 0x15, 0x00);
        assertProtobuf("piece 0 is \"\" with score 0.0 and type 1", 0x0A, 0x00);
        assertProtobuf("field 1 is not UTF-8", 0x0A, 0x03, 0x0A, 0x01, 0xFF);
    }

    private void assertProtobuf(String message, int... bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Arrays.stream(bytes).forEach(out::write);
        Path file = Files.write(dir.resolve("tokenizer.model"), out.toByteArray());
        assertContains(message, assertThrows(ModelFormatException.class, () -> SentencePieceFile.read(file)));
    }

    static byte[] sentencePiece(SpmModel model, int type, boolean collapse, byte[] charsmap) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Piece piece : model.pieces()) {
            ByteArrayOutputStream message = new ByteArrayOutputStream();
            field(message, 1, piece.text().getBytes(StandardCharsets.UTF_8));
            message.write(2 << 3 | 5);
            message.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(piece.score()).array());
            if (piece.type() != Type.NORMAL) { // what is not said is normal
                message.writeBytes(new byte[] {3 << 3, (byte) piece.type().number()});
            }
            field(out, 1, message.toByteArray());
        }
        field(out, 2, new byte[] {3 << 3, (byte) type, 4 << 3, (byte) 0x80, 0x7D, (byte) 0xC0, 0x02, 0}); // model_type, vocab_size 16000, unk_id
        ByteArrayOutputStream normalizer = new ByteArrayOutputStream();
        field(normalizer, 1, "identity".getBytes(StandardCharsets.UTF_8));
        field(normalizer, 2, charsmap);
        normalizer.writeBytes(new byte[] {3 << 3, 1, 4 << 3, (byte) (collapse ? 1 : 0)});
        field(out, 3, normalizer.toByteArray());
        return out.toByteArray();
    }

    private static void field(ByteArrayOutputStream out, int number, byte[] bytes) {
        out.write(number << 3 | 2);
        int n = bytes.length;
        for (; n >= 128; n >>>= 7) {
            out.write(n & 0x7F | 0x80);
        }
        out.write(n);
        out.writeBytes(bytes);
    }
}
