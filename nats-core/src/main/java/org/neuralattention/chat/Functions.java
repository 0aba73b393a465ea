package org.neuralattention.chat;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The functions a template can call by name: Jinja's that are of use, and the two that transformers adds. */
final class Functions {

    @FunctionalInterface
    interface Function {
        Value call(Given given, LocalDateTime now, Steps steps);
    }

    static final Map<String, Function> ALL = Map.of(
            "raise_exception", Functions::raiseException,
            "strftime_now", Functions::strftimeNow,
            "range", Functions::range,
            "namespace", Functions::namespace);

    /** Of strftime's letters those that do not depend on the machine. */
    private static final Map<Character, String> DATE_LETTERS = Map.ofEntries(
            Map.entry('d', "dd"), Map.entry('m', "MM"), Map.entry('y', "yy"), Map.entry('Y', "yyyy"), Map.entry('b', "MMM"), Map.entry('B', "MMMM"),
            Map.entry('a', "EEE"), Map.entry('A', "EEEE"), Map.entry('H', "HH"), Map.entry('I', "hh"), Map.entry('M', "mm"), Map.entry('S', "ss"),
            Map.entry('p', "a"), Map.entry('j', "DDD"), Map.entry('F', "yyyy-MM-dd"), Map.entry('T', "HH:mm:ss"));

    private Functions() {}

    private static Value raiseException(Given given, LocalDateTime now, Steps steps) {
        throw TemplateFault.refused(given.as("message")[0] instanceof Text message ? message.string() : "it gives no reason");
    }

    private static Value strftimeNow(Given given, LocalDateTime now, Steps steps) {
        String format = Given.text(given.as("format")[0], "the date's format").string();
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%') {
                out.append(c);
                continue;
            }
            char letter = ++i < format.length() ? format.charAt(i) : 0;
            String pattern = DATE_LETTERS.get(letter);
            if (pattern == null && letter != '%') {
                throw TemplateFault.unsupported("'%" + (letter == 0 ? "" : letter) + "' in a date");
            }
            steps.characters(8);
            out.append(pattern == null ? "%" : DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(now));
        }
        return Text.of(out.toString());
    }

    private static Value range(Given given, LocalDateTime now, Steps steps) {
        Value[] bounds = given.as("start", "stop", "step");
        long from = bounds[1] == null ? 0 : Given.integer(bounds[0], "range's start");
        long to = Given.integer(bounds[1] == null ? bounds[0] : bounds[1], "range's end");
        long by = bounds[2] == null ? 1 : Given.integer(bounds[2], "range's step");
        if (by == 0) {
            throw TemplateFault.wrong("a range's step is 0");
        }
        List<Value> numbers = new ArrayList<>();
        long i = from;
        while (by > 0 ? i < to : i > to) {
            steps.elements(1);
            numbers.add(new Value.Int(i));
            if (by > 0 ? i > Long.MAX_VALUE - by : i < Long.MIN_VALUE - by) {
                break;
            }
            i += by;
        }
        return new Value.Items(numbers);
    }

    private static Value namespace(Given given, LocalDateTime now, Steps steps) {
        if (!given.positional().isEmpty()) {
            throw TemplateFault.unsupported("namespace() of anything but named values");
        }
        Value.Namespace namespace = new Value.Namespace();
        namespace.map().putAll(given.named());
        return namespace;
    }
}
