package org.neuralattention.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.neuralattention.chat.Expression.Arguments;
import org.neuralattention.chat.Token.Kind;

/** What stands between operators: literals, names and brackets, and behind each its attributes, items, slices and calls. */
final class OperandParser {

    private static final Set<String> KEYWORDS = Set.of("and", "or", "not", "in", "is", "if", "else");

    private final Cursor tokens;
    private final ExpressionParser expressions;

    OperandParser(Cursor tokens, ExpressionParser expressions) {
        this.tokens = tokens;
        this.expressions = expressions;
    }

    /** An operand with all that belongs to it, but for filters and tests. */
    Expression operand() {
        Expression result = primary();
        while (true) {
            if (tokens.acceptSymbol(".")) {
                result = attribute(result);
            } else if (tokens.acceptSymbol("[")) {
                result = item(result);
            } else if (tokens.isSymbol("(")) {
                result = call(result);
            } else {
                return result;
            }
        }
    }

    private Expression primary() {
        Token token = tokens.peek();
        switch (token.kind()) {
            case NAME -> {
                if (KEYWORDS.contains(token.text())) {
                    throw tokens.expected("an expression");
                }
                tokens.next();
                return named(token.text());
            }
            case INTEGER -> {
                tokens.next();
                return new Expression.Literal(integer(token));
            }
            case STRING -> {
                return new Expression.Literal(Text.of(strings()));
            }
            default -> {
                return brackets();
            }
        }
    }

    private static Expression named(String name) {
        return switch (name) {
            case "true", "True" -> new Expression.Literal(Value.Bool.TRUE);
            case "false", "False" -> new Expression.Literal(Value.Bool.FALSE);
            case "none", "None" -> new Expression.Literal(Value.None.NONE);
            default -> new Expression.Name(name);
        };
    }

    private Value integer(Token token) {
        try {
            return new Value.Int(Long.parseLong(token.text()));
        } catch (NumberFormatException e) {
            throw tokens.fault(TemplateFault.unsupported("the integer " + token.text() + ", beyond 64 bits,"));
        }
    }

    /** String literals beside each other are one. */
    private String strings() {
        StringBuilder text = new StringBuilder();
        while (tokens.is(Kind.STRING)) {
            text.append(tokens.next().text());
        }
        return text.toString();
    }

    private Expression brackets() {
        if (tokens.acceptSymbol("(")) {
            if (tokens.acceptSymbol(")")) {
                return new Expression.ListOf(List.of());
            }
            Expression inner = expressions.tuple();
            tokens.expectSymbol(")");
            return inner;
        }
        if (tokens.acceptSymbol("[")) {
            return new Expression.ListOf(list());
        }
        if (tokens.acceptSymbol("{")) {
            return map();
        }
        throw tokens.expected("an expression");
    }

    private List<Expression> list() {
        List<Expression> elements = new ArrayList<>();
        while (!tokens.acceptSymbol("]")) {
            elements.add(expressions.expression());
            if (!tokens.isSymbol("]")) {
                tokens.expectSymbol(",");
            }
        }
        return elements;
    }

    private Expression map() {
        List<Expression> keys = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!tokens.acceptSymbol("}")) {
            keys.add(expressions.expression());
            tokens.expectSymbol(":");
            values.add(expressions.expression());
            if (!tokens.isSymbol("}")) {
                tokens.expectSymbol(",");
            }
        }
        return new Expression.MapOf(keys, values);
    }

    private Expression attribute(Expression base) {
        if (tokens.is(Kind.INTEGER)) { // a.0 is a[0]
            return new Expression.Item(base, new Expression.Literal(integer(tokens.next())));
        }
        String name = tokens.expectName();
        if (!tokens.isSymbol("(")) {
            return new Expression.Attribute(base, name);
        }
        if (!Methods.ALL.containsKey(name)) {
            throw tokens.fault(TemplateFault.unsupported("the method " + name + "()"));
        }
        return new Expression.MethodCall(base, name, arguments());
    }

    private Expression call(Expression base) {
        if (!(base instanceof Expression.Name(String name)) || !Functions.ALL.containsKey(name)) {
            String called = base instanceof Expression.Name(String other) ? other + "()" : "of something that is no name";
            throw tokens.fault(TemplateFault.unsupported("the call " + called));
        }
        return new Expression.Call(name, arguments());
    }

    private Expression item(Expression base) {
        Expression from = tokens.isSymbol(":") ? null : expressions.expression();
        if (tokens.acceptSymbol("]")) {
            return new Expression.Item(base, from);
        }
        if (!tokens.isSymbol(":")) {
            throw tokens.expected("']' or ':'");
        }
        Expression to = bound();
        Expression step = bound();
        tokens.expectSymbol("]");
        return new Expression.Slice(base, from, to, step);
    }

    private Expression bound() {
        return tokens.acceptSymbol(":") && !tokens.isSymbol(":") && !tokens.isSymbol("]") ? expressions.expression() : null;
    }

    /** In their brackets. */
    Arguments arguments() {
        tokens.expectSymbol("(");
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        while (!tokens.acceptSymbol(")")) {
            if (tokens.isSymbol("*") || tokens.isSymbol("**")) {
                throw tokens.fault(TemplateFault.unsupported("unpacking arguments with " + tokens.peek().text()));
            }
            if (tokens.is(Kind.NAME) && tokens.peekSecond().is(Kind.SYMBOL, "=")) {
                String name = tokens.next().text();
                tokens.next();
                if (named.put(name, expressions.expression()) != null) {
                    throw tokens.fault(TemplateFault.wrong("the argument " + name + " is given twice"));
                }
            } else if (!named.isEmpty()) {
                throw tokens.expected("a named argument behind the first named one");
            } else {
                positional.add(expressions.expression());
            }
            if (!tokens.isSymbol(")")) {
                tokens.expectSymbol(",");
            }
        }
        return new Arguments(positional, named);
    }
}
