package org.neuralattention.chat;

import java.util.List;

/** What a template does, one after the other; {@link Interpreter} says what each means. */
sealed interface Statement {

    /** For messages. */
    int line();

    /** Text outside of tags. */
    record Data(int line, Text text) implements Statement {}

    /** {@code {{ value }}}. */
    record Print(int line, Expression value) implements Statement {}

    /** {@code if} and each {@code elif}. */
    record Branch(Expression condition, List<Statement> body) {}

    record If(int line, List<Branch> branches, List<Statement> otherwise) implements Statement {}

    /**
     * @param targets one name, or as many as each element has parts
     * @param filter which elements count; null for all
     * @param otherwise when there are none
     */
    record For(int line, List<String> targets, Expression elements, Expression filter, List<Statement> body, List<Statement> otherwise)
            implements Statement {}

    /** {@code set a = value}, or {@code set a, b = value}. */
    record Set(int line, List<String> targets, Expression value) implements Statement {}

    /** {@code set namespace.attribute = value}. */
    record SetAttribute(int line, String namespace, String attribute, Expression value) implements Statement {}

    /** {@code {% set a %}...{% endset %}}: what the body prints. */
    record Capture(int line, String target, List<Statement> body) implements Statement {}

    record Break(int line) implements Statement {}

    record Continue(int line) implements Statement {}
}
