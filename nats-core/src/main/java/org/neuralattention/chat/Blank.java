package org.neuralattention.chat;

/** White space as Python's {@code str.strip} and {@code \s} know it: not the same characters as Java's. */
final class Blank {

    private Blank() {}

    static boolean is(char c) {
        return switch (c) {
            case ' ', '\t', '\n', 0x0b, '\f', '\r', 0x1c, 0x1d, 0x1e, 0x1f, 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000 -> true;
            default -> c >= 0x2000 && c <= 0x200a;
        };
    }

    /** Where the blank characters that begin at {@code from} end. */
    static int skip(CharSequence text, int from) {
        int i = from;
        while (i < text.length() && is(text.charAt(i))) {
            i++;
        }
        return i;
    }

    /** Where the blank characters that end at {@code to} begin. */
    static int skipBack(CharSequence text, int to) {
        int i = to;
        while (i > 0 && is(text.charAt(i - 1))) {
            i--;
        }
        return i;
    }
}
