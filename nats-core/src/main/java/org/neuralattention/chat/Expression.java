package org.neuralattention.chat;

import java.util.List;
import java.util.Map;

/** What yields a value; {@link Evaluator} says what each means. Chains of one precedence are one node, so that long ones are not deep. */
sealed interface Expression {

    record Literal(Value value) implements Expression {}

    record Name(String name) implements Expression {}

    record ListOf(List<Expression> elements) implements Expression {}

    record MapOf(List<Expression> keys, List<Expression> values) implements Expression {}

    record Not(Expression operand) implements Expression {}

    record Negative(Expression operand) implements Expression {}

    record And(List<Expression> operands) implements Expression {}

    record Or(List<Expression> operands) implements Expression {}

    /** An operator and what stands behind it. */
    record Step(Operator operator, Expression operand) {}

    /** {@code a + b - c}, from left to right. */
    record Arithmetic(Expression first, List<Step> steps) implements Expression {}

    /** {@code a < b <= c}: all of them. */
    record Comparison(Expression first, List<Step> steps) implements Expression {}

    /** {@code chosen if condition else otherwise}. */
    record Choice(Expression chosen, Expression condition, Expression otherwise) implements Expression {}

    record Attribute(Expression base, String name) implements Expression {}

    record Item(Expression base, Expression index) implements Expression {}

    /** {@code base[from:to:step]}; each of the three may be null. */
    record Slice(Expression base, Expression from, Expression to, Expression step) implements Expression {}

    /** In the order they are written; named ones in {@code named}. */
    record Arguments(List<Expression> positional, Map<String, Expression> named) {
        static final Arguments NONE = new Arguments(List.of(), Map.of());
    }

    /** {@code range(3)}. */
    record Call(String function, Arguments arguments) implements Expression {}

    /** {@code base.strip()}. */
    record MethodCall(Expression base, String method, Arguments arguments) implements Expression {}

    /** {@code base | trim}. */
    record Filtered(Expression base, String filter, Arguments arguments) implements Expression {}

    /** {@code base is defined}. */
    record Tested(Expression base, String test, Arguments arguments) implements Expression {}
}
