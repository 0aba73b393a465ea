package org.neuralattention.tokenize;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.neuralattention.testing.Shared;
import org.neuralattention.tokenize.BpeModel.Merge;
import org.neuralattention.tokenize.BpeModel.Ranks;

/** Tokenizers for tests. */
final class TestModels {

    private TestModels() {}

    /** Bytes as themselves, a few merges, one entry that no merge makes, two added tokens of which one begins with the other; ids 260 to 299 are skipped. */
    static BpeModel small() {
        Map<String, Integer> vocab = new HashMap<>(ByteTokenizer.MODEL.vocab());
        vocab.put("aa", 256);
        vocab.put("aaaa", 257);
        vocab.put("th", 258);
        vocab.put("zzz", 259);
        List<Merge> merges = List.of(new Merge("a", "a"), new Merge("aa", "aa"), new Merge("t", "h"));
        return new BpeModel(vocab, merges, List.of(new AddedToken(300, "<|endoftext|>", true), new AddedToken(301, "<|endoftext|>!", false)));
    }

    /** Random merges of a, b and c, also such that no training would give: out of order, or two ways to one entry. */
    static BpeModel random(Random random) {
        Map<String, Integer> vocab = new HashMap<>(ByteTokenizer.MODEL.vocab());
        List<String> entries = new ArrayList<>(List.of("a", "b", "c"));
        List<Merge> merges = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            Merge merge = new Merge(entries.get(random.nextInt(entries.size())), entries.get(random.nextInt(entries.size())));
            merges.add(random.nextInt(merges.size() + 1), merge);
            vocab.putIfAbsent(merge.left() + merge.right(), vocab.size());
            entries.add(merge.left() + merge.right());
        }
        Ranks ranks = random.nextBoolean() ? Ranks.OF_PAIRS : Ranks.OF_RESULTS;
        if (ranks == Ranks.OF_RESULTS) { // side by side
            merges.sort(Comparator.comparingInt(merge -> vocab.get(merge.left() + merge.right())));
        }
        return new BpeModel(vocab, merges, ranks, false, List.of(), Normalization.NONE, List.of(Split.GPT2));
    }

    /** GPT-2 from the files it was published with. */
    static BpeTokenizer gpt2() throws IOException {
        return (BpeTokenizer) Tokenizers.load(Shared.path("tokenizers/gpt2"));
    }

    /** All the integers in a line. */
    static int[] ints(String line) {
        return Arrays.stream(line.split("[^0-9]+")).filter(s -> !s.isEmpty()).mapToInt(Integer::parseInt).toArray();
    }

    /** The rows of a CSV file after the first: fields in quotes may hold commas, line breaks and doubled quotes. */
    static List<List<String>> csv(Path file) throws IOException {
        String text = Files.readString(file);
        List<List<String>> rows = new ArrayList<>();
        List<String> row = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' && quoted && i + 1 < text.length() && text.charAt(i + 1) == '"') {
                field.append(text.charAt(++i));
            } else if (c == '"') {
                quoted = !quoted;
            } else if (!quoted && (c == ',' || c == '\n')) {
                row.add(field.toString());
                field.setLength(0);
                if (c == '\n') {
                    rows.add(row);
                    row = new ArrayList<>();
                }
            } else if (quoted || c != '\r') {
                field.append(c);
            }
        }
        return rows.subList(1, rows.size());
    }
}
