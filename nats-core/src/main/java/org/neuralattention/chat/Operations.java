package org.neuralattention.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What operators do with two values, as in Python; what Python refuses is an error here too. */
final class Operations {

    /** Lists in lists deeper than this are not compared. */
    private static final int MAX_DEPTH = 64;

    private Operations() {}

    static Value arithmetic(Operator operator, Value a, Value b, Steps steps) {
        if (operator == Operator.CONCATENATE) {
            return join(a.print(), b.print(), steps);
        }
        if (a instanceof Text left && b instanceof Text right && operator == Operator.ADD) {
            return join(left, right, steps);
        }
        if (a instanceof Value.Items left && b instanceof Value.Items right && operator == Operator.ADD) {
            steps.elements((long) left.list().size() + right.list().size());
            List<Value> both = new ArrayList<>(left.list());
            both.addAll(right.list());
            return new Value.Items(both);
        }
        if (operator == Operator.MULTIPLY && a instanceof Text text && isNumber(b)) {
            return repeat(text, Given.integer(b, ""), steps);
        }
        if (operator == Operator.REMAINDER && a instanceof Text) {
            throw TemplateFault.unsupported("formatting with %");
        }
        if (!isNumber(a) || !isNumber(b)) {
            throw TemplateFault.wrong(a.kind() + " " + operator.symbol() + " " + b.kind() + " is not defined");
        }
        return number(operator, Given.integer(a, ""), Given.integer(b, ""));
    }

    private static boolean isNumber(Value value) {
        return value instanceof Value.Int || value instanceof Value.Bool;
    }

    private static Text join(Text a, Text b, Steps steps) {
        return new Text.Builder(steps).append(a).append(b).build();
    }

    private static Text repeat(Text text, long count, Steps steps) {
        Text.Builder out = new Text.Builder(steps);
        for (long i = 0; i < count && text.length() > 0; i++) {
            steps.step();
            out.append(text);
        }
        return out.build();
    }

    private static Value number(Operator operator, long a, long b) {
        try {
            return new Value.Int(switch (operator) {
                case ADD -> Math.addExact(a, b);
                case SUBTRACT -> Math.subtractExact(a, b);
                case MULTIPLY -> Math.multiplyExact(a, b);
                case FLOOR_DIVIDE -> Math.floorDivExact(a, b);
                case REMAINDER -> Math.floorMod(a, b);
                default -> throw new IllegalStateException(operator.toString());
            });
        } catch (ArithmeticException e) {
            throw TemplateFault.wrong(a + " " + operator.symbol() + " " + b + (b == 0 ? ": division by zero" : " does not fit 64 bits"));
        }
    }

    static boolean compare(Operator operator, Value a, Value b, Steps steps) {
        return switch (operator) {
            case EQUAL -> equal(a, b, steps);
            case NOT_EQUAL -> !equal(a, b, steps);
            case LESS -> order(operator, a, b) < 0;
            case LESS_OR_EQUAL -> order(operator, a, b) <= 0;
            case GREATER -> order(operator, a, b) > 0;
            case GREATER_OR_EQUAL -> order(operator, a, b) >= 0;
            case IN -> contains(b, a, steps);
            case NOT_IN -> !contains(b, a, steps);
            default -> throw new IllegalStateException(operator.toString());
        };
    }

    static boolean equal(Value a, Value b, Steps steps) {
        return equal(a, b, 0, steps);
    }

    private static boolean equal(Value a, Value b, int depth, Steps steps) {
        steps.step();
        if (depth > MAX_DEPTH) {
            throw TemplateFault.wrong("lists nested more than " + MAX_DEPTH + " deep are not compared");
        }
        if (isNumber(a) && isNumber(b)) {
            return Given.integer(a, "") == Given.integer(b, "");
        }
        return switch (a) {
            case Text text -> {
                steps.characters(text.length());
                yield text.equals(b);
            }
            case Value.Undefined _ -> b instanceof Value.Undefined;
            case Value.Stream stream -> throw TemplateFault.unsupported("comparing " + stream.kind());
            case Value.Items items -> b instanceof Value.Items other && equal(items.list(), other.list(), depth, steps);
            case Value.Mapping m -> b instanceof Value.Mapping other && equal(m.map(), other.map(), depth, steps);
            default -> a.equals(b);
        };
    }

    private static boolean equal(List<Value> a, List<Value> b, int depth, Steps steps) {
        boolean same = a.size() == b.size();
        for (int i = 0; same && i < a.size(); i++) {
            same = equal(a.get(i), b.get(i), depth + 1, steps);
        }
        return same;
    }

    private static boolean equal(Map<Text, Value> a, Map<Text, Value> b, int depth, Steps steps) {
        boolean same = a.size() == b.size();
        for (Map.Entry<Text, Value> entry : a.entrySet()) {
            Value other = same ? b.get(entry.getKey()) : null;
            same = other != null && equal(entry.getValue(), other, depth + 1, steps);
        }
        return same;
    }

    private static int order(Operator operator, Value a, Value b) {
        if (isNumber(a) && isNumber(b)) {
            return Long.compare(Given.integer(a, ""), Given.integer(b, ""));
        }
        if (a instanceof Text left && b instanceof Text right) {
            return compareCodePoints(left.string(), right.string());
        }
        throw TemplateFault.wrong(a.kind() + " " + operator.symbol() + " " + b.kind() + " is not defined");
    }

    /** Java compares UTF-16 units, which puts what lies beyond them before U+E000. */
    private static int compareCodePoints(String a, String b) {
        int n = Math.min(a.length(), b.length());
        for (int i = 0; i < n; i++) {
            if (a.charAt(i) != b.charAt(i)) {
                return Integer.compare(weight(a.charAt(i)), weight(b.charAt(i)));
            }
        }
        return Integer.compare(a.length(), b.length());
    }

    private static int weight(char c) {
        return Character.isSurrogate(c) ? c + Character.MAX_VALUE : c;
    }

    /** {@code element in whole}. */
    static boolean contains(Value whole, Value element, Steps steps) {
        return switch (whole) {
            case Text text -> {
                steps.characters(text.length());
                yield text.string().contains(Given.text(element, "what is looked for in a string").string());
            }
            case Value.Items _, Value.Stream _ -> Elements.of(whole, steps).stream().anyMatch(other -> equal(other, element, steps));
            case Value.Mapping m -> element instanceof Text key && m.map().containsKey(key);
            case Value.Undefined _ -> false;
            default -> throw TemplateFault.wrong("'in' " + whole.kind() + " is not defined");
        };
    }
}
