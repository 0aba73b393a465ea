package org.neuralattention.bench.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.tokenize.ByteTokenizer;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.tokenize.Tokenizers;

/** What is trained on and what is held out never overlap, and together are the text. */
class CorpusTest {

    private static final ByteTokenizer BYTES = new ByteTokenizer();

    @TempDir
    Path folder;

    @Test
    void theEndOfEachFileIsHeldOutFromTheStartOfACharacter() throws IOException {
        Path a = Files.writeString(folder.resolve("a.txt"), "x".repeat(95) + "€".repeat(2)); // 101 bytes; 96 is within the first sign
        Path b = Files.writeString(folder.resolve("b.txt"), "y".repeat(40));
        Corpus corpus = Corpus.read(List.of(folder), List.of(), BYTES);
        String training = BYTES.decode(corpus.training());
        assertEquals("x".repeat(95) + "€" + "y".repeat(38), training);
        assertEquals("€", BYTES.decode(corpus.heldOut().get(0)));
        assertEquals("yy", BYTES.decode(corpus.heldOut().get(1)));
        assertArrayEquals(Corpus.read(List.of(a, b), List.of(), BYTES).training(), corpus.training());
    }

    @Test
    void anyBytesAreATextForAByteModel() throws IOException {
        byte[] bytes = new byte[256];
        IntStream.range(0, 256).forEach(i -> bytes[i] = (byte) i);
        Path a = Files.write(folder.resolve("a.bin"), bytes);
        Path b = Files.writeString(folder.resolve("b.txt"), "held out");
        Corpus corpus = Corpus.read(List.of(a), List.of(b), BYTES);
        assertArrayEquals(IntStream.range(0, 256).toArray(), corpus.training());
        assertEquals("held out", BYTES.decode(corpus.heldOut().getFirst()));
    }

    @Test
    void aFolderIsReadInTheOrderOfNamesWithoutHiddenFiles() throws IOException {
        Files.writeString(folder.resolve("2"), "two");
        Files.writeString(folder.resolve("1"), "one");
        Files.writeString(folder.resolve(".hidden"), "hidden");
        Files.createDirectory(folder.resolve("sub"));
        Path valid = Files.writeString(Files.createDirectory(folder.resolve("valid")).resolve("v"), "v");
        assertEquals("onetwo", BYTES.decode(Corpus.read(List.of(folder), List.of(valid), BYTES).training()));
    }

    @Test
    void aShorterLookTakesTheBeginningOfEachFile() throws IOException {
        Path text = Files.writeString(folder.resolve("t"), "t");
        Path a = Files.writeString(folder.resolve("a"), "a".repeat(300));
        Path b = Files.writeString(folder.resolve("b"), "b".repeat(100));
        Corpus corpus = Corpus.read(List.of(text), List.of(a, b), BYTES);
        assertEquals("a".repeat(30) + "b".repeat(10), BYTES.decode(corpus.heldOut(40)));
        assertEquals(400, corpus.heldOut(1 << 20).length);
    }

    @Test
    void theChecksumKnowsEveryTokenAndWhereAPartEnds() throws IOException {
        String first = checksum("abc", "de");
        assertEquals(first, checksum("abc", "de"));
        for (String[] other : new String[][] {{"abd", "de"}, {"abc", "df"}, {"ab", "cde"}}) {
            assertNotEquals(first, checksum(other[0], other[1]), Arrays.toString(other));
        }
    }

    private String checksum(String text, String valid) throws IOException {
        return Corpus.read(List.of(Files.writeString(folder.resolve("text"), text)),
                List.of(Files.writeString(folder.resolve("valid"), valid)), BYTES).checksum();
    }

    @Test
    void otherTokenizersTakeUtf8OnlyAndFilesBeginWithTheirFirstToken() throws IOException {
        Path tokenizer = Files.createDirectory(folder.resolve("tokenizer"));
        BYTES.save(tokenizer);
        Files.writeString(tokenizer.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"LlamaTokenizer\", \"bos_token\": \"!\"}");
        Tokenizer withBos = Tokenizers.load(tokenizer);
        Path good = Files.writeString(folder.resolve("good"), "good");
        Path bad = Files.write(folder.resolve("bad"), new byte[] {'a', (byte) 0xFF, 'b'});
        Corpus corpus = Corpus.read(List.of(good), List.of(Files.copy(good, folder.resolve("valid"))), withBos);
        assertEquals("!good", BYTES.decode(corpus.training()));
        assertEquals("!good", BYTES.decode(corpus.heldOut().getFirst()));
        assertEquals(3, corpus.bigramEntropy(corpus.heldOut().getFirst(), 4).bytes()); // the first token is not of the text
        UserError error = assertThrows(UserError.class, () -> Corpus.read(List.of(bad), List.of(), withBos));
        assertTrue(error.getMessage().contains("not text in UTF-8"), error.getMessage());
    }
}
