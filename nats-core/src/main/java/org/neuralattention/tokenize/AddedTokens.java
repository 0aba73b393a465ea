package org.neuralattention.tokenize;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;

/**
 * Finds added tokens in text: the leftmost, and of those that begin there the longest. Immutable.
 *
 * <p>Source of the rules: github.com/huggingface/tokenizers, AddedVocabulary.
 */
final class AddedTokens {

    /** A token, and the part of the text it takes the place of. */
    record Match(AddedToken token, int from, int to) {}

    private final BitSet firstChars = new BitSet();
    private final AddedToken[] sorted; // by content: those that begin alike stand side by side, the shorter first

    AddedTokens(Collection<AddedToken> added) {
        sorted = added.stream().sorted(Comparator.comparing(AddedToken::content)).toArray(AddedToken[]::new);
        added.forEach(token -> firstChars.set(token.content().charAt(0)));
    }

    boolean isEmpty() {
        return sorted.length == 0;
    }

    /** Whether literal ranges matter. */
    boolean haveSpecial() {
        return Arrays.stream(sorted).anyMatch(AddedToken::special);
    }

    /**
     * The first match in [from, to), or null. The text begins at {@code begin <= from} and ends at {@code to} for what a token looks at
     * beside itself; white space before {@code from} is never taken along.
     *
     * @param literal ranges a special token must not touch
     */
    Match next(String text, int begin, int from, int to, int[] literal) {
        if (isEmpty()) {
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

    /** The longest token that begins at {@code i}: with each character the range of tokens that agree with the text narrows. */
    private AddedToken at(String text, int i, int to, int[] literal) {
        AddedToken longest = null;
        int low = 0;
        int high = sorted.length;
        for (int n = 0; low < high && i + n < to; n++) {
            char c = text.charAt(i + n);
            low = firstFrom(c, n, low, high);
            high = firstFrom(c + 1, n, low, high);
            AddedToken ending = null;
            while (low < high && sorted[low].content().length() == n + 1) {
                ending = ending == null ? sorted[low] : ending; // of two with one content the first
                low++;
            }
            if (ending != null && !(ending.special() && LiteralRanges.touch(literal, i, i + n + 1))) {
                longest = ending;
            }
        }
        return longest;
    }

    /** The first of the tokens [low, high), all longer than {@code n}, whose character {@code n} is at least {@code c}. */
    private int firstFrom(int c, int n, int low, int high) {
        int from = low;
        int to = high;
        while (from < to) {
            int middle = from + to >>> 1;
            if (sorted[middle].content().charAt(n) >= c) {
                to = middle;
            } else {
                from = middle + 1;
            }
        }
        return from;
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
