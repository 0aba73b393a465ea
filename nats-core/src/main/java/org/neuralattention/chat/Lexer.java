package org.neuralattention.chat;

import java.util.ArrayList;
import java.util.List;
import org.neuralattention.chat.Token.Kind;

/**
 * Cuts a template into tokens. White space goes as in transformers, which sets Jinja's trim_blocks and lstrip_blocks: a line break behind
 * a block or comment is removed, blanks before one too if nothing else is on their line; '-' at a tag removes all white space on that side,
 * '+' keeps it. One line break at the end of the template does not count.
 */
final class Lexer {

    private static final String[] SYMBOLS = {"==", "!=", "<=", ">=", "//", "**", "<", ">", "=", "+", "-", "~", "*", "/", "%",
        "(", ")", "[", "]", "{", "}", ".", ",", ":", "|", ";"};

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private boolean lineStarts = true; // what was read last ends a line, or there was nothing
    private int line = 1;
    private int lineCountedTo;

    private Lexer(String source) {
        String lines = source.replace("\r\n", "\n").replace('\r', '\n');
        this.source = lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines;
    }

    /** The tokens of a template, the last one {@link Kind#END}. */
    static List<Token> tokens(String source) {
        Lexer lexer = new Lexer(source);
        try {
            lexer.template();
        } catch (TemplateFault e) {
            throw new LineFault(lexer.line(), e);
        }
        return lexer.tokens;
    }

    private int line() {
        int to = Math.min(at, source.length());
        for (; lineCountedTo < to; lineCountedTo++) {
            if (source.charAt(lineCountedTo) == '\n') {
                line++;
            }
        }
        return line;
    }

    private void add(Kind kind, String text) {
        tokens.add(new Token(kind, text, line()));
    }

    private void template() {
        while (at < source.length()) {
            int open = nextTag();
            data(open);
            at = open;
            if (open < source.length()) {
                tag();
            }
        }
        add(Kind.END, "");
    }

    private int nextTag() {
        for (int i = source.indexOf('{', at); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            if ("{%#".indexOf(source.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return source.length();
    }

    private char charAt(int i) {
        return i < source.length() ? source.charAt(i) : 0;
    }

    /** The text before the tag at {@code open}, or before the end. */
    private void data(int open) {
        String text = source.substring(at, open);
        char sign = charAt(open + 2);
        if (open < source.length() && sign == '-') {
            text = text.substring(0, Blank.skipBack(text, text.length()));
        } else if (open < source.length() && sign != '+' && charAt(open + 1) != '{') {
            int lineBegin = text.lastIndexOf('\n') + 1;
            if ((lineBegin > 0 || lineStarts) && Blank.skip(text, lineBegin) == text.length()) {
                text = text.substring(0, lineBegin);
            }
        }
        if (!text.isEmpty()) {
            add(Kind.DATA, text);
        }
    }

    private void tag() {
        char type = charAt(at + 1);
        char sign = charAt(at + 2);
        if (type != '#') {
            add(type == '{' ? Kind.PRINT_BEGIN : Kind.BLOCK_BEGIN, source.substring(at, at + 2));
        }
        at += sign == '-' || sign == '+' ? 3 : 2;
        switch (type) {
            case '#' -> comment();
            case '%' -> inside("%}", Kind.BLOCK_END);
            default -> inside("}}", Kind.PRINT_END);
        }
        lineStarts = source.charAt(at - 1) == '\n';
    }

    private void comment() {
        int end = source.indexOf("#}", at);
        if (end < 0) {
            throw TemplateFault.wrong("this comment has no end");
        }
        char sign = end > at ? source.charAt(end - 1) : 0;
        at = end + 2;
        afterTag(sign, true);
    }

    /** Skips what the end of a tag removes behind itself. */
    private void afterTag(char sign, boolean block) {
        if (sign == '-') {
            at = Blank.skip(source, at);
        } else if (block && sign != '+' && charAt(at) == '\n') {
            at++;
        }
    }

    /** The tokens of an expression or statement up to {@code end}; within brackets that is no end. */
    private void inside(String end, Kind endKind) {
        boolean block = endKind == Kind.BLOCK_END;
        StringBuilder open = new StringBuilder();
        while (true) {
            at = Blank.skip(source, at);
            if (at == source.length()) {
                throw TemplateFault.wrong("'" + end + "' is missing");
            }
            char c = source.charAt(at);
            boolean signed = (c == '-' || block && c == '+') && source.startsWith(end, at + 1);
            if (open.isEmpty() && (signed || source.startsWith(end, at))) {
                add(endKind, end);
                at += signed ? 3 : 2;
                afterTag(signed ? c : 0, block);
                return;
            }
            if (c == '\'' || c == '"') {
                string(c);
            } else if (c >= '0' && c <= '9') {
                number();
            } else if (c == '_' || Character.isLetter(c)) {
                name();
            } else {
                symbol(open);
            }
        }
    }

    private void name() {
        int from = at;
        while (charAt(at) == '_' || Character.isLetterOrDigit(charAt(at))) {
            at++;
        }
        add(Kind.NAME, source.substring(from, at));
    }

    private void number() {
        int from = at;
        while (charAt(at) == '_' || Character.isLetterOrDigit(charAt(at))) {
            at++;
        }
        String text = source.substring(from, at);
        if (charAt(at) == '.' && Character.isDigit(charAt(at + 1)) || !text.matches("0|[1-9](_?[0-9])*")) {
            throw TemplateFault.unsupported("the number " + text + charAt(at) + "..., other than a decimal integer,");
        }
        add(Kind.INTEGER, text.replace("_", ""));
    }

    private void symbol(StringBuilder open) {
        for (String symbol : SYMBOLS) {
            if (source.startsWith(symbol, at)) {
                balance(open, symbol.charAt(0));
                add(Kind.SYMBOL, symbol);
                at += symbol.length();
                return;
            }
        }
        throw TemplateFault.wrong("unexpected character '" + source.charAt(at) + "'");
    }

    private static void balance(StringBuilder open, char c) {
        int opening = "([{".indexOf(c);
        int closing = ")]}".indexOf(c);
        if (opening >= 0) {
            open.append(")]}".charAt(opening));
        } else if (closing >= 0) {
            int last = open.length() - 1;
            if (last < 0 || open.charAt(last) != c) {
                throw TemplateFault.wrong("unexpected '" + c + "'" + (last < 0 ? "" : ", expected '" + open.charAt(last) + "'"));
            }
            open.setLength(last);
        }
    }

    private void string(char quote) {
        int from = at;
        for (at++; charAt(at) != quote || at >= source.length(); at++) {
            if (at >= source.length()) {
                at = from;
                throw TemplateFault.wrong("this string has no end");
            }
            if (source.charAt(at) == '\\') {
                at++;
            }
        }
        String written = source.substring(from + 1, at);
        int end = at + 1;
        at = from;
        add(Kind.STRING, Escapes.resolve(written));
        at = end;
    }
}
