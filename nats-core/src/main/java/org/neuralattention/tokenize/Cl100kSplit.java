package org.neuralattention.tokenize;

import static org.neuralattention.tokenize.CharClass.LETTER;
import static org.neuralattention.tokenize.CharClass.NUMBER;
import static org.neuralattention.tokenize.CharClass.OTHER;
import static org.neuralattention.tokenize.CharClass.SPACE;

/**
 * Cuts text as the patterns descended from tiktoken's cl100k do ({@link Split#CL100K}, {@link Split#LLAMA3}, {@link Split#QWEN2}), found by hand in one
 * pass: contractions in either case, letters with one character before them, few digits at a time, line ends with what precedes them.
 */
final class Cl100kSplit {

    private static final char LONG_S = '\u017F'; // s, if case does not count

    private Cl100kSplit() {}

    /**
     * The end of the piece that begins at {@code from < to}; the text ends at {@code to} for the pattern.
     *
     * @param digits how many numbers a piece has at most
     * @param lastSpaces whether white space that ends the text is one piece even if it has line ends
     */
    static int next(String text, int from, int to, int digits, boolean lastSpaces) {
        char c = text.charAt(from);
        if (c == '\'') {
            int end = contraction(text, from + 1, to);
            if (end > 0) {
                return end;
            }
        }
        int first = CharClass.at(text, from, to);
        if ((first & LETTER) != 0) {
            return CharClass.run(text, from, to, LETTER);
        }
        int second = CharClass.after(text, from, to);
        if ((first & NUMBER) != 0) {
            return numbers(text, from, to, digits);
        }
        boolean lineEnd = c == '\r' || c == '\n';
        if (!lineEnd && second < to && (CharClass.at(text, second, to) & LETTER) != 0) {
            return CharClass.run(text, second, to, LETTER);
        }
        int others = c == ' ' ? second : from;
        int end = CharClass.run(text, others, to, OTHER);
        return end > others ? lineEnds(text, end, to) : spaces(text, from, to, lastSpaces);
    }

    static int numbers(String text, int from, int to, int most) {
        int at = from;
        for (int n = 0; n < most && at < to && (CharClass.at(text, at, to) & NUMBER) != 0; n++) {
            at = CharClass.after(text, at, to);
        }
        return at;
    }

    private static int lineEnds(String text, int from, int to) {
        int at = from;
        while (at < to && (text.charAt(at) == '\r' || text.charAt(at) == '\n')) {
            at++;
        }
        return at;
    }

    /** White space to its last line end; without one, as GPT-2. */
    static int spaces(String text, int from, int to, boolean lastSpaces) {
        int end = CharClass.run(text, from, to, SPACE);
        if (end == to && lastSpaces) {
            return end;
        }
        for (int at = end; at > from; at--) {
            if (text.charAt(at - 1) == '\r' || text.charAt(at - 1) == '\n') {
                return at;
            }
        }
        return end == to || end == from + 1 ? end : end - 1;
    }

    /** The end of s, t, re, ve, m, ll or d in either case at {@code at}, just after an apostrophe; 0 if there is none. */
    static int contraction(String text, int at, int to) {
        if (at >= to) {
            return 0;
        }
        int c = text.charAt(at) | 0x20; // lower case, for letters of ASCII
        if (c == 's' || c == 't' || c == 'm' || c == 'd' || text.charAt(at) == LONG_S) {
            return at + 1;
        }
        if (at + 1 < to) {
            int d = text.charAt(at + 1) | 0x20;
            if ((c == 'r' || c == 'v') && d == 'e' || c == 'l' && d == 'l') {
                return at + 2;
            }
        }
        return 0;
    }
}
