package org.neuralattention.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.neuralattention.chat.Expression.Arguments;
import org.neuralattention.chat.Expression.Step;
import org.neuralattention.chat.Token.Kind;

/**
 * Expressions, by Jinja's precedence, from loose to tight: {@code if else}, {@code or}, {@code and}, {@code not}, comparisons, + and -, ~, * // and %,
 * a sign, then what stands behind an operand: attributes, items and calls, filters and tests. One method for each.
 */
final class ExpressionParser {

    private static final Set<String> KEYWORDS = Set.of("and", "or", "not", "in", "is", "if", "else");

    private static final Operator[] COMPARISONS = {Operator.EQUAL, Operator.NOT_EQUAL, Operator.LESS_OR_EQUAL, Operator.LESS,
        Operator.GREATER_OR_EQUAL, Operator.GREATER};

    private final Cursor tokens;

    ExpressionParser(Cursor tokens) {
        this.tokens = tokens;
    }

    /** An expression, or several with commas between them: a tuple. */
    Expression tuple() {
        Expression first = expression();
        if (!tokens.isSymbol(",")) {
            return first;
        }
        List<Expression> elements = new ArrayList<>(List.of(first));
        while (tokens.acceptSymbol(",") && !tokens.is(Kind.BLOCK_END) && !tokens.isSymbol(")")) {
            elements.add(expression());
        }
        return new Expression.ListOf(elements);
    }

    Expression expression() {
        tokens.enter();
        Expression chosen = or();
        while (tokens.acceptWord("if")) {
            Expression condition = or();
            Expression otherwise = tokens.acceptWord("else") ? expression()
                    : new Expression.Literal(new Value.Undefined("an inline if without else"));
            chosen = new Expression.Choice(chosen, condition, otherwise);
        }
        tokens.leave();
        return chosen;
    }

    /** Without an inline if: a condition, or the elements of a for, where 'if' is the loop's filter. */
    Expression or() {
        List<Expression> operands = separated("or", this::and);
        return operands.size() == 1 ? operands.getFirst() : new Expression.Or(operands);
    }

    private Expression and() {
        List<Expression> operands = separated("and", this::not);
        return operands.size() == 1 ? operands.getFirst() : new Expression.And(operands);
    }

    private List<Expression> separated(String word, Supplier<Expression> operand) {
        List<Expression> operands = new ArrayList<>(List.of(operand.get()));
        while (tokens.acceptWord(word)) {
            operands.add(operand.get());
        }
        return operands;
    }

    private Expression not() {
        if (!tokens.acceptWord("not")) {
            return comparison();
        }
        tokens.enter();
        Expression operand = not();
        tokens.leave();
        return new Expression.Not(operand);
    }

    private Expression comparison() {
        Expression first = sum();
        List<Step> steps = new ArrayList<>();
        for (Operator operator = comparisonOperator(); operator != null; operator = comparisonOperator()) {
            steps.add(new Step(operator, sum()));
        }
        return steps.isEmpty() ? first : new Expression.Comparison(first, steps);
    }

    private Operator comparisonOperator() {
        if (tokens.acceptWord("in")) {
            return Operator.IN;
        }
        if (tokens.isWord("not") && tokens.peekSecond().is(Kind.NAME, "in")) {
            tokens.next();
            tokens.next();
            return Operator.NOT_IN;
        }
        return symbol(COMPARISONS);
    }

    private Operator symbol(Operator... operators) {
        for (Operator operator : operators) {
            if (tokens.acceptSymbol(operator.symbol())) {
                return operator;
            }
        }
        return null;
    }

    private Expression sum() {
        return arithmetic(this::concatenation, Operator.ADD, Operator.SUBTRACT);
    }

    private Expression concatenation() {
        return arithmetic(this::product, Operator.CONCATENATE);
    }

    private Expression product() {
        Expression product = arithmetic(this::signed, Operator.MULTIPLY, Operator.FLOOR_DIVIDE, Operator.REMAINDER);
        if (tokens.isSymbol("/") || tokens.isSymbol("**")) {
            throw tokens.fault(TemplateFault.unsupported("the operator " + tokens.peek().text()));
        }
        return product;
    }

    private Expression arithmetic(Supplier<Expression> operand, Operator... operators) {
        Expression first = operand.get();
        List<Step> steps = new ArrayList<>();
        for (Operator operator = symbol(operators); operator != null; operator = symbol(operators)) {
            steps.add(new Step(operator, operand.get()));
        }
        return steps.isEmpty() ? first : new Expression.Arithmetic(first, steps);
    }

    private Expression signed() {
        return filters(sign());
    }

    private Expression sign() {
        if (tokens.acceptSymbol("-")) {
            tokens.enter();
            Expression operand = sign();
            tokens.leave();
            return new Expression.Negative(operand);
        }
        if (tokens.isSymbol("+")) {
            throw tokens.fault(TemplateFault.unsupported("the sign +"));
        }
        return postfix(primary());
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
            Expression inner = tuple();
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
            elements.add(expression());
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
            keys.add(expression());
            tokens.expectSymbol(":");
            values.add(expression());
            if (!tokens.isSymbol("}")) {
                tokens.expectSymbol(",");
            }
        }
        return new Expression.MapOf(keys, values);
    }

    private Expression postfix(Expression base) {
        Expression result = base;
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
        Expression from = tokens.isSymbol(":") ? null : expression();
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
        return tokens.acceptSymbol(":") && !tokens.isSymbol(":") && !tokens.isSymbol("]") ? expression() : null;
    }

    private Arguments arguments() {
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
                if (named.put(name, expression()) != null) {
                    throw tokens.fault(TemplateFault.wrong("the argument " + name + " is given twice"));
                }
            } else if (!named.isEmpty()) {
                throw tokens.expected("a named argument behind the first named one");
            } else {
                positional.add(expression());
            }
            if (!tokens.isSymbol(")")) {
                tokens.expectSymbol(",");
            }
        }
        return new Arguments(positional, named);
    }

    /** Filters and tests, in the order they are written. */
    private Expression filters(Expression base) {
        Expression result = base;
        while (true) {
            if (tokens.acceptSymbol("|")) {
                String name = tokens.expectName();
                if (!Filters.ALL.containsKey(name)) {
                    throw tokens.fault(TemplateFault.unsupported("the filter " + name));
                }
                result = new Expression.Filtered(result, name, tokens.isSymbol("(") ? arguments() : Arguments.NONE);
            } else if (tokens.acceptWord("is")) {
                result = test(result);
            } else {
                return result;
            }
        }
    }

    private Expression test(Expression base) {
        boolean negated = tokens.acceptWord("not");
        String name = tokens.expectName();
        if (!Tests.ALL.containsKey(name)) {
            throw tokens.fault(TemplateFault.unsupported("the test " + name));
        }
        Expression test = new Expression.Tested(base, name, testArguments());
        return negated ? new Expression.Not(test) : test;
    }

    /** In brackets, or one operand without. */
    private Arguments testArguments() {
        if (tokens.isSymbol("(")) {
            return arguments();
        }
        boolean operand = switch (tokens.peek().kind()) {
            case NAME -> !tokens.isWord("and") && !tokens.isWord("or") && !tokens.isWord("else"); // as Jinja: others must be operands
            case STRING, INTEGER -> true;
            case SYMBOL -> tokens.isSymbol("[") || tokens.isSymbol("{");
            default -> false;
        };
        if (tokens.isWord("is")) {
            throw tokens.expected("no second test behind a test");
        }
        return operand ? new Arguments(List.of(postfix(primary())), Map.of()) : Arguments.NONE;
    }
}
