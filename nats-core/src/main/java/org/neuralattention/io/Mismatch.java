package org.neuralattention.io;

import java.util.ArrayList;
import java.util.List;

/** Gathers everything that does not fit, so that one error names it all. */
final class Mismatch {

    // Beyond it the list is a wrong file, not a list to read.
    private static final int MOST_NAMED = 200;

    private final List<String> missing = new ArrayList<>();
    private final List<String> extra = new ArrayList<>();
    private final List<String> wrong = new ArrayList<>();

    void missing(String name) {
        missing.add(name);
    }

    void extra(String name) {
        extra.add(name);
    }

    void wrong(String what) {
        wrong.add(what);
    }

    void throwIfAny(Object file, String problem) {
        StringBuilder text = new StringBuilder(problem);
        append(text, "missing", missing);
        append(text, "not expected", extra);
        append(text, "wrong", wrong);
        if (text.length() > problem.length()) {
            throw new ModelFormatException(file, text.toString());
        }
    }

    private static void append(StringBuilder text, String kind, List<String> names) {
        if (!names.isEmpty()) {
            text.append("; ").append(kind).append(": ").append(String.join(", ", names.subList(0, Math.min(MOST_NAMED, names.size()))));
            if (names.size() > MOST_NAMED) {
                text.append(" and ").append(names.size() - MOST_NAMED).append(" more");
            }
        }
    }
}
