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

    /** An added token and where it stands. */
    record Match(AddedToken token, int from, int to) {}

    /** The first added token at or after {@code from}, or null; a special one does not count where it touches a literal range. */
    Match next(String text, int from, int[] literal) {
        if (byFirstChar.isEmpty()) {
            return null;
        }
        for (int i = from; i < text.length(); i++) {
            if (firstChars.get(text.charAt(i))) {
                AddedToken token = at(text, i, literal);
                if (token != null) {
                    return new Match(token, i, i + token.content().length());
                }
            }
        }
        return null;
    }

    private AddedToken at(String text, int i, int[] literal) {
        for (AddedToken token : byFirstChar.get(text.charAt(i))) {
            if (text.startsWith(token.content(), i)
                    && !(token.special() && LiteralRanges.touch(literal, i, i + token.content().length()))) {
                return token;
            }
        }
        return null;
    }
}
