package org.neuralattention.tokenize;

import java.util.Arrays;

/** Strings to UTF-8. Half of a surrogate pair becomes U+FFFD, as in Rust and Python tokenizers (the JDK writes '?'). */
final class Utf8 {

    /** 3 bytes per character stay below the largest array. */
    static final int MAX_CHARS = 1 << 29;

    private Utf8() {}

    static void checkLength(String text) {
        if (text.length() > MAX_CHARS) {
            throw new IllegalArgumentException("the text has " + text.length() + " characters: at most " + MAX_CHARS
                    + " can be encoded at once");
        }
    }

    /** Writes characters [from, to) at {@code out[offset..]}, at most 3 bytes for each; returns the end. */
    static int encode(String text, int from, int to, byte[] out, int offset) {
        int n = offset;
        for (int i = from; i < to; i++) {
            int c = text.charAt(i);
            if (c < 0x80) {
                out[n++] = (byte) c;
            } else if (c < 0x800) {
                out[n++] = (byte) (0xC0 | c >> 6);
                out[n++] = (byte) (0x80 | c & 0x3F);
            } else if (Character.isHighSurrogate((char) c) && i + 1 < to && Character.isLowSurrogate(text.charAt(i + 1))) {
                int codePoint = Character.toCodePoint((char) c, text.charAt(++i));
                out[n++] = (byte) (0xF0 | codePoint >> 18);
                out[n++] = (byte) (0x80 | codePoint >> 12 & 0x3F);
                out[n++] = (byte) (0x80 | codePoint >> 6 & 0x3F);
                out[n++] = (byte) (0x80 | codePoint & 0x3F);
            } else {
                int unit = Character.isSurrogate((char) c) ? 0xFFFD : c;
                out[n++] = (byte) (0xE0 | unit >> 12);
                out[n++] = (byte) (0x80 | unit >> 6 & 0x3F);
                out[n++] = (byte) (0x80 | unit & 0x3F);
            }
        }
        return n;
    }

    /** The text in UTF-8, the array exactly as long as that. */
    static byte[] encode(String text) {
        byte[] out = new byte[3 * text.length()];
        return Arrays.copyOf(out, encode(text, 0, text.length(), out, 0));
    }
}
