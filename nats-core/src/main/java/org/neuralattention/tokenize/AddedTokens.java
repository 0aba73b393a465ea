package org.neuralattention.tokenize;

import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Finds added tokens in text: the leftmost, and of those that begin there the longest. Immutable.
 *
 * <p>Source of the rules: github.com/huggingface/tokenizers, AddedVocabulary.
 */
final class AddedTokens {

    /** A token, and the part of the text it takes the place of. */
    record Match(AddedToken token, int from, int to) {}

    private final BitSet firstChars = new BitSet();
    private final Map<Character, List<AddedToken>> byFirstChar = new HashMap<>(); // the longest first

    AddedTokens(Collection<AddedToken> added) {
        byFirstChar.putAll(added.stream()
                .sorted(Comparator.comparingInt((AddedToken t) -> t.content().length()).reversed())
                .collect(Collectors.groupingBy(t -> t.content().charAt(0))));
        byFirstChar.keySet().forEach(firstChars::set);
    }

    boolean isEmpty() {
        return byFirstChar.isEmpty();
    }

    /** Whether literal ranges matter. */
    boolean haveSpecial() {
        return byFirstChar.values().stream().anyMatch(tokens -> tokens.stream().anyMatch(AddedToken::special));
    }

    /**
     * The first match in [from, to), or null. The text begins at {@code begin <= from} and ends at {@code to} for what a token looks at
     * beside itself; white space before {@code from} is never taken along.
     *
     * @param literal ranges a special token must not touch
     */
    Match next(String text, int begin, int from, int to, int[] literal) {
        if (byFirstChar.isEmpty()) {
            return null;
        }
        for (int i = from; i < to; i++) {
            if (!firstChars.get(text.charAt(i))) {
                continue;
            }
            AddedToken token = at(text, i, to, literal);
            if (token == null) {
                continue;
            }
            int end = i + token.content().length();
            if (token.singleWord() && (i > begin && isWord(text.codePointBefore(i)) || end < to && isWord(text.codePointAt(end)))) {
                i = end - 1; // what begins inside it does not count either
                continue;
            }
            return new Match(token, token.lstrip() ? spacesBefore(text, from, i) : i,
                    token.rstrip() ? CharClass.run(text, end, to, CharClass.SPACE) : end);
        }
        return null;
    }

    private AddedToken at(String text, int i, int to, int[] literal) {
        for (AddedToken token : byFirstChar.get(text.charAt(i))) {
            int end = i + token.content().length();
            if (end <= to && text.startsWith(token.content(), i) && !(token.special() && LiteralRanges.touch(literal, i, end))) {
                return token;
            }
        }
        return null;
    }

    private static int spacesBefore(String text, int from, int to) {
        int at = to;
        while (at > from && CharClass.at(text, at - 1, at) == CharClass.SPACE) { // all of them are one char
            at--;
        }
        return at;
    }

    /** What the class {@code \w} of Unicode's regular expressions holds. */
    private static boolean isWord(int c) {
        return Character.isAlphabetic(c) || c == 0x200C || c == 0x200D || (1 << Character.getType(c)
                & (CharClass.MARK | 1 << Character.DECIMAL_DIGIT_NUMBER | 1 << Character.CONNECTOR_PUNCTUATION)) != 0;
    }
}
