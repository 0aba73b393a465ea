package org.neuralattention.tokenize;

import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.neuralattention.tokenize.BpeModel.AddedToken;

/** Finds added tokens in text: the leftmost, and of those that begin there the longest. Immutable. */
final class AddedTokens {

    private final BitSet firstChars = new BitSet();
    private final Map<Character, List<AddedToken>> byFirstChar = new HashMap<>();

    AddedTokens(List<AddedToken> added) {
        byFirstChar.putAll(added.stream()
                .sorted(Comparator.comparingInt((AddedToken t) -> t.content().length()).reversed())
                .collect(Collectors.groupingBy(t -> t.content().charAt(0))));
        byFirstChar.keySet().forEach(firstChars::set);
    }

    /** Where the first added token at or after {@code from} begins, or the text's length. */
    int find(String text, int from) {
        if (byFirstChar.isEmpty()) {
            return text.length();
        }
        for (int i = from; i < text.length(); i++) {
            if (firstChars.get(text.charAt(i)) && at(text, i) != null) {
                return i;
            }
        }
        return text.length();
    }

    /** The longest added token that begins at {@code i}, or null. */
    AddedToken at(String text, int i) {
        for (AddedToken token : byFirstChar.getOrDefault(text.charAt(i), List.of())) {
            if (text.startsWith(token.content(), i)) {
                return token;
            }
        }
        return null;
    }
}
