package org.neuralattention.tokenize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.neuralattention.io.JsonObject;
import org.neuralattention.testing.Shared;
import org.neuralattention.tokenize.BpeModel.Merge;
import org.neuralattention.tokenize.BpeModel.Ranks;

class BpeTokenizerTest {

    private static final BpeTokenizer SMALL = new BpeTokenizer(TestModels.small(), new Boundaries(OptionalInt.of(300), true, List.of()));

    @Provide
    Arbitrary<String> texts() {
        return Texts.any();
    }

    @Property(tries = 1000)
    void decodingWhatWasEncodedGivesTheText(@ForAll("texts") String text) {
        assertEquals(Texts.wellFormed(text), SMALL.decode(SMALL.encode(text)));
    }

    @Test
    void theBookModelsIdsAreEqualToThoseOfHuggingFace() throws IOException {
        Tokenizer tokenizer = Tokenizers.load(Shared.path("models/books-llama"));
        JsonObject expected = JsonObject.read(Shared.path("models/books-llama/expected.json"));
        for (Object element : expected.list("tokenizer")) {
            JsonObject vector = JsonObject.of("vector", element);
            String text = vector.string("text");
            int[] ids = vector.ints("ids").stream().mapToInt(i -> i).toArray();
            assertArrayEquals(ids, tokenizer.encode(text), text);
            assertEquals(text, tokenizer.decode(ids));
        }
        assertEquals(2048, tokenizer.vocabSize());
        assertEquals(OptionalInt.of(0), tokenizer.bosId());
        assertEquals(OptionalInt.of(0), tokenizer.eosId());
        List<Integer> prompt = new ArrayList<>(List.of(tokenizer.bosId().getAsInt()));
        Arrays.stream(tokenizer.encode(expected.string("prompt"))).forEach(prompt::add);
        assertEquals(expected.ints("prompt_ids"), prompt);
    }

    @Test
    void gpt2sIdsAreThoseOfTiktokenAndLlamaCpp() throws IOException {
        BpeTokenizer gpt2 = TestModels.gpt2();
        String[] texts = Files.readString(Shared.path("tokenizers/gguf-vocab/ggml-vocab-gpt-2.gguf.inp")).split("\n__ggml_vocab_test__\n");
        List<String> lines = Files.readAllLines(Shared.path("tokenizers/gguf-vocab/ggml-vocab-gpt-2.gguf.out"));
        assertEquals(46, lines.size());
        for (int i = 0; i < lines.size(); i++) {
            assertArrayEquals(TestModels.ints(lines.get(i)), gpt2.encode(texts[i]), texts[i]);
            assertEquals(texts[i], gpt2.decode(gpt2.encode(texts[i])));
        }
        for (List<String> row : TestModels.csv(Shared.path("tokenizers/tiktoken/r50k_base_encodings.csv"))) {
            assertArrayEquals(TestModels.ints(row.get(1)), gpt2.encode(row.get(0)), row.get(0));
        }
    }

    /** Short words, long words, and a list of strings that is searched again after each merge. */
    @Property(tries = 500)
    void allWaysToMergeAgree(@ForAll long seed) {
        Random random = new Random(seed);
        BpeModel model = TestModels.random(random);
        BpeTokenizer tokenizer = new BpeTokenizer(model, Boundaries.NONE);
        byte[] word = new byte[1 + random.nextInt(PairMerger.SHORT)];
        for (int i = 0; i < word.length; i++) {
            word[i] = (byte) ('a' + random.nextInt(3));
        }
        int[] expected = naive(model, word);
        assertArrayEquals(expected, tokenizer.encode(new String(word, java.nio.charset.StandardCharsets.US_ASCII)));
        for (boolean shortWord : new boolean[] {true, false}) {
            PairMerger merger = tokenizer.merger();
            for (byte b : word) {
                merger.add(b); // in these models an ASCII character is its id
            }
            if (shortWord) {
                merger.mergeShort();
            } else {
                merger.mergeLong();
            }
            assertArrayEquals(expected, IntStream.range(0, merger.size()).map(merger::get).toArray());
        }
    }

    private static int[] naive(BpeModel model, byte[] word) {
        List<String> parts = new ArrayList<>();
        for (byte b : word) {
            parts.add(ByteAlphabet.toString(b));
        }
        for (int best = 0; best >= 0;) {
            best = -1;
            int bestRank = Integer.MAX_VALUE;
            for (int i = 0; i + 1 < parts.size(); i++) {
                int rank = rank(model, parts.get(i), parts.get(i + 1));
                if (rank >= 0 && rank < bestRank) {
                    best = i;
                    bestRank = rank;
                }
            }
            if (best >= 0) {
                parts.set(best, parts.get(best) + parts.remove(best + 1));
            }
        }
        return parts.stream().mapToInt(model.vocab()::get).toArray();
    }

    private static int rank(BpeModel model, String left, String right) {
        List<Merge> merges = model.merges();
        int rank = merges.lastIndexOf(new Merge(left, right));
        while (rank > 0 && model.ranks() == Ranks.OF_RESULTS
                && (merges.get(rank - 1).left() + merges.get(rank - 1).right()).equals(left + right)) {
            rank--;
        }
        return rank;
    }

    @Test
    void aMillionEqualLettersAreOneWordLikeAnyOther() {
        String text = "a".repeat(1 << 20);
        int[] ids = SMALL.encode(text);
        assertEquals(text, SMALL.decode(ids));
        assertEquals(1 << 18, ids.length); // "aaaa" is the longest token of a's
    }

    /** Counted, not timed: what the queue does for a word of n bytes, however many of its pairs are alike. */
    @Test
    void theWorkForALongWordIsLinearInItsLength() throws IOException {
        BpeTokenizer gpt2 = TestModels.gpt2();
        for (String part : new String[] {"a", "7", "\ud83d\ude42", "ab", "antidisestablishmentarianism", "=-", "\u65e5\u672c\u8a9e"}) {
            long half = steps(gpt2, part, 20_000);
            long whole = steps(gpt2, part, 40_000);
            assertTrue(whole <= 2.01 * half, part + ": " + half + ", twice as long " + whole);
            assertTrue(whole <= 40_000 * 6, part + ": " + whole);
        }
    }

    private static long steps(BpeTokenizer tokenizer, String part, int length) {
        PairMerger merger = tokenizer.merger();
        byte[] bytes = Texts.utf8(part);
        for (int i = 0; i < length; i++) {
            merger.add(tokenizer.model().vocab().get(ByteAlphabet.toString(bytes[i % bytes.length])));
        }
        merger.mergeLong();
        return merger.steps();
    }

    @Test
    void addedTokensAreFoundLeftmostAndLongest() {
        assertArrayEquals(new int[] {300, 301, 'x', 300}, SMALL.encode("<|endoftext|><|endoftext|>!x<|endoftext|>"));
        assertArrayEquals(new int[] {'<', '|', 'x', 300}, SMALL.encode("<|x<|endoftext|>"));
        assertEquals("<|endoftext|>!", SMALL.decode(301));
    }

    @Test
    void aSpecialTokenThatTouchesALiteralRangeIsText() {
        String text = "<|endoftext|>a<|endoftext|>";
        assertArrayEquals(new int[] {300, 'a', 300}, SMALL.encode(text, new int[] {13, 14}));
        int[] written = "<|endoftext|>".chars().toArray();
        for (int[] touching : new int[][] {{0, 1}, {12, 13}, {12, 14}, {5, 6}, {0, 0, 3, 4}}) {
            assertArrayEquals(join(written, new int[] {'a', 300}), write(SMALL.encode(text, touching)), Arrays.toString(touching));
        }
        for (int[] beside : new int[][] {{}, {13, 13}, {5, 5}, {0, 0, 13, 14, 27, 27}}) {
            assertArrayEquals(new int[] {300, 'a', 300}, SMALL.encode(text, beside), Arrays.toString(beside));
        }
        assertArrayEquals(join(written, new int[] {'a'}, written), write(SMALL.encodeLiteral(text)));
        assertArrayEquals(new int[] {301}, SMALL.encodeLiteral("<|endoftext|>!")); // added, but not special
    }

    /** Bytes for the tokens of merges, so that the text can be compared with its characters. */
    private static int[] write(int[] ids) {
        return IntStream.of(ids).flatMap(id -> id >= 256 && id < 300 ? SMALL.decode(id).chars() : IntStream.of(id)).toArray();
    }

    private static int[] join(int[]... parts) {
        return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
    }

    @Property(tries = 500)
    void literalRangesChangeNothingWhereThereIsNoSpecialToken(@ForAll("texts") String text, @ForAll long seed) {
        String plain = text.replace("<|", "< |");
        int[] literal = new Random(seed).ints(6, 0, plain.length() + 1).sorted().toArray();
        assertArrayEquals(SMALL.encode(plain), SMALL.encode(plain, literal));
        assertEquals(Texts.wellFormed(text), SMALL.decode(SMALL.encodeLiteral(text)));
    }

    @Test
    void literalRangesAreChecked() {
        for (Tokenizer tokenizer : new Tokenizer[] {SMALL, new ByteTokenizer()}) {
            assertEquals("literal has 3 numbers: must be pairs [from, to)",
                    assertThrows(IllegalArgumentException.class, () -> tokenizer.encode("abc", new int[3])).getMessage());
            assertEquals("literal[1] = 4: must be in [0, 3]",
                    assertThrows(IllegalArgumentException.class, () -> tokenizer.encode("abc", new int[] {0, 4})).getMessage());
            assertEquals("literal[2] = 1: must be in [2, 3]",
                    assertThrows(IllegalArgumentException.class, () -> tokenizer.encode("abc", new int[] {0, 2, 1, 3})).getMessage());
        }
    }

    @Test
    void spaceAroundAnAddedTokenIsSplitAsAtTheEndsOfAText() {
        assertArrayEquals(new int[] {' ', ' ', 300, 'x'}, SMALL.encode("  <|endoftext|>x"));
    }

    @Test
    void aWordInTheVocabularyIsOneTokenIfMergesAreIgnored() {
        BpeModel merged = TestModels.small();
        assertArrayEquals(new int[] {'z', 'z', 'z'}, SMALL.encode("zzz")); // no merge leads to it
        BpeModel ignoring = new BpeModel(merged.vocab(), merged.merges(), Ranks.OF_PAIRS, true, merged.added(), Normalization.NONE, List.of(Split.GPT2));
        BpeTokenizer tokenizer = new BpeTokenizer(ignoring, Boundaries.NONE);
        assertArrayEquals(new int[] {259, ' ', 'z', 'z', 'z'}, tokenizer.encode("zzz zzz"));
    }

    private static BpeTokenizer with(Normalization normalization, List<Split> splits, AddedToken... added) {
        BpeModel model = TestModels.small();
        return new BpeTokenizer(new BpeModel(model.vocab(), model.merges(), Ranks.OF_PAIRS, false, List.of(added), normalization, splits), Boundaries.NONE);
    }

    @Test
    void mergesOfOneResultHaveOneRankIfRanksAreOfResults() {
        java.util.Map<String, Integer> vocab = new java.util.HashMap<>(ByteTokenizer.MODEL.vocab());
        vocab.putAll(java.util.Map.of("bb", 256, "bbb", 257));
        List<Merge> merges = List.of(new Merge("b", "b"), new Merge("b", "bb"), new Merge("bb", "b"));
        for (Ranks ranks : Ranks.values()) {
            BpeTokenizer tokenizer = new BpeTokenizer(
                    new BpeModel(vocab, merges, ranks, false, List.of(), Normalization.NONE, List.of()), Boundaries.NONE);
            // bb bb b: of the two ways to bbb the listed first one, or the one further left
            assertArrayEquals(new int[] {256, 257}, tokenizer.encode("bbbbb"), ranks.toString());
        }
    }

    @Test
    void textBetweenAddedTokensIsNormalized() {
        BpeTokenizer tokenizer = with(Normalization.NFC, List.of(Split.GPT2), new AddedToken(300, "e\u0301", false));
        assertArrayEquals(new int[] {0xC3, 0xA9, 300}, tokenizer.encode("\u00e9e\u0301"));
        assertArrayEquals(new int[] {0xC3, 0xA0}, tokenizer.encode("a\u0300"));
        AddedToken normalized = new AddedToken(300, "e\u0301", false, false, false, true, false);
        assertArrayEquals(new int[] {300, 300, 'e'}, with(Normalization.NFC, List.of(Split.GPT2), normalized).encode("\u00e9e\u0301e"));
        AddedToken special = new AddedToken(300, "<\u00e9>", false, false, false, true, true);
        BpeTokenizer chat = with(Normalization.NFC, List.of(Split.GPT2), special);
        assertArrayEquals(new int[] {300, 300}, chat.encode("<e\u0301><\u00e9>"));
        assertArrayEquals(new int[] {'<', 0xC3, 0xA9, '>', 300}, chat.encode("<e\u0301><\u00e9>", new int[] {2, 3}));
        assertArrayEquals(new int[] {300, '<', 0xC3, 0xA9, '>'}, chat.encode("<e\u0301><\u00e9>", new int[] {4, 7}));
        assertArrayEquals(new int[] {300, 300}, chat.encode("<e\u0301><\u00e9>", new int[] {4, 4}));
    }

    @Test
    void anAddedTokenTakesWhiteSpaceAlongIfItSaysSo() {
        BpeTokenizer tokenizer = with(Normalization.NONE, List.of(Split.GPT2), new AddedToken(300, "<l>", false, true, false, false, true),
                new AddedToken(301, "<r>", false, false, true, false, true));
        assertArrayEquals(new int[] {'x', 300, ' ', 'y'}, tokenizer.encode("x \n\u2003<l> y"));
        assertArrayEquals(new int[] {'x', ' ', 301, 'y'}, tokenizer.encode("x <r> \t\u00a0y"));
        assertArrayEquals(new int[] {301, 300, 300}, tokenizer.encode("<r>  <l>  <l>"));
        assertArrayEquals(new int[] {300, 301}, tokenizer.encode("  <l><r>  "));
    }

    @Test
    void aSingleWordIsNotFoundInsideOne() {
        BpeTokenizer tokenizer = with(Normalization.NONE, List.of(), new AddedToken(300, "bc", true, false, false, false, false),
                new AddedToken(301, "cd", false));
        assertArrayEquals(new int[] {300, '-', 300, ' ', 300, '.', 301}, tokenizer.encode("bc-bc bc.cd"));
        assertArrayEquals(new int[] {'b', 'c', 'd'}, tokenizer.encode("bcd")); // what is no word hides what begins in it
        for (String beside : new String[] {"a", "7", "_", "\u00e9", "\u0301", "\u200d", "\u65e5", "\ud835\udfd8", "\u2160"}) {
            assertEquals(false, IntStream.of(tokenizer.encode("bc" + beside)).anyMatch(id -> id >= 300), beside);
            assertEquals(false, IntStream.of(tokenizer.encode(beside + "bc")).anyMatch(id -> id >= 300), beside);
        }
        for (String beside : new String[] {" ", "\u2014", "\ud83d\ude42", "\u00b2"}) {
            assertArrayEquals(new int[] {300}, IntStream.of(tokenizer.encode(beside + "bc" + beside)).filter(id -> id >= 300).toArray(), beside);
        }
    }

    @Test
    void aByteThatTheVocabularyLacksIsLeftOut() {
        java.util.Map<String, Integer> vocab = new java.util.HashMap<>(TestModels.small().vocab());
        vocab.remove(ByteAlphabet.toString((byte) 3));
        vocab.remove(ByteAlphabet.toString((byte) 0xF2));
        BpeTokenizer tokenizer = new BpeTokenizer(new BpeModel(vocab, TestModels.small().merges(), List.of()), Boundaries.NONE);
        assertArrayEquals(new int[] {'x'}, tokenizer.encode("\u0003x\u0003"));
        assertArrayEquals(new int[] {0x80, 0x80, 0x80}, tokenizer.encode("\ud9c0\udc00"));
        assertArrayEquals(new int[0], tokenizer.encode("\u0003".repeat(100)));
        BpeModel whole = new BpeModel(vocab, TestModels.small().merges(), Ranks.OF_PAIRS, false, List.of(), Normalization.NONE, List.of());
        assertArrayEquals(new int[] {256}, new BpeTokenizer(whole, Boundaries.NONE).encode("a\u0003a")); // its neighbours meet
    }

    @Test
    void textIsCutByOneSplitAfterTheOther() {
        BpeTokenizer tokenizer = with(Normalization.NONE, List.of(Split.DIGITS, Split.GPT2));
        assertArrayEquals(new int[] {' ', '1', '2', ' ', 256, ' ', ' ', 257, 256}, tokenizer.encode(" 12 aa  aaaaaa"));
    }

    @Test
    void threadsMayShareATokenizer() {
        String text = "aaaa aaa the aa'll \u00e9\ud83d\ude42 ".repeat(200);
        int[] expected = SMALL.encode(text);
        assertTrue(IntStream.range(0, 64).parallel().allMatch(i -> Arrays.equals(expected, SMALL.encode(text))));
    }

    @Test
    void contradictionsAreNamed() {
        BpeModel model = TestModels.small();
        assertSays("merge 0, \"aqq\": not in the vocabulary", new BpeModel(model.vocab(), List.of(new Merge("a", "qq")), List.of())
                .vocab(), List.of(new Merge("aqq", "a")), List.of());
        assertSays("byte 9, \"\u0109\": not in the vocabulary", java.util.Map.of("a", 0), List.of(), List.of());
        String word = "a".repeat(1025);
        java.util.Map<String, Integer> tooLong = new java.util.HashMap<>(model.vocab());
        tooLong.put(word, 400);
        assertSays("the entry of id 400 has 1025 characters: at most 1024", tooLong, List.of(), List.of());
        assertSays("the entry of id 400 has 1025 characters: at most 1024", model.vocab(), List.of(), List.of(new AddedToken(400, word, true)));
        assertSays("added token 400 is empty", model.vocab(), List.of(), List.of(new AddedToken(400, "", true)));
        assertSays("added token \"aa\" has id 400, in the vocabulary 256", model.vocab(), List.of(), List.of(new AddedToken(400, "aa", true)));
        assertSays("id 97 is given twice, the second time to \"<s>\"", model.vocab(), List.of(), List.of(new AddedToken(97, "<s>", true)));
        assertSays("\"<s>\" has id -1: must be in [0, 1048575]", model.vocab(), List.of(), List.of(new AddedToken(-1, "<s>", true)));
        assertSays("\"<s>\" has id 2147483647: must be in [0, 1048575]", model.vocab(), List.of(), List.of(new AddedToken(Integer.MAX_VALUE, "<s>", true)));
        assertEquals("bosId = 302: must be in [0, 302)",
                assertThrows(IllegalArgumentException.class, () -> new BpeTokenizer(model, new Boundaries(OptionalInt.of(302), true, List.of()))).getMessage());
        assertEquals("id = 302: must be in [0, 302)", assertThrows(IllegalArgumentException.class, () -> SMALL.decode(302)).getMessage());
        assertEquals("", SMALL.decode(270)); // skipped by the vocabulary
    }

    private static void assertSays(String message, java.util.Map<String, Integer> vocab, List<Merge> merges, List<AddedToken> added) {
        BpeModel model = new BpeModel(vocab, merges, added);
        assertEquals(message, assertThrows(IllegalArgumentException.class,
                () -> new BpeTokenizer(model, Boundaries.NONE)).getMessage());
    }
}
