package org.neuralattention.tokenize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.neuralattention.testing.Shared;
import org.neuralattention.tokenize.BpeModel.Merge;
import org.neuralattention.tokenize.SpmModel.Piece;
import org.neuralattention.tokenize.SpmModel.Prefix;
import org.neuralattention.tokenize.SpmModel.Spaces;
import org.neuralattention.tokenize.SpmModel.Type;

class SpmTokenizerTest {

    private static final SpmTokenizer SMALL = new SpmTokenizer(
            SpmModels.of(Spaces.LLAMA, "\u2581\u2581", "aa", "aaaa", "\u2581a", "the", "th", "\u2581", "a", "t", "h", "e", "<", "s", ">"), SpmModels.BOUNDARIES);
    private static final int SPACE = 266;
    private static final int A = 267;

    @Test
    void theIdsOfLlama2AndPhi3AreThoseOfLlamaCpp() throws IOException {
        for (String name : List.of("llama-spm", "phi-3")) {
            Path file = Shared.path("tokenizers/gguf-vocab/ggml-vocab-" + name + ".gguf");
            Tokenizer tokenizer = Tokenizers.load(file);
            String[] texts = Files.readString(Path.of(file + ".inp")).split("\n__ggml_vocab_test__\n");
            List<String> lines = Files.readAllLines(Path.of(file + ".out"));
            assertEquals(46, lines.size());
            for (int i = 0; i < lines.size(); i++) {
                assertArrayEquals(TestModels.ints(lines.get(i)), tokenizer.encode(texts[i]), texts[i]);
                assertEquals(texts[i], tokenizer.decode(tokenizer.encode(texts[i])));
            }
            assertEquals(OptionalInt.of(1), tokenizer.bosId());
        }
        assertEquals(List.of(32000, 32007), Tokenizers.load(Shared.path("tokenizers/gguf-vocab/ggml-vocab-phi-3.gguf")).eosIds());
        assertEquals(List.of(2), SpmModels.llama().eosIds());
    }

    @Provide
    Arbitrary<String> texts() {
        return Texts.any();
    }

    @Provide
    Arbitrary<List<String>> manyTexts() {
        return Texts.any().list().ofSize(50);
    }

    @Property(tries = 1000)
    void decodingWhatWasEncodedGivesTheText(@ForAll("texts") String text) {
        assertEquals(Texts.wellFormed(text).replace('\u2581', ' '), SMALL.decode(SMALL.encode(text)));
    }

    @Property(tries = 20)
    void textsComeBackFromLlamasIds(@ForAll("manyTexts") List<String> some) throws IOException {
        SpmTokenizer llama = SpmModels.llama();
        for (String text : some) {
            assertEquals(Texts.wellFormed(text).replace('\u2581', ' '), llama.decode(llama.encode(text)));
        }
    }

    @Property(tries = 3000)
    void idsAreThoseOfTheRuleTakenLiterally(@ForAll long seed) {
        Random random = new Random(seed);
        SpmModel model = SpmModels.random(random, random.nextBoolean(), random.nextBoolean());
        SpmTokenizer tokenizer;
        try {
            tokenizer = new SpmTokenizer(model, Boundaries.NONE);
        } catch (IllegalArgumentException e) { // an unused piece of more than one way: refused
            Assume.that(!e.getMessage().endsWith("in more than one way"));
            throw e;
        }
        String text = randomText(random, 1 + random.nextInt(2 * PairMerger.SHORT));
        assertArrayEquals(SpmModels.naive(model, text), tokenizer.encode(text), text);
    }

    private static String randomText(Random random, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(new String[] {"a", "b", " ", "\u2581", "\ud83d\ude42", "c"}[random.nextInt(random.nextInt(6) + 1)]);
        }
        return text.toString();
    }

    @Property(tries = 1000)
    void bothWaysToMergeAgree(@ForAll long seed) {
        Random random = new Random(seed);
        SpmVocabulary vocabulary = new SpmVocabulary(SpmModels.random(random, true, false));
        PairMerger shortOne = vocabulary.merger();
        PairMerger longOne = vocabulary.merger();
        for (int word = 0; word < 3; word++) { // the same working memory again
            shortOne.clear();
            longOne.clear();
            for (int i = 1 + random.nextInt(PairMerger.SHORT); i > 0; i--) {
                int symbol = Math.max(259, vocabulary.symbols().get("ab\u2581".charAt(random.nextInt(3))));
                shortOne.add(symbol);
                longOne.add(symbol);
            }
            shortOne.mergeShort();
            longOne.mergeLong();
            assertEquals(shortOne.size(), longOne.size());
            for (int i = 0; i < shortOne.size(); i++) {
                assertEquals(shortOne.get(i), longOne.get(i));
            }
        }
    }

    @Test
    void aMillionEqualLettersOrSpacesTakeNoQuadraticTime() {
        for (String text : List.of("a".repeat(1 << 20), " ".repeat(1 << 20), "th".repeat(1 << 19), "\u0000".repeat(1 << 20))) {
            int[] ids = assertTimeoutPreemptively(Duration.ofSeconds(20), () -> SMALL.encode(text));
            assertEquals(text, SMALL.decode(ids));
        }
    }

    @Test
    void mergesAreInTheOrderOfAList() {
        SpmModel byScore = SpmModels.of(Spaces.LLAMA, "ab", "bc", "\u2581", "a", "b", "c");
        List<Merge> merges = List.of(new Merge("b", "c"), new Merge("a", "b"));
        SpmModel listed = new SpmModel(byScore.pieces(), Optional.of(merges), byScore.spaces(), byScore.added(), byScore.unkId(), true, false);
        assertArrayEquals(new int[] {262, 260, 265}, new SpmTokenizer(byScore, Boundaries.NONE).encode("abc"));
        assertArrayEquals(new int[] {262, 263, 261}, new SpmTokenizer(listed, Boundaries.NONE).encode("abc"));
        SpmModel whole = new SpmModel(byScore.pieces(), Optional.of(merges), new Spaces(Prefix.NONE, false, true), byScore.added(), byScore.unkId(), true, true);
        assertArrayEquals(new int[] {260}, new SpmTokenizer(whole, Boundaries.NONE).encode("ab"));
    }

    @Test
    void aSpaceIsPutWhereTheSchemeSays() {
        assertEquals("_ a <s> _ a </s> _ _ a <hr>", encoded(Prefix.EACH, "a<s>a</s> a<hr>"));
        assertEquals("_ a <s> _ a </s> _ a <hr>", encoded(Prefix.EACH_WORD, "a<s>a</s> a<hr>"));
        assertEquals("_ a <s> a </s> _ a <hr>", encoded(Prefix.FIRST, "a<s>a</s> a<hr>"));
        assertEquals("<s> a", encoded(Prefix.FIRST, "<s>a"));
        assertEquals("a <s> a </s> _ a <hr>", encoded(Prefix.NONE, "a<s>a</s> a<hr>"));
        assertEquals("_ _ a", encoded(Prefix.EACH, " a"));
        assertEquals("_ a", encoded(Prefix.EACH_WORD, " a"));
        assertEquals("_ a", encoded(Prefix.FIRST, " a"));
    }

    @Test
    void aStreamGoesOnFromWhatCameBefore() throws IOException {
        SpmTokenizer llama = SpmModels.llama();
        int[] ids = llama.encode("Once upon a \ud83e\udd99");
        assertEquals("Once upon a \ud83e\udd99", streamed(llama.streamDecoder(), ids));
        assertEquals("Once upon a \ud83e\udd99", streamed(llama.streamDecoder(1), ids));
        for (int cut = 1; cut < ids.length; cut++) {
            int[] before = Arrays.copyOf(ids, cut);
            String whole = llama.decode(before).replace("\ufffd", "") + streamed(llama.streamDecoder(before), Arrays.copyOfRange(ids, cut, ids.length));
            assertEquals("Once upon a \ud83e\udd99", whole);
        }
        assertEquals("\ufffd", llama.streamDecoder(ids[ids.length - 4]).end());
        assertThrows(IllegalArgumentException.class, () -> llama.streamDecoder(32000));
        assertThrows(IllegalArgumentException.class, () -> llama.bytes(-2, 5));
    }

    private static String streamed(StreamDecoder decoder, int[] ids) {
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(decoder.next(id));
        }
        return text + decoder.end();
    }

    @Property(tries = 300)
    void decodingFromAnywhereIsDecodingOfTheWhole(@ForAll long seed) {
        Random random = new Random(seed);
        int[] ids = random.ints(1 + random.nextInt(30), 0, SMALL.vocabSize()).toArray();
        int cut = random.nextInt(ids.length + 1);
        int[] before = Arrays.copyOf(ids, cut);
        StreamDecoder all = SMALL.streamDecoder();
        StringBuilder first = new StringBuilder();
        for (int id : before) {
            first.append(all.next(id));
        }
        String rest = streamed(SMALL.streamDecoder(before), Arrays.copyOfRange(ids, cut, ids.length));
        assertEquals(SMALL.decode(ids), first + rest);
    }

    @Test
    void theSpaceThatWasPutBeforeIsRemovedAndNoOther() {
        assertEquals("a", SMALL.decode(SPACE, A));
        assertEquals("<s>a", SMALL.decode(1, SPACE, A));
        assertEquals("a a</s> a", SMALL.decode(SPACE, A, SPACE, A, 2, SPACE, SPACE, A));
        SpmTokenizer first = new SpmTokenizer(SpmModels.of(new Spaces(Prefix.FIRST, false, false), "\u2581", "a"), SpmModels.BOUNDARIES);
        assertEquals("<s>a</s> a", first.decode(1, 260, 261, 2, 260, 261));
        SpmTokenizer none = new SpmTokenizer(SpmModels.of(new Spaces(Prefix.NONE, false, false), "\u2581", "a"), SpmModels.BOUNDARIES);
        assertEquals(" a", none.decode(260, 261));
        assertEquals(" a", SMALL.decode(3 + ' ', A)); // a byte is what it is
    }

    @Test
    void contradictionsAreNamed() {
        List<Piece> pieces = SpmModels.of(Spaces.LLAMA, "\u2581", "a").pieces();
        assertRefused("piece 262, \"a\", is there twice", pieces, new Piece("a", 0, Type.NORMAL));
        assertRefused("piece 262, \"<0x41>\": is there twice", pieces, new Piece("<0x41>", 0, Type.BYTE));
        assertRefused("piece 262, \"A\": a byte's must be written <0x41>", pieces, new Piece("A", 0, Type.BYTE));
        assertRefused("255 pieces for bytes: must be all 256 or none", pieces.subList(0, 258));
        assertRefused("piece 262 has 1025 characters: at most 1024 can be merged", pieces, new Piece("a".repeat(1025), 0, Type.NORMAL));
        assertRefused("piece 263, \"aaa\", is unused and can be made of others in more than one way", pieces, new Piece("aa", 0, Type.NORMAL),
                new Piece("aaa", 0, Type.UNUSED));
        List<Piece> two = List.of(new Piece("a", 0, Type.NORMAL), new Piece("b", 0, Type.NORMAL));
        assertEquals("there is neither an unknown piece nor one for each byte", assertThrows(IllegalArgumentException.class,
                () -> new SpmTokenizer(SpmModel.ofScores(two, Spaces.LLAMA, OptionalInt.empty()), Boundaries.NONE)).getMessage());
        assertEquals("unkId = 2: must be in [0, 2)", assertThrows(IllegalArgumentException.class,
                () -> new SpmTokenizer(SpmModel.ofScores(two, Spaces.LLAMA, OptionalInt.of(2)), Boundaries.NONE)).getMessage());
        assertEquals("bosId = 2: must be in [0, 2)", assertThrows(IllegalArgumentException.class,
                () -> new SpmTokenizer(SpmModel.ofScores(two, Spaces.LLAMA, OptionalInt.of(0)), new Boundaries(OptionalInt.of(2), true, List.of()))).getMessage());
    }

    private static void assertRefused(String message, List<Piece> pieces, Piece... more) {
        List<Piece> all = new ArrayList<>(pieces);
        all.addAll(List.of(more));
        assertEquals(message, assertThrows(IllegalArgumentException.class,
                () -> new SpmTokenizer(SpmModel.ofScores(all, Spaces.LLAMA, OptionalInt.of(0)), SpmModels.BOUNDARIES)).getMessage());
    }

    /** The pieces, U+2581 written _ and a space put between them. */
    private static String encoded(Prefix prefix, String text) {
        SpmModel model = SpmModels.of(new Spaces(prefix, false, false), "\u2581", "a");
        List<String> pieces = new ArrayList<>();
        for (int id : new SpmTokenizer(model, SpmModels.BOUNDARIES).encode(text)) {
            pieces.add(model.pieces().get(id).text());
        }
        return String.join(" ", pieces).replace(SpmModel.SPACE, '_');
    }
}
