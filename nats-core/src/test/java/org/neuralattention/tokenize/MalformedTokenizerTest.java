package org.neuralattention.tokenize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.io.Json;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.testing.Malformed;
import org.neuralattention.tokenize.SpmModel.Piece;
import org.neuralattention.tokenize.SpmModel.Spaces;

/** Every kind of file that holds a tokenizer, broken: read or refused with a {@link ModelFormatException}, in a heap of 256 MB and within a second. */
@Tag("malformed")
class MalformedTokenizerTest {

    @TempDir
    Path temp;

    /** A text with white space, an added token, accents, and characters of 3 and 4 bytes. */
    private static final String TEXT = " the  aaaa<|endoftext|>! \n\u00e9\u4e2d\ud83d\ude42<s><hr>a";

    private static void read(Path file) throws IOException {
        try {
            Tokenizer tokenizer = Tokenizers.load(file);
            tokenizer.decode(tokenizer.encode(TEXT));
        } catch (NoSuchFileException e) { // what it became may be the beginning of a llama2.c checkpoint, whose tokenizer stands beside it
            assertEquals(file.resolveSibling("tokenizer.bin").toString(), e.getFile());
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] json(Tokenizer tokenizer, Path folder) throws IOException {
        tokenizer.save(folder);
        byte[] bytes = Files.readAllBytes(folder.resolve("tokenizer.json"));
        for (String name : List.of("tokenizer.json", "tokenizer_config.json", "generation_config.json")) {
            Files.deleteIfExists(folder.resolve(name));
        }
        return bytes;
    }

    private static SpmTokenizer spm() {
        return new SpmTokenizer(SpmModels.of(Spaces.LLAMA, "\u2581\u2581", "\u2581a", "\u2581", "a", "t", "h", "th"), SpmModels.BOUNDARIES);
    }

    /** Everything that a tokenizer.json can say is said in one of them. */
    private List<byte[]> tokenizerJsons() throws IOException {
        List<byte[]> seeds = new ArrayList<>();
        BpeModel small = TestModels.small();
        seeds.add(json(new BpeTokenizer(small, new Boundaries(OptionalInt.of(300), true, List.of(300, 301))), temp));
        seeds.add(json(new BpeTokenizer(new BpeModel(small.vocab(), small.merges(), small.ranks(), true, small.added(), Normalization.NFC,
                List.of(Split.DIGITS, Split.CL100K)), Boundaries.NONE), temp));
        seeds.add(json(spm(), temp));
        return seeds;
    }

    private void everyPrefixIsReadOrRefused(Path file, byte[] bytes, int step) throws IOException {
        for (int length = 0; length < bytes.length; length += step) {
            Malformed.reads(Malformed.write(file, Arrays.copyOf(bytes, length)), () -> read(file));
        }
    }

    @Test
    void tokenizerJson() throws IOException {
        Path file = temp.resolve("tokenizer.json");
        for (byte[] seed : tokenizerJsons()) {
            assertTrue(Malformed.reads(Malformed.write(file, seed), () -> read(file)));
            everyPrefixIsReadOrRefused(file, seed, 11);
        }
        Malformed.mutate(file, tokenizerJsons(), Malformed::text, 800, () -> read(file));
    }

    @Test
    void filesOfGpt2() throws IOException {
        Path vocab = temp.resolve("vocab.json");
        Path merges = temp.resolve("merges.txt");
        byte[] entries = utf8(Json.compact(TestModels.small().vocab()));
        byte[] pairs = utf8("#version: 0.2\na a\naa aa\nt h\n");
        Files.write(vocab, entries);
        everyPrefixIsReadOrRefused(merges, pairs, 1);
        Malformed.mutate(merges, List.of(pairs), Malformed::text, 200, () -> read(vocab));
        Malformed.write(merges, pairs);
        assertTrue(Malformed.reads(vocab, () -> read(vocab)));
        everyPrefixIsReadOrRefused(vocab, entries, 3);
        Malformed.mutate(vocab, List.of(entries), Malformed::text, 200, () -> read(vocab));
    }

    @Test
    void ranksOfTiktoken() throws IOException {
        Path file = temp.resolve("ranks.tiktoken");
        byte[] few = Arrays.copyOf(utf8(ranks("0")), 4000); // told at their end that they are no known ones
        everyPrefixIsReadOrRefused(file, few, 7);
        Malformed.mutate(file, List.of(few), Malformed::text, 300, () -> read(file));
        read(Malformed.write(file, utf8(ranks("0"))));
        for (String rank : new String[] {"-1", "2147483647", "50256"}) {
            Malformed.write(file, utf8(ranks(rank)));
            assertThrows(ModelFormatException.class, () -> read(file), rank);
        }
    }

    /** As many ranks as r50k_base has, the first of them given, and the last token of it: the bytes, and numbers to the base of 26. */
    private static String ranks(String first) {
        List<byte[]> tokens = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            tokens.add(new byte[] {(byte) b});
        }
        for (int i = 26 * 26; tokens.size() < 50_255; i++) {
            tokens.add(utf8(Integer.toString(i, 26)));
        }
        tokens.add(utf8(" gazed"));
        StringBuilder lines = new StringBuilder();
        for (int rank = 0; rank < tokens.size(); rank++) {
            lines.append(Base64.getEncoder().encodeToString(tokens.get(rank))).append(' ').append(rank == 0 ? first : rank).append('\n');
        }
        return lines.toString();
    }

    @Test
    void sentencePieceModels() throws IOException {
        Path file = temp.resolve("tokenizer.model");
        byte[] seed = SpmFilesTest.sentencePiece(spm().model(), 2, false, new byte[0]);
        assertTrue(Malformed.reads(Malformed.write(file, seed), () -> read(file)));
        everyPrefixIsReadOrRefused(file, seed, 3);
        Malformed.mutate(file, List.of(seed), Malformed.bytes(seed.length), 500, () -> read(file));
    }

    @Test
    void tokenizersOfLlama2c() throws IOException {
        Path file = temp.resolve("tokenizer.bin");
        List<Piece> pieces = new ArrayList<>(spm().model().pieces());
        pieces.remove(259); // user-defined: no such kind there
        Llama2cTokenizer.write(file, new SpmTokenizer(SpmModel.ofScores(pieces, Spaces.LLAMA, OptionalInt.of(0)), SpmModels.BOUNDARIES));
        byte[] seed = Files.readAllBytes(file);
        assertTrue(Malformed.reads(file, () -> read(file)));
        everyPrefixIsReadOrRefused(file, seed, 3);
        Malformed.mutate(file, List.of(seed), Malformed.bytes(seed.length), 500, () -> read(file));
    }

    @Test
    void vocabulariesOfGguf() throws IOException {
        Path file = temp.resolve("vocab.gguf");
        List<byte[]> seeds = List.of(GgufBpeTest.bytes(SpmFilesTest.ggufPairs()), GgufBpeTest.bytes(GgufBpeTest.small()));
        for (byte[] seed : seeds) {
            assertTrue(Malformed.reads(Malformed.write(file, seed), () -> read(file)));
            everyPrefixIsReadOrRefused(file, seed, 11);
        }
        Malformed.mutate(file, seeds, Malformed.bytes(4000), 500, () -> read(file));
    }

    // ---- Large files: the most that is looked at before they are refused.

    private void refused(String name, String message, String first, int lines, IntFunction<String> line) throws IOException {
        Path file = temp.resolve(name);
        try (Writer out = Files.newBufferedWriter(file, StandardCharsets.ISO_8859_1)) {
            out.write(first);
            for (int i = 0; i < lines; i++) {
                out.write(line.apply(i));
            }
        }
        Path opened = name.equals("merges.txt") ? Files.write(temp.resolve("vocab.json"), utf8("{\"a\": 97}")) : file;
        Malformed.timed(() -> {
            String told = assertThrows(ModelFormatException.class, () -> Tokenizers.load(opened), message).getMessage();
            assertTrue(told.startsWith(file.toString()) && told.contains(message), told.substring(0, Math.min(200, told.length())));
        });
        Files.delete(file);
    }

    @Test
    void largeJsonIsRefused() throws IOException {
        refused("tokenizer.json", "Token count", "[", 2_000_000, i -> "[],");
        refused("tokenizer.json", "Token count", "[", 1_000_000, i -> "{\"a\":0,\"b\":0},");
        refused("tokenizer.json", "more than 524288 fields", "{", 600_000, i -> "\"" + i + "\":" + i + ",");
        refused("tokenizer.json", "String value length", "[\"", 17 << 20, i -> "x");
        refused("tokenizer.json", "JSON is read up to 67108864", "[", (64 << 20) + 1, i -> " ");
    }

    @Test
    void largeFilesOfLinesAreRefused() throws IOException {
        refused("merges.txt", "has more than 1048576 merges", "", 2_000_000, i -> "a b\n");
        refused("merges.txt", "line 1 is not two entries", "", 16 << 20, i -> "x");
        refused("merges.txt", "line 1 is not two entries", "", 8 << 20, i -> "x ");
        refused("merges.txt", "merges have at most 16777216", "", (16 << 20) + 1, i -> "\n");
        refused("ranks.tiktoken", "line 2, is not a token and its rank", "YQ== 1\n", 1_000_000, i -> "YQ== 1 ");
        refused("ranks.tiktoken", "line 8000002, is not a token and its rank", "YQ== 1\n" + "\n".repeat(8_000_000), 1, i -> "Y");
        refused("ranks.tiktoken", "has a token of 5999998 bytes", "YQ== 1\n", 8_000_000, i -> i < 7_999_998 ? "Y" : i < 7_999_999 ? " " : "1");
        refused("ranks.tiktoken", "has more than 262144 ranks", "", 300_000, i -> Base64.getEncoder().encodeToString(utf8(Integer.toString(i, 36))) + " " + i + "\n");
    }

    @Test
    void largeFilesOfPiecesAreRefused() throws IOException {
        refused("tokenizer.bin", "token 3 is \"a\"", "\1\0\0\0", 7_000_000, i -> "\0\0\0\0\1\0\0\0a");
        refused("tokenizer.bin", "a tokenizer.bin has at most", "\1\0\0\0", 8_000_000, i -> "\0\0\0\0\1\0\0\0a");
        refused("tokenizer.model", "has more than 1048576 pieces", "", 2_000_000, i -> "\n\3\n\1a");
        refused("tokenizer.model", "piece 1 is \"\"", "\n\3\n\1a", 30_000_000, i -> "\n\0");
    }
}
