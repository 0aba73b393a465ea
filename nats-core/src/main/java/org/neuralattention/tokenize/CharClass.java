package org.neuralattention.tokenize;

/**
 * What a pattern asks of a character: its general category as one bit of an int, so that a class of characters is a mask. White space has a bit
 * of its own and no other.
 *
 * <p>White space is Unicode's White_Space property, as in the regular expressions of Hugging Face's tokenizers and of tiktoken; categories are
 * those of the running JDK's Unicode version. Half of a surrogate pair is what U+FFFD is, which it becomes: a symbol.
 */
final class CharClass {

    static final int SPACE = 1 << 31; // no category of Character has this number
    static final int UPPER = 1 << Character.UPPERCASE_LETTER | 1 << Character.TITLECASE_LETTER;
    static final int LOWER = 1 << Character.LOWERCASE_LETTER;
    static final int UNCASED = 1 << Character.MODIFIER_LETTER | 1 << Character.OTHER_LETTER;
    static final int LETTER = UPPER | LOWER | UNCASED;
    static final int MARK = 1 << Character.NON_SPACING_MARK | 1 << Character.COMBINING_SPACING_MARK | 1 << Character.ENCLOSING_MARK;
    static final int NUMBER = 1 << Character.DECIMAL_DIGIT_NUMBER | 1 << Character.LETTER_NUMBER | 1 << Character.OTHER_NUMBER;
    static final int PUNCTUATION = 1 << Character.CONNECTOR_PUNCTUATION | 1 << Character.DASH_PUNCTUATION | 1 << Character.START_PUNCTUATION
            | 1 << Character.END_PUNCTUATION | 1 << Character.INITIAL_QUOTE_PUNCTUATION | 1 << Character.FINAL_QUOTE_PUNCTUATION
            | 1 << Character.OTHER_PUNCTUATION;
    /** Neither white space nor letter nor number. */
    static final int OTHER = ~(SPACE | LETTER | NUMBER);

    /** Category of each UTF-16 unit; the halves of pairs are looked up by code point. */
    private static final byte[] CATEGORY = new byte[1 << 16];

    static {
        for (int c = 0; c < CATEGORY.length; c++) {
            CATEGORY[c] = category(c);
        }
    }

    private CharClass() {}

    private static byte category(int codePoint) {
        if (codePoint >= 0x09 && codePoint <= 0x0D || codePoint == 0x85 || Character.isSpaceChar(codePoint)) {
            return 31;
        }
        int type = Character.getType(codePoint);
        return (byte) (type == Character.SURROGATE ? Character.OTHER_SYMBOL : type);
    }

    /** The one bit of the code point that begins at {@code at < to}; the text ends at {@code to}. */
    static int at(String text, int at, int to) {
        char c = text.charAt(at);
        return 1 << (isPair(text, at, to) ? category(Character.toCodePoint(c, text.charAt(at + 1))) : CATEGORY[c]);
    }

    /** Where the code point that begins at {@code at < to} ends. */
    static int after(String text, int at, int to) {
        return isPair(text, at, to) ? at + 2 : at + 1;
    }

    /** The end of the run of characters of a class from {@code from} on; {@code from} if there is none. */
    static int run(String text, int from, int to, int mask) {
        int at = from;
        while (at < to && (at(text, at, to) & mask) != 0) {
            at = after(text, at, to);
        }
        return at;
    }

    private static boolean isPair(String text, int at, int to) {
        return Character.isHighSurrogate(text.charAt(at)) && at + 1 < to && Character.isLowSurrogate(text.charAt(at + 1));
    }
}
