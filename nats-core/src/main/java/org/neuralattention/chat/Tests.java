package org.neuralattention.chat;

import java.util.Map;
import java.util.function.Predicate;

/** Jinja's tests, as far as templates use them: {@code value is name}. */
final class Tests {

    @FunctionalInterface
    interface Test {
        boolean holds(Value value, Given given, Steps steps);
    }

    static final Map<String, Test> ALL = Map.ofEntries(
            Map.entry("defined", of(value -> !(value instanceof Value.Undefined))),
            Map.entry("undefined", of(value -> value instanceof Value.Undefined)),
            Map.entry("none", of(value -> value == Value.None.NONE)),
            Map.entry("string", of(value -> value instanceof Text)),
            Map.entry("mapping", of(value -> value instanceof Value.Mapping)),
            Map.entry("number", of(value -> value instanceof Value.Int || value instanceof Value.Bool)),
            Map.entry("integer", of(value -> value instanceof Value.Int)),
            Map.entry("boolean", of(value -> value instanceof Value.Bool)),
            Map.entry("true", of(Value.Bool.TRUE::equals)),
            Map.entry("false", of(Value.Bool.FALSE::equals)),
            Map.entry("iterable", of(Tests::hasElements)),
            Map.entry("sequence", of(Tests::hasElements)),
            Map.entry("odd", of(value -> Math.floorMod(Given.integer(value, "what is tested"), 2L) == 1)),
            Map.entry("even", of(value -> Math.floorMod(Given.integer(value, "what is tested"), 2L) == 0)),
            Map.entry("divisibleby", Tests::divisible),
            Map.entry("sameas", Tests::same),
            Map.entry("in", (value, given, steps) -> Operations.contains(operand(given), value, steps)),
            Map.entry("eq", comparison(Operator.EQUAL)),
            Map.entry("equalto", comparison(Operator.EQUAL)),
            Map.entry("ne", comparison(Operator.NOT_EQUAL)),
            Map.entry("lt", comparison(Operator.LESS)),
            Map.entry("le", comparison(Operator.LESS_OR_EQUAL)),
            Map.entry("gt", comparison(Operator.GREATER)),
            Map.entry("ge", comparison(Operator.GREATER_OR_EQUAL)));

    private Tests() {}

    private static Test of(Predicate<Value> test) {
        return (value, given, _) -> {
            given.as();
            return test.test(value);
        };
    }

    private static Test comparison(Operator operator) {
        return (value, given, steps) -> Operations.compare(operator, value, operand(given), steps);
    }

    private static Value operand(Given given) {
        Value other = given.as("other")[0];
        if (other == null) {
            throw TemplateFault.wrong("this test needs something to compare with");
        }
        return other;
    }

    /** Something undefined counts: it is looped over as if it were empty. */
    private static boolean hasElements(Value value) {
        return switch (value) {
            case Text _, Value.Items _, Value.Mapping _, Value.Undefined _ -> true;
            case Value.Stream _, Value.Namespace _ -> throw TemplateFault.unsupported("asking whether " + value.kind() + " has elements");
            default -> false;
        };
    }

    private static boolean divisible(Value value, Given given, Steps steps) {
        long by = Given.integer(operand(given), "the divisor");
        if (by == 0) {
            throw TemplateFault.wrong("divisible by 0 is not defined");
        }
        return Given.integer(value, "what is tested") % by == 0;
    }

    /** The same object: certain only for none, true and false, and for a namespace. */
    private static boolean same(Value value, Given given, Steps steps) {
        Value other = operand(given);
        if (other == Value.None.NONE || other instanceof Value.Bool || other instanceof Value.Namespace) {
            return value.equals(other);
        }
        throw TemplateFault.unsupported("sameas of " + other.kind());
    }
}
