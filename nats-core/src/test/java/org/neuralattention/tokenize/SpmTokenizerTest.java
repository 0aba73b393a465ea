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

    @Property(tries = 1000)
    void decodingWhatWasEncodedGivesTheText(@ForAll("texts") String text) {
        assertEquals(Texts.wellFormed(text).replace('\u2581', ' '), SMALL.decode(SMALL.encode(text)));
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
                int symbol = Math.max(259, vocabulary.symbol("ab\u2581".charAt(random.nextInt(3))));
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
