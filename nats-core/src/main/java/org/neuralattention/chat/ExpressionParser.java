package org.neuralattention.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.neuralattention.chat.Expression.Arguments;
import org.neuralattention.chat.Expression.Step;
import org.neuralattention.chat.Token.Kind;

/**
 * Expressions, by Jinja's precedence, from loose to tight: {@code if else}, {@code or}, {@code and}, {@code not}, comparisons, + and -, ~, * // and %,
 * a sign, filters and tests; one method for each. What they stand between is {@link OperandParser}'s.
 */
final class ExpressionParser {

    private static final Operator[] COMPARISONS = {Operator.EQUAL, Operator.NOT_EQUAL, Operator.LESS_OR_EQUAL, Operator.LESS,
        Operator.GREATER_OR_EQUAL, Operator.GREATER};

    private final Cursor tokens;
    private final OperandParser operands;

    ExpressionParser(Cursor tokens) {
        this.tokens = tokens;
        this.operands = new OperandParser(tokens, this);
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
        return operands.operand();
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
                result = new Expression.Filtered(result, name, tokens.isSymbol("(") ? operands.arguments() : Arguments.NONE);
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
            return operands.arguments();
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
        return operand ? new Arguments(List.of(operands.operand()), Map.of()) : Arguments.NONE;
    }
}
