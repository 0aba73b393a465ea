package org.neuralattention.tokenize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.UnsupportedModelException;
import org.neuralattention.testing.Shared;

class TiktokenRanksTest {

    @TempDir
    Path dir;

    @ParameterizedTest
    @ValueSource(strings = {"r50k_base", "cl100k_base"})
    void idsAreThoseOfTiktokenAndSurviveSaving(String name) throws IOException {
        Path file = Shared.path("tokenizers/tiktoken/" + name + ".tiktoken");
        Tokenizer tokenizer = Tokenizers.load(file);
        tokenizer.save(dir);
        Tokenizer saved = Tokenizers.load(dir);
        List<List<String>> rows = TestModels.csv(Shared.path("tokenizers/tiktoken/" + name + "_encodings.csv"));
        assertEquals(423, rows.size());
        for (List<String> row : rows) {
            String text = row.get(0);
            int[] ids = tokenizer.encode(text);
            assertArrayEquals(TestModels.ints(row.get(1)), ids, text);
            assertEquals(text, tokenizer.decode(ids));
            assertArrayEquals(ids, saved.encode(text), text);
            assertArrayEquals(TestModels.ints(row.get(2)), prefix(tokenizer, text, ids), text);
        }
        anyTwoNeighboursMergeWhoseConcatenationIsAToken(file, tokenizer, saved);
        specialTokensAreThoseOfTheEncoding(tokenizer);
        specialTokensAreThoseOfTheEncoding(saved);
    }

    /** At most ten ids, and no character cut in two. */
    private static int[] prefix(Tokenizer tokenizer, String text, int[] ids) {
        for (int n = Math.min(10, ids.length);; n--) {
            int[] prefix = Arrays.copyOf(ids, n);
            if (text.startsWith(tokenizer.decode(prefix))) {
                return prefix;
            }
        }
    }

    /** tiktoken's own definition: the lowest rank of all neighbours' concatenations, the leftmost of equals, until there is none. */
    private static int[] plain(Map<String, Integer> ranks, String word) {
        if (ranks.containsKey(word)) {
            return new int[] {ranks.get(word)};
        }
        java.util.ArrayList<String> parts = new java.util.ArrayList<>(Arrays.asList(word.split("")));
        while (true) {
            int best = -1;
            int bestRank = Integer.MAX_VALUE;
            for (int i = 0; i + 1 < parts.size(); i++) {
                int rank = ranks.getOrDefault(parts.get(i) + parts.get(i + 1), Integer.MAX_VALUE);
                if (rank < bestRank) {
                    best = i;
                    bestRank = rank;
                }
            }
            if (best < 0) {
                return parts.stream().mapToInt(ranks::get).toArray();
            }
            parts.set(best, parts.get(best) + parts.remove(best + 1));
        }
    }

    private static void anyTwoNeighboursMergeWhoseConcatenationIsAToken(Path file, Tokenizer tokenizer, Tokenizer saved) throws IOException {
        Map<String, Integer> ranks = new HashMap<>();
        for (String line : Files.readAllLines(file)) {
            String[] parts = line.split(" ");
            ranks.put(new String(Base64.getDecoder().decode(parts[0]), StandardCharsets.ISO_8859_1), Integer.parseInt(parts[1]));
        }
        Random random = new Random(17);
        for (int i = 0; i < 3000; i++) {
            String alphabet = List.of("ab", "=-", "etaoins", "\t\t\t ", "abcdefghijklmnopqrstuvwxyz", "lo", "hahahe").get(i % 7);
            StringBuilder word = new StringBuilder();
            for (int n = 1 + random.nextInt(i % 2 == 0 ? 12 : 80); n > 0; n--) {
                word.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            String text = word.toString();
            if (Split.CL100K.next(text, 0, text.length()) == text.length() && Split.GPT2.next(text, 0, text.length()) == text.length()) {
                assertArrayEquals(plain(ranks, text), tokenizer.encode(text), text);
                assertArrayEquals(plain(ranks, text), saved.encode(text), text);
            }
        }
    }

    private static void specialTokensAreThoseOfTheEncoding(Tokenizer tokenizer) {
        boolean cl100k = tokenizer.vocabSize() == 100277;
        int end = cl100k ? 100257 : 50256;
        assertEquals(List.of(end), tokenizer.eosIds());
        assertEquals(true, tokenizer.bosId().isEmpty());
        assertArrayEquals(cl100k ? new int[] {100258, 100260, 100259, 100276, 100257} : new int[] {50256}, tokenizer.encode(cl100k
                ? "<|fim_prefix|><|fim_suffix|><|fim_middle|><|endofprompt|><|endoftext|>" : "<|endoftext|>"));
        assertEquals(true, Arrays.stream(tokenizer.encodeLiteral("<|endoftext|>")).allMatch(id -> id < 50256));
    }

    @Test
    void otherRanksAndMalformedOnesAreRefusedByName() throws IOException {
        Path file = dir.resolve("x.tiktoken");
        Files.writeString(file, "IQ== 0\nIg== 1\n");
        assertEquals(file + ": has 2 ranks: how text is cut into words and which special tokens there are is known of r50k_base (50256) and cl100k_base (100256)",
                assertThrows(UnsupportedModelException.class, () -> Tokenizers.load(file)).getMessage());
        assertMalformed(file, "IQ== 0\nIQ== 1\n", "line 2, gives the token IQ== a second time");
        assertMalformed(file, "IQ== 0\nIg== 0\n", "line 2, gives rank 0 a second time");
        assertMalformed(file, "IQ== 0\nIg==\n", "line 2, is not a token and its rank with a space between them");
        assertMalformed(file, "IQ== 0\nIg== 1 2\n", "line 2, is not a token and its rank with a space between them");
        assertMalformed(file, "IQ== 0\nI?== 1\n", "line 2, I?== is not base64");
        assertMalformed(file, "IQ== 0\n 1\n", "line 2, has a token of 0 bytes: must be 1 to 256");
        assertMalformed(file, "IQ== 0\nIg== 1x\n", "line 2, has rank 1x where an integer of 32 bits should be");
        assertMalformed(file, "IQ== 0\n" + Base64.getEncoder().encodeToString(new byte[257]) + " 1\n", "line 2, has a token of 257 bytes: must be 1 to 256");
        assertMalformed(file, "IQ== 0\n" + "\n".repeat(8 << 20), "has 8388615 bytes: ranks of tiktoken have at most 8388608");
    }

    private static void assertMalformed(Path file, String content, String message) throws IOException {
        Files.writeString(file, content);
        assertEquals(file + ": " + message, assertThrows(ModelFormatException.class, () -> Tokenizers.load(file)).getMessage());
    }
}
