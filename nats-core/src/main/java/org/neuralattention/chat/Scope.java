package org.neuralattention.chat;

import java.util.HashMap;
import java.util.Map;

/** Names and their values; those of the scopes around are seen, not changed. */
final class Scope {

    private final Scope around;
    private final Map<String, Value> values = new HashMap<>();

    /** @param around null for the outermost */
    Scope(Scope around) {
        this.around = around;
    }

    void set(String name, Value value) {
        values.put(name, value);
    }

    /** What the name means here, or undefined. */
    Value get(String name) {
        for (Scope scope = this; scope != null; scope = scope.around) {
            Value value = scope.values.get(name);
            if (value != null) {
                return value;
            }
        }
        return Functions.ALL.containsKey(name) ? new Value.Function(name) : new Value.Undefined(name);
    }
}
