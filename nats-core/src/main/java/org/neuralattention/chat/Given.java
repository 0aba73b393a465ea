package org.neuralattention.chat;

import java.util.List;
import java.util.Map;

/** The arguments of a call, evaluated. */
record Given(List<Value> positional, Map<String, Value> named) {

    /**
     * Each parameter's value, null where it is not given.
     *
     * @param names of the parameters, in order
     */
    Value[] as(String... names) {
        if (positional.size() > names.length) {
            throw TemplateFault.unsupported("a call with " + positional.size() + " arguments where at most " + names.length + " are known");
        }
        Value[] values = new Value[names.length];
        for (int i = 0; i < positional.size(); i++) {
            values[i] = positional.get(i);
        }
        named.forEach((name, value) -> values[free(name, values, names)] = value);
        return values;
    }

    private static int free(String name, Value[] values, String... names) {
        int i = List.of(names).indexOf(name);
        if (i < 0) {
            throw TemplateFault.unsupported("the argument " + name);
        }
        if (values[i] != null) {
            throw TemplateFault.wrong("the argument " + name + " is given twice");
        }
        return i;
    }

    static boolean isGiven(Value value) {
        return value != null && value != Value.None.NONE;
    }

    /** @param what to call it in an error */
    static Text text(Value value, String what) {
        if (value instanceof Text text) {
            return text;
        }
        throw TemplateFault.wrong(what + " is " + (value == null ? "missing" : value.kind()) + ", a string is needed");
    }

    static long integer(Value value, String what) {
        return switch (value) {
            case Value.Int i -> i.value();
            case Value.Bool b -> b.value() ? 1 : 0;
            case null -> throw TemplateFault.wrong(what + " is missing");
            default -> throw TemplateFault.wrong(what + " is " + value.kind() + ", an integer is needed");
        };
    }
}
