package org.neuralattention.chat;

import java.util.List;
import org.neuralattention.chat.Token.Kind;

/** A place in a template's tokens, and how deep the constructs around it are nested. */
final class Cursor {

    /** Deeper than any real template; parsing and evaluating recurse as deep. */
    private static final int MAX_DEPTH = 64;

    private final List<Token> tokens;
    private int at;
    private int depth;

    Cursor(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token peek() {
        return tokens.get(at);
    }

    /** The token behind the next, or the last. */
    Token peekSecond() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    Token next() {
        Token token = tokens.get(at);
        at = Math.min(at + 1, tokens.size() - 1);
        return token;
    }

    int line() {
        return peek().line();
    }

    boolean is(Kind kind) {
        return peek().kind() == kind;
    }

    boolean isSymbol(String symbol) {
        return peek().is(Kind.SYMBOL, symbol);
    }

    boolean isWord(String word) {
        return peek().is(Kind.NAME, word);
    }

    boolean acceptSymbol(String symbol) {
        return accept(Kind.SYMBOL, symbol);
    }

    boolean acceptWord(String word) {
        return accept(Kind.NAME, word);
    }

    private boolean accept(Kind kind, String text) {
        boolean there = peek().is(kind, text);
        if (there) {
            next();
        }
        return there;
    }

    void expectSymbol(String symbol) {
        if (!acceptSymbol(symbol)) {
            throw expected("'" + symbol + "'");
        }
    }

    void expectWord(String word) {
        if (!acceptWord(word)) {
            throw expected("'" + word + "'");
        }
    }

    Token expect(Kind kind, String what) {
        if (!is(kind)) {
            throw expected(what);
        }
        return next();
    }

    /** A name that can be assigned to or looked up. */
    String expectName() {
        return expect(Kind.NAME, "a name").text();
    }

    LineFault expected(String what) {
        return fault(TemplateFault.wrong("expected " + what + ", found " + peek().shown()));
    }

    LineFault fault(TemplateFault fault) {
        return new LineFault(line(), fault);
    }

    void enter() {
        if (++depth > MAX_DEPTH) {
            throw fault(TemplateFault.wrong("nested more than " + MAX_DEPTH + " deep"));
        }
    }

    void leave() {
        depth--;
    }
}
