package org.neuralattention.chat;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.neuralattention.chat.Expression.Arguments;
import org.neuralattention.chat.Expression.Step;

/** Values of expressions. One for each rendering. */
final class Evaluator {

    /** Chains of attributes and filters nest by their length: a tenth of what a small stack bears. */
    private static final int MAX_DEPTH = 500;

    private final Steps steps;
    private final LocalDateTime now;
    private int depth;

    Evaluator(Steps steps, LocalDateTime now) {
        this.steps = steps;
        this.now = now;
    }

    Value evaluate(Expression expression, Scope scope) {
        steps.step();
        if (++depth > MAX_DEPTH) {
            throw TemplateFault.wrong("an expression nested more than " + MAX_DEPTH + " deep");
        }
        Value value = switch (expression) {
            case Expression.Literal literal -> literal.value();
            case Expression.Name name -> scope.get(name.name());
            case Expression.ListOf list -> new Value.Items(all(list.elements(), scope));
            case Expression.MapOf map -> map(map, scope);
            case Expression.Not not -> Value.Bool.of(!evaluate(not.operand(), scope).isTrue());
            case Expression.Negative negative -> Operations.arithmetic(Operator.SUBTRACT, new Value.Int(0), evaluate(negative.operand(), scope), steps);
            case Expression.And and -> decisive(and.operands(), false, scope);
            case Expression.Or or -> decisive(or.operands(), true, scope);
            case Expression.Arithmetic chain -> arithmetic(chain, scope);
            case Expression.Comparison chain -> comparison(chain, scope);
            case Expression.Choice choice ->
                    evaluate(evaluate(choice.condition(), scope).isTrue() ? choice.chosen() : choice.otherwise(), scope);
            case Expression.Attribute attribute -> Elements.attribute(evaluate(attribute.base(), scope), attribute.name());
            case Expression.Item item -> Elements.item(evaluate(item.base(), scope), evaluate(item.index(), scope));
            case Expression.Slice slice -> Elements.slice(evaluate(slice.base(), scope),
                    bound(slice.from(), scope), bound(slice.to(), scope), bound(slice.step(), scope), steps);
            case Expression.Call call -> Functions.ALL.get(call.function()).call(given(call.arguments(), scope), now, steps);
            case Expression.MethodCall call ->
                    Methods.ALL.get(call.method()).call(evaluate(call.base(), scope), given(call.arguments(), scope), steps);
            case Expression.Filtered filtered ->
                    Filters.ALL.get(filtered.filter()).apply(evaluate(filtered.base(), scope), given(filtered.arguments(), scope), steps);
            case Expression.Tested tested -> Value.Bool.of(
                    Tests.ALL.get(tested.test()).holds(evaluate(tested.base(), scope), given(tested.arguments(), scope), steps));
        };
        if (value instanceof Text text) {
            steps.characters(text.length()); // whatever made it
        }
        depth--;
        return value;
    }

    private List<Value> all(List<Expression> expressions, Scope scope) {
        steps.elements(expressions.size());
        List<Value> values = new ArrayList<>(expressions.size());
        for (Expression expression : expressions) {
            values.add(evaluate(expression, scope));
        }
        return values;
    }

    private Value map(Expression.MapOf map, Scope scope) {
        Map<Text, Value> entries = new LinkedHashMap<>();
        for (int i = 0; i < map.keys().size(); i++) {
            steps.elements(2);
            if (!(evaluate(map.keys().get(i), scope) instanceof Text key)) {
                throw TemplateFault.unsupported("a mapping's key that is no string");
            }
            entries.put(key, evaluate(map.values().get(i), scope));
        }
        return new Value.Mapping(entries);
    }

    /** The first operand whose truth decides, or the last, as it is. */
    private Value decisive(List<Expression> operands, boolean truth, Scope scope) {
        Value value = null;
        for (Expression operand : operands) {
            value = evaluate(operand, scope);
            if (value.isTrue() == truth) {
                break;
            }
        }
        return value;
    }

    private Value arithmetic(Expression.Arithmetic chain, Scope scope) {
        Value value = evaluate(chain.first(), scope);
        for (Step step : chain.steps()) {
            value = Operations.arithmetic(step.operator(), value, evaluate(step.operand(), scope), steps);
        }
        return value;
    }

    private Value comparison(Expression.Comparison chain, Scope scope) {
        Value left = evaluate(chain.first(), scope);
        for (Step step : chain.steps()) {
            Value right = evaluate(step.operand(), scope);
            if (!Operations.compare(step.operator(), left, right, steps)) {
                return Value.Bool.FALSE;
            }
            left = right;
        }
        return Value.Bool.TRUE;
    }

    private Value bound(Expression bound, Scope scope) {
        return bound == null ? null : evaluate(bound, scope);
    }

    private Given given(Arguments arguments, Scope scope) {
        Map<String, Value> named = new LinkedHashMap<>();
        arguments.named().forEach((name, expression) -> named.put(name, evaluate(expression, scope)));
        return new Given(all(arguments.positional(), scope), named);
    }
}
