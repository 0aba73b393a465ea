package org.neuralattention.chat;

/** The backslashes in a string literal, as in Python: an escape it does not know stays as it is written. */
final class Escapes {

    private Escapes() {}

    static String resolve(String written) {
        int backslash = written.indexOf('\\');
        if (backslash < 0) {
            return written;
        }
        StringBuilder out = new StringBuilder(written.length());
        int i = 0;
        while (i < written.length()) {
            char c = written.charAt(i++);
            if (c != '\\' || i == written.length()) {
                out.append(c);
                continue;
            }
            char escape = written.charAt(i++);
            switch (escape) {
                case '\n' -> { } // a line goes on
                case '\\', '\'', '"' -> out.append(escape);
                case 'a' -> out.append((char) 7);
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'n' -> out.append('\n');
                case 'r' -> out.append('\r');
                case 't' -> out.append('\t');
                case 'v' -> out.append((char) 11);
                case 'x' -> i = code(out, written, i, 2);
                case 'u' -> i = code(out, written, i, 4);
                case 'U' -> i = code(out, written, i, 8);
                case 'N' -> throw TemplateFault.unsupported("\\N in a string");
                default -> {
                    if (escape < '0' || escape > '7') {
                        out.append('\\').append(escape);
                    } else {
                        i = octal(out, written, i - 1);
                    }
                }
            }
        }
        return out.toString();
    }

    private static int code(StringBuilder out, String written, int from, int digits) {
        int to = from + digits;
        String hex = written.substring(Math.min(from, written.length()), Math.min(to, written.length()));
        if (hex.length() < digits || !hex.matches("[0-9A-Fa-f]+") || Long.parseLong(hex, 16) > Character.MAX_CODE_POINT) {
            throw TemplateFault.wrong("a string has a broken escape, followed by '" + hex + "'");
        }
        out.appendCodePoint(Integer.parseInt(hex, 16));
        return to;
    }

    private static int octal(StringBuilder out, String written, int from) {
        int value = 0;
        int i = from;
        while (i < written.length() && i < from + 3 && written.charAt(i) >= '0' && written.charAt(i) <= '7') {
            value = 8 * value + written.charAt(i++) - '0';
        }
        out.append((char) value);
        return i;
    }
}
