package org.neuralattention.chat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** Python's methods of strings and dicts, as far as templates use them. */
final class Methods {

    @FunctionalInterface
    interface Method {
        Value call(Value base, Given given, Steps steps);
    }

    static final Map<String, Method> ALL = Map.ofEntries(
            Map.entry("strip", ofText((text, given, _) -> strip(text, given, true, true))),
            Map.entry("lstrip", ofText((text, given, _) -> strip(text, given, true, false))),
            Map.entry("rstrip", ofText((text, given, _) -> strip(text, given, false, true))),
            Map.entry("startswith", ofText((text, given, _) -> Value.Bool.of(any(given, text.string()::startsWith)))),
            Map.entry("endswith", ofText((text, given, _) -> Value.Bool.of(any(given, text.string()::endsWith)))),
            Map.entry("split", ofText(Methods::split)),
            Map.entry("replace", ofText((text, given, steps) -> replace(text, given.as("old", "new", "count"), steps))),
            Map.entry("join", ofText((text, given, steps) -> join(text, given.as("iterable")[0], steps))),
            Map.entry("upper", ofText((text, given, _) -> changed(text, given, s -> s.toUpperCase(Locale.ROOT)))),
            Map.entry("lower", ofText((text, given, _) -> changed(text, given, s -> s.toLowerCase(Locale.ROOT)))),
            Map.entry("capitalize", ofText((text, given, _) -> changed(text, given, Methods::capitalized))),
            Map.entry("title", ofText((text, given, _) -> changed(text, given, Methods::title))),
            Map.entry("items", ofMapping(Methods::items)),
            Map.entry("keys", ofMapping((map, given, steps) -> keys(map, given, steps))),
            Map.entry("values", ofMapping(Methods::values)),
            Map.entry("get", ofMapping((map, given, _) -> get(map, given.as("key", "default")))));

    private static final Set<String> OF_STRINGS = words("""
            capitalize casefold center count encode endswith expandtabs find format format_map index isalnum isalpha isascii isdecimal isdigit
            isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip maketrans partition removeprefix
            removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title translate upper
            zfill""");
    private static final Set<String> OF_LISTS = words("append clear copy count extend index insert pop remove reverse sort");
    private static final Set<String> OF_MAPPINGS = words("clear copy fromkeys get items keys pop popitem setdefault update values");

    private Methods() {}

    private static Set<String> words(String line) {
        return Set.of(line.split("\\s+"));
    }

    /** Whether Python has such a method, which without a call is of no use. */
    static boolean isMethodOf(Value base, String name) {
        return switch (base) {
            case Value.Mapping _ -> OF_MAPPINGS.contains(name);
            case Text _ -> OF_STRINGS.contains(name);
            case Value.Items _ -> OF_LISTS.contains(name);
            default -> false;
        };
    }

    @FunctionalInterface
    private interface OfText {
        Value call(Text text, Given given, Steps steps);
    }

    @FunctionalInterface
    private interface OfMapping {
        Value call(Map<Text, Value> map, Given given, Steps steps);
    }

    private static Method ofText(OfText method) {
        return (base, given, steps) -> method.call(Given.text(base, "what this method is called on"), given, steps);
    }

    private static Method ofMapping(OfMapping method) {
        return (base, given, steps) -> {
            if (base instanceof Value.Mapping mapping) {
                return method.call(mapping.map(), given, steps);
            }
            throw TemplateFault.wrong("what this method is called on is " + base.kind() + ", a mapping is needed");
        };
    }

    private static Text strip(Text text, Given given, boolean left, boolean right) {
        return strip(text, given.as("chars")[0], left, right);
    }

    /** @param chars which characters go; not given for white space */
    static Text strip(Text text, Value chars, boolean left, boolean right) {
        String string = text.string();
        String set = Given.isGiven(chars) ? Given.text(chars, "what to strip").string() : null;
        int from = 0;
        int to = string.length();
        while (left && from < to && goes(string.codePointAt(from), set)) {
            from += Character.charCount(string.codePointAt(from));
        }
        while (right && from < to && goes(string.codePointBefore(to), set)) {
            to -= Character.charCount(string.codePointBefore(to));
        }
        return text.substring(from, to);
    }

    private static boolean goes(int codePoint, String set) {
        return set == null ? codePoint <= Character.MAX_VALUE && Blank.is((char) codePoint) : set.indexOf(codePoint) >= 0;
    }

    private static boolean any(Given given, Predicate<String> test) {
        Value wanted = given.as("prefix")[0];
        List<Value> all = wanted instanceof Value.Items items ? items.list() : Collections.singletonList(wanted);
        return all.stream().anyMatch(one -> test.test(Given.text(one, "what the string is compared with").string()));
    }

    private static Value split(Text text, Given given, Steps steps) {
        Value[] args = given.as("sep", "maxsplit");
        long most = args[1] == null ? -1 : Given.integer(args[1], "maxsplit");
        List<Value> parts = new ArrayList<>();
        if (!Given.isGiven(args[0])) {
            words(parts, text, most, steps);
            return new Value.Items(parts);
        }
        String separator = Given.text(args[0], "the separator").string();
        if (separator.isEmpty()) {
            throw TemplateFault.wrong("split('') is not defined");
        }
        int from = 0;
        for (int at = find(text, separator, from, most); at >= 0; at = find(text, separator, from, most - parts.size())) {
            steps.elements(1);
            parts.add(text.substring(from, at));
            from = at + separator.length();
        }
        parts.add(text.substring(from, text.length()));
        return new Value.Items(parts);
    }

    private static int find(Text text, String separator, int from, long left) {
        return left == 0 ? -1 : text.string().indexOf(separator, from);
    }

    private static void words(List<Value> parts, Text text, long most, Steps steps) {
        String string = text.string();
        int from = Blank.skip(string, 0);
        while (from < string.length()) {
            int to = from;
            while (to < string.length() && !Blank.is(string.charAt(to))) {
                to++;
            }
            if (most >= 0 && parts.size() >= most) {
                to = string.length();
            }
            steps.elements(1);
            parts.add(text.substring(from, to));
            from = Blank.skip(string, to);
        }
    }

    /** @param args old, new, count */
    static Text replace(Text text, Value[] args, Steps steps) {
        String old = Given.text(args[0], "what to replace").string();
        Text replacement = Given.text(args[1], "the replacement");
        if (old.isEmpty()) {
            throw TemplateFault.unsupported("replacing ''");
        }
        return text.replace(old, replacement, args[2] == null ? -1 : Math.max(-1, Given.integer(args[2], "count")), steps);
    }

    private static Text join(Text separator, Value parts, Steps steps) {
        if (parts == null) {
            throw TemplateFault.wrong("join() needs a list");
        }
        Text.Builder out = new Text.Builder(steps);
        boolean first = true;
        for (Value part : Elements.of(parts, steps)) {
            steps.step();
            if (!first) {
                out.append(separator);
            }
            first = false;
            out.append(Given.text(part, "an element of the list to join"));
        }
        return out.build();
    }

    private static Value changed(Text text, Given given, UnaryOperator<String> change) {
        given.as();
        return text.map(change);
    }

    static String capitalized(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.offsetByCodePoints(0, 1);
        return text.substring(0, first).toUpperCase(Locale.ROOT) + text.substring(first).toLowerCase(Locale.ROOT);
    }

    private static String title(String text) {
        StringBuilder out = new StringBuilder(text.length());
        boolean inWord = false;
        for (int c : text.codePoints().toArray()) {
            out.appendCodePoint(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
            inWord = Character.isLetter(c);
        }
        return out.toString();
    }

    private static Value items(Map<Text, Value> map, Given given, Steps steps) {
        given.as();
        return items(map, steps);
    }

    /** Pairs of key and value. */
    static Value.Items items(Map<Text, Value> map, Steps steps) {
        List<Value> pairs = new ArrayList<>();
        for (Map.Entry<Text, Value> entry : map.entrySet()) {
            steps.elements(2);
            pairs.add(new Value.Items(List.of(entry.getKey(), entry.getValue())));
        }
        return new Value.Items(pairs);
    }

    private static Value keys(Map<Text, Value> map, Given given, Steps steps) {
        given.as();
        steps.elements(map.size());
        return new Value.Items(List.copyOf(map.keySet()));
    }

    private static Value values(Map<Text, Value> map, Given given, Steps steps) {
        given.as();
        steps.elements(map.size());
        return new Value.Items(List.copyOf(map.values()));
    }

    private static Value get(Map<Text, Value> map, Value[] args) {
        Value found = map.get(Given.text(args[0], "the key"));
        return found != null ? found : args[1] == null ? Value.None.NONE : args[1];
    }
}
