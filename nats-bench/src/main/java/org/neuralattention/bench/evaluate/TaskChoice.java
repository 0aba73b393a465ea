package org.neuralattention.bench.evaluate;

import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.bench.tasks.Mqar;
import org.neuralattention.bench.tasks.Needles;
import org.neuralattention.bench.tasks.Task;
import org.neuralattention.bench.tasks.VariableTracking;

/**
 * A task as the command line names it: {@code mqar}, or {@code mqar:16} with another size.
 *
 * @param size pairs, keys, values, hops or facts; 0 where there is none
 */
record TaskChoice(Kind kind, int size) {

    /** What a task is made of. */
    enum Kind {
        TEXT("text", 0), MQAR("mqar", 8), NEEDLE("needle", 0), MULTI_KEY("multi-key", 4), MULTI_VALUE("multi-value", 4),
        MULTI_QUERY("multi-query", 4), VARIABLES("variables", 4), FACTS("facts", 8);

        private final String option;
        private final int size;

        Kind(String option, int size) {
            this.option = option;
            this.size = size;
        }

        /** Whether the task is made of a text, so that it needs one, and the model's tokenizer. */
        boolean ofText() {
            return this == TEXT || this == FACTS;
        }
    }

    private static final Pattern FORM = Pattern.compile("([a-z-]+)(?::([1-9][0-9]{0,3}))?");

    /** @throws UserError if there is no such task, or it has no size */
    static TaskChoice of(String option) {
        Matcher matcher = FORM.matcher(option);
        if (matcher.matches()) {
            for (Kind kind : Kind.values()) {
                if (kind.option.equals(matcher.group(1)) && (matcher.group(2) == null || kind.size > 0)) {
                    return new TaskChoice(kind, matcher.group(2) == null ? kind.size : Integer.parseInt(matcher.group(2)));
                }
            }
        }
        throw new UserError("--tasks " + option + ": must be one of " + names() + "; all but text and needle may have a size, like mqar:16.");
    }

    static String names() {
        return Arrays.stream(Kind.values()).map(kind -> kind.option).collect(Collectors.joining(", "));
    }

    /** Of a task on tokens. */
    Task task(int context) {
        return switch (kind) {
            case MQAR -> Mqar.of(size, context);
            case NEEDLE -> Needles.single(context);
            case MULTI_KEY -> Needles.multiKey(size, context);
            case MULTI_VALUE -> Needles.multiValue(size, context);
            case MULTI_QUERY -> Needles.multiQuery(size, context);
            case VARIABLES -> VariableTracking.of(size, context);
            case TEXT, FACTS -> throw new IllegalStateException(kind + " is made of a text");
        };
    }

    /** As the command line has it. */
    @Override
    public String toString() {
        return kind.option + (size == kind.size ? "" : ":" + size);
    }
}
