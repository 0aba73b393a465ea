package org.neuralattention.tokenize;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.UnsupportedModelException;
import org.neuralattention.tokenize.BpeModel.Merge;
import org.neuralattention.tokenize.BpeModel.Ranks;

/**
 * Reads a file of tiktoken: in each line a token's bytes in base64, a space, and its rank, which is its id too. Two neighbours merge if
 * their concatenation is a token, the one of lowest rank first. How text is cut into words and which special tokens there are the file
 * does not say, so only known ones are read: r50k_base and cl100k_base, told by the number of ranks and the last one's token.
 *
 * <p>Source: github.com/openai/tiktoken, load.py and openai_public.py.
 */
final class TiktokenRanks {

    /** The largest in use, o200k_base, has 3.6 MB. */
    private static final long MAX_BYTES = 8 << 20;
    /** It has 199,998. */
    private static final int MAX_RANKS = 1 << 18;
    /** The longest token in use has 128. */
    private static final int LONGEST = 256;

    /** What the file does not say. */
    private record Encoding(String name, int ranks, String last, Split split, List<AddedToken> special) {}

    private static final List<Encoding> KNOWN = List.of(
            new Encoding("r50k_base", 50256, " gazed", Split.GPT2, List.of(new AddedToken(50256, "<|endoftext|>", true))),
            new Encoding("cl100k_base", 100256, " Conveyor", Split.CL100K, List.of(
                    new AddedToken(100257, "<|endoftext|>", true), new AddedToken(100258, "<|fim_prefix|>", true),
                    new AddedToken(100259, "<|fim_middle|>", true), new AddedToken(100260, "<|fim_suffix|>", true),
                    new AddedToken(100276, "<|endofprompt|>", true))));

    private TiktokenRanks() {}

    /** The first special token, the end of a text, is the one end. */
    static BpeModel read(Path file) throws IOException {
        long size = Files.size(file);
        if (size > MAX_BYTES) {
            throw new ModelFormatException(file, "has " + size + " bytes: ranks of tiktoken have at most " + MAX_BYTES);
        }
        Map<String, Integer> vocab = vocab(file);
        for (Encoding known : KNOWN) {
            String last = ByteAlphabet.toString(known.last().getBytes(StandardCharsets.UTF_8));
            if (vocab.size() == known.ranks() && vocab.getOrDefault(last, -1) == known.ranks() - 1) {
                return new BpeModel(vocab, merges(vocab), Ranks.OF_RESULTS, true, known.special(), Normalization.NONE, List.of(known.split()));
            }
        }
        throw new UnsupportedModelException(file, "has " + vocab.size() + " ranks: how text is cut into words and which special tokens there are"
                + " is known of " + String.join(" and ", KNOWN.stream().map(k -> k.name() + " (" + k.ranks() + ")").toList()));
    }

    private static Map<String, Integer> vocab(Path file) throws IOException {
        Map<String, Integer> vocab = new HashMap<>();
        Set<Integer> ranks = new HashSet<>();
        try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            int number = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                if (line.isEmpty()) {
                    continue;
                }
                String where = "line " + number + ", ";
                int space = line.indexOf(' ');
                if (space < 0 || line.indexOf(' ', space + 1) >= 0) {
                    throw new ModelFormatException(file, where + "is not a token and its rank with a space between them");
                }
                if (vocab.size() == MAX_RANKS) {
                    throw new ModelFormatException(file, "has more than " + MAX_RANKS + " ranks");
                }
                byte[] token = bytes(file, where, line.substring(0, space));
                int rank = rank(file, where, line.substring(space + 1));
                if (!ranks.add(rank)) {
                    throw new ModelFormatException(file, where + "gives rank " + rank + " a second time");
                }
                if (vocab.put(ByteAlphabet.toString(token), rank) != null) {
                    throw new ModelFormatException(file, where + "gives the token " + line.substring(0, space) + " a second time");
                }
            }
        }
        return vocab;
    }

    private static byte[] bytes(Path file, String where, String base64) {
        byte[] token;
        try {
            token = Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(file, where + base64 + " is not base64", e);
        }
        if (token.length == 0 || token.length > LONGEST) {
            throw new ModelFormatException(file, where + "has a token of " + token.length + " bytes: must be 1 to " + LONGEST);
        }
        return token;
    }

    private static int rank(Path file, String where, String digits) {
        try {
            return Integer.parseInt(digits);
        } catch (NumberFormatException e) {
            throw new ModelFormatException(file, where + "has rank " + digits + " where an integer of 32 bits should be", e);
        }
    }

    /** All ways to make a token of two others, those of one token side by side: the tokens by rank, the ways by the ranks of their parts. */
    static List<Merge> merges(Map<String, Integer> vocab) {
        List<Map.Entry<String, Integer>> tokens = new ArrayList<>(vocab.entrySet());
        tokens.sort(Map.Entry.comparingByValue());
        Map<String, String> entries = new HashMap<>();
        vocab.keySet().forEach(entry -> entries.put(entry, entry));
        List<Merge> merges = new ArrayList<>();
        List<Merge> ways = new ArrayList<>();
        for (Map.Entry<String, Integer> token : tokens) {
            String entry = token.getKey();
            ways.clear();
            for (int i = 1; i < entry.length(); i++) {
                String left = entries.get(entry.substring(0, i));
                String right = left == null ? null : entries.get(entry.substring(i));
                if (right != null) {
                    ways.add(new Merge(left, right));
                }
            }
            ways.sort(Comparator.comparing((Merge m) -> vocab.get(m.left())).thenComparing(m -> vocab.get(m.right())));
            merges.addAll(ways);
        }
        return merges;
    }
}
