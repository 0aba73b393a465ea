package org.neuralattention.tokenize;

import static org.neuralattention.tokenize.CharClass.LETTER;
import static org.neuralattention.tokenize.CharClass.NUMBER;
import static org.neuralattention.tokenize.CharClass.OTHER;
import static org.neuralattention.tokenize.CharClass.SPACE;

/**
 * Cuts text into the pieces within which GPT-2 merges: what the pattern of {@link Split#GPT2} matches, found by hand in one pass.
 *
 * <p>Source: github.com/openai/gpt-2, encoder.py.
 */
final class Gpt2Split {

    private Gpt2Split() {}

    /** The end of the piece that begins at {@code from < to}; the text ends at {@code to} for the pattern. */
    static int next(String text, int from, int to) {
        char c = text.charAt(from);
        if (c == '\'') {
            int end = contraction(text, from + 1, to);
            if (end > 0) {
                return end;
            }
        }
        int kind = kind(CharClass.at(text, from, to));
        if (kind != SPACE) {
            return CharClass.run(text, from, to, kind);
        }
        if (c == ' ' && from + 1 < to) {
            int following = kind(CharClass.at(text, from + 1, to));
            if (following != SPACE) {
                return CharClass.run(text, from + 1, to, following);
            }
        }
        return spaces(text, from, to);
    }

    private static int kind(int bit) {
        return (bit & LETTER) != 0 ? LETTER : (bit & NUMBER) != 0 ? NUMBER : (bit & SPACE) != 0 ? SPACE : OTHER;
    }

    /** {@code \s+(?!\S)|\s+}: all the white space but its last character, unless the text ends there or it is only one. */
    static int spaces(String text, int from, int to) {
        int end = CharClass.run(text, from, to, SPACE);
        return end == to || end == from + 1 ? end : end - 1;
    }

    /** The end of s, t, re, ve, m, ll or d at {@code at}, just after an apostrophe; 0 if there is none. */
    private static int contraction(String text, int at, int to) {
        if (at >= to) {
            return 0;
        }
        char c = text.charAt(at);
        if (c == 's' || c == 't' || c == 'm' || c == 'd') {
            return at + 1;
        }
        if (at + 1 < to) {
            char d = text.charAt(at + 1);
            if ((c == 'r' || c == 'v') && d == 'e' || c == 'l' && d == 'l') {
                return at + 2;
            }
        }
        return 0;
    }
}
