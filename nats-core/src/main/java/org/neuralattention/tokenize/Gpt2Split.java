package org.neuralattention.tokenize;

/**
 * Cuts text into the pieces within which GPT-2 merges: what the pattern
 * {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+} matches, found by hand in one pass.
 *
 * <p>{@code \s} is Unicode's White_Space, as in the engines that Hugging Face's tokenizers use; letters and numbers are those of the
 * running JDK's Unicode version. Source: github.com/openai/gpt-2, encoder.py.
 */
final class Gpt2Split {

    private static final byte OTHER = 0;
    private static final byte LETTER = 1;
    private static final byte NUMBER = 2;
    private static final byte SPACE = 3;

    /** Class of each UTF-16 unit; the halves of pairs are looked up by code point. */
    private static final byte[] CLASS = new byte[1 << 16];

    static {
        for (int c = 0; c < CLASS.length; c++) {
            CLASS[c] = classify(c);
        }
    }

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
        byte kind = classAt(text, from, to);
        if (kind != SPACE) {
            return run(text, from, to, kind);
        }
        if (c == ' ' && from + 1 < to) {
            byte following = classAt(text, from + 1, to);
            if (following != SPACE) {
                return run(text, from + 1, to, following);
            }
        }
        // \s+(?!\S): all the white space but its last character, unless the text ends there or it is only one.
        int end = run(text, from, to, SPACE);
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

    private static int run(String text, int from, int to, byte kind) {
        int at = from;
        while (at < to && classAt(text, at, to) == kind) {
            at += isPair(text, at, to) ? 2 : 1;
        }
        return at;
    }

    private static boolean isPair(String text, int at, int to) {
        return Character.isHighSurrogate(text.charAt(at)) && at + 1 < to && Character.isLowSurrogate(text.charAt(at + 1));
    }

    private static byte classAt(String text, int at, int to) {
        return isPair(text, at, to)
                ? classify(Character.toCodePoint(text.charAt(at), text.charAt(at + 1)))
                : CLASS[text.charAt(at)];
    }

    private static byte classify(int codePoint) {
        if (isWhiteSpace(codePoint)) {
            return SPACE;
        }
        if (Character.isLetter(codePoint)) {
            return LETTER;
        }
        int type = Character.getType(codePoint);
        return type == Character.DECIMAL_DIGIT_NUMBER || type == Character.LETTER_NUMBER || type == Character.OTHER_NUMBER
                ? NUMBER
                : OTHER;
    }

    /** Unicode's White_Space property, which differs from {@link Character#isWhitespace} in 0x1C to 0x1F, 0x85 and no-break spaces. */
    private static boolean isWhiteSpace(int c) {
        return c >= 0x09 && c <= 0x0D || c == 0x85 || Character.isSpaceChar(c);
    }
}
