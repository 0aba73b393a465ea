package org.neuralattention.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Jinja's filters, as far as templates use them: {@code value | name(arguments)}. */
final class Filters {

    @FunctionalInterface
    interface Filter {
        Value apply(Value value, Given given, Steps steps);
    }

    static final Map<String, Filter> ALL = Map.ofEntries(
            Map.entry("trim", (value, given, _) -> Methods.strip(value.print(), given.as("chars")[0], true, true)),
            Map.entry("tojson", Filters::toJson),
            Map.entry("length", Filters::length),
            Map.entry("count", Filters::length),
            Map.entry("upper", (value, given, _) -> changed(value, given).map(s -> s.toUpperCase(Locale.ROOT))),
            Map.entry("lower", (value, given, _) -> changed(value, given).map(s -> s.toLowerCase(Locale.ROOT))),
            Map.entry("capitalize", (value, given, _) -> changed(value, given).map(Methods::capitalized)),
            Map.entry("string", (value, given, _) -> changed(value, given)),
            Map.entry("int", Filters::toInt),
            Map.entry("default", Filters::otherwise),
            Map.entry("d", Filters::otherwise),
            Map.entry("first", (value, given, steps) -> end(value, given, 0, steps)),
            Map.entry("last", (value, given, steps) -> end(value, given, -1, steps)),
            Map.entry("list", (value, given, steps) -> list(value, given, steps)),
            Map.entry("reverse", Filters::reverse),
            Map.entry("join", Filters::join),
            Map.entry("replace", (value, given, steps) -> Methods.replace(value.print(), given.as("old", "new", "count"), steps)),
            Map.entry("items", Filters::items),
            Map.entry("map", Filters::map),
            Map.entry("select", (value, given, steps) -> select(value, given, false, true, steps)),
            Map.entry("reject", (value, given, steps) -> select(value, given, false, false, steps)),
            Map.entry("selectattr", (value, given, steps) -> select(value, given, true, true, steps)),
            Map.entry("rejectattr", (value, given, steps) -> select(value, given, true, false, steps)));

    private Filters() {}

    private static Text changed(Value value, Given given) {
        given.as();
        return value.print();
    }

    private static Value toJson(Value value, Given given, Steps steps) {
        Value[] args = given.as("indent", "ensure_ascii");
        if (args[1] != null && args[1].isTrue()) {
            throw TemplateFault.unsupported("tojson(ensure_ascii=true)");
        }
        return JsonText.of(value, Given.isGiven(args[0]) ? Given.integer(args[0], "indent") : -1, steps);
    }

    private static Value length(Value value, Given given, Steps steps) {
        given.as();
        return new Value.Int(Elements.count(value));
    }

    private static Value toInt(Value value, Given given, Steps steps) {
        Value[] args = given.as("default");
        if (value instanceof Value.Int || value instanceof Value.Bool) {
            return new Value.Int(Given.integer(value, ""));
        }
        if (!(value instanceof Text text) || !text.string().strip().matches("[+-]?[0-9]{1,18}")) {
            throw TemplateFault.unsupported("int of " + value.kind() + " that is no decimal integer");
        }
        return new Value.Int(Long.parseLong(text.string().strip()));
    }

    private static Value otherwise(Value value, Given given, Steps steps) {
        Value[] args = given.as("default_value", "boolean");
        boolean replace = value instanceof Value.Undefined || args[1] != null && args[1].isTrue() && !value.isTrue();
        return !replace ? value : args[0] == null ? Text.EMPTY : args[0];
    }

    private static Value end(Value value, Given given, int index, Steps steps) {
        given.as();
        Value base = value instanceof Value.Stream || value instanceof Value.Mapping ? new Value.Items(Elements.of(value, steps)) : value;
        return Elements.count(base) == 0 ? new Value.Undefined("an element of something empty") : Elements.item(base, new Value.Int(index));
    }

    private static Value list(Value value, Given given, Steps steps) {
        given.as();
        return new Value.Items(Elements.of(value, steps));
    }

    private static Value reverse(Value value, Given given, Steps steps) {
        given.as();
        Value base = value instanceof Text ? value : new Value.Items(Elements.of(value, steps));
        Value reversed = Elements.slice(base, null, null, new Value.Int(-1), steps);
        return reversed instanceof Value.Items items ? new Value.Stream(items.list()) : reversed;
    }

    private static Value join(Value value, Given given, Steps steps) {
        Value[] args = given.as("d", "attribute");
        Text separator = args[0] == null ? Text.EMPTY : args[0].print();
        Text.Builder out = new Text.Builder(steps);
        boolean first = true;
        for (Value element : Elements.of(value, steps)) {
            steps.step();
            if (!first) {
                out.append(separator);
            }
            first = false;
            out.append((args[1] == null ? element : attribute(element, args[1])).print());
        }
        return out.build();
    }

    private static Value attribute(Value element, Value name) {
        Value result = element;
        for (String part : Given.text(name, "the attribute's name").string().split("\\.", -1)) {
            result = Elements.item(result, part.matches("[0-9]{1,9}") ? new Value.Int(Integer.parseInt(part)) : Text.of(part));
        }
        return result;
    }

    private static Value items(Value value, Given given, Steps steps) {
        given.as();
        return switch (value) {
            case Value.Mapping m -> new Value.Stream(Methods.items(m.map(), steps).list());
            case Value.Undefined _ -> new Value.Stream(List.of());
            default -> throw TemplateFault.wrong("items of " + value.kind() + ": a mapping is needed");
        };
    }

    /** {@code map('upper')}, or {@code map(attribute='role')}. */
    private static Value map(Value value, Given given, Steps steps) {
        List<Value> results = new ArrayList<>();
        Value attribute = given.named().get("attribute");
        if (attribute != null) {
            Value[] args = given.as("attribute", "default");
            for (Value element : Elements.of(value, steps)) {
                steps.elements(1);
                Value found = attribute(element, attribute);
                results.add(found instanceof Value.Undefined && args[1] != null ? args[1] : found);
            }
            return new Value.Stream(results);
        }
        if (given.positional().isEmpty()) {
            throw TemplateFault.wrong("map() needs a filter's name or an attribute");
        }
        String name = Given.text(given.positional().getFirst(), "the filter's name").string();
        Filter filter = ALL.get(name);
        if (filter == null || name.equals("map")) { // one that maps itself would nest without end
            throw TemplateFault.unsupported("the filter " + name + " in map()");
        }
        Given rest = new Given(given.positional().subList(1, given.positional().size()), given.named());
        for (Value element : Elements.of(value, steps)) {
            steps.elements(1);
            results.add(filter.apply(element, rest, steps));
        }
        return new Value.Stream(results);
    }

    /** {@code select('odd')}, {@code selectattr('role', 'equalto', 'user')}, and those that keep the others. */
    private static Value select(Value value, Given given, boolean byAttribute, boolean wanted, Steps steps) {
        List<Value> args = given.positional();
        int testAt = byAttribute ? 1 : 0;
        if (byAttribute && args.isEmpty() || !given.named().isEmpty()) {
            throw TemplateFault.wrong("select and its kin take an attribute's name, a test's name and what the test needs");
        }
        String name = args.size() > testAt ? Given.text(args.get(testAt), "the test's name").string() : null;
        Tests.Test test = name == null ? (tested, _, _) -> tested.isTrue() : Tests.ALL.get(name);
        if (test == null) {
            throw TemplateFault.unsupported("the test " + name);
        }
        Given rest = new Given(args.subList(Math.min(args.size(), testAt + 1), args.size()), Map.of());
        List<Value> chosen = new ArrayList<>();
        for (Value element : Elements.of(value, steps)) {
            steps.elements(1);
            Value tested = byAttribute ? attribute(element, args.getFirst()) : element;
            if (test.holds(tested, rest, steps) == wanted) {
                chosen.add(element);
            }
        }
        return new Value.Stream(chosen);
    }
}
