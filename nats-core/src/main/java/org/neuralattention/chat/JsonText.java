package org.neuralattention.chat;

import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** {@code tojson} as transformers has it: Python's {@code json.dumps} with its separators, characters outside of ASCII as they are. */
final class JsonText {

    private static final int MAX_DEPTH = 64;

    private final long indent;
    private final Text.Builder out;
    private int depth;

    private JsonText(long indent, Steps steps) {
        this.indent = indent;
        this.out = new Text.Builder(steps);
    }

    /** @param indent blanks for each level, each entry on a line of its own; negative for all on one line */
    static Text of(Value value, long indent, Steps steps) {
        if (indent > MAX_DEPTH) {
            throw TemplateFault.unsupported("tojson(indent=" + indent + ")");
        }
        JsonText json = new JsonText(indent, steps);
        json.write(value);
        return json.out.build();
    }

    private void write(String text) {
        out.append(Text.of(text));
    }

    private void write(Value value) {
        switch (value) {
            case Text text -> out.append(text.derive(quoted(text.string())));
            case Value.Int i -> write(Long.toString(i.value()));
            case Value.Bool b -> write(b.value() ? "true" : "false");
            case Value.None _ -> write("null");
            case Value.Items items -> list(items.list());
            case Value.Mapping m -> map(m.map());
            case Value.Stream _, Value.Undefined _, Value.Namespace _, Value.Function _ -> throw TemplateFault.wrong(value.kind() + " has no JSON");
        }
    }

    private void list(List<Value> list) {
        write("[");
        Iterator<Value> elements = list.iterator();
        enter();
        while (elements.hasNext()) {
            line();
            write(elements.next());
            comma(elements);
        }
        leave(list.isEmpty());
        write("]");
    }

    private void map(Map<Text, Value> map) {
        write("{");
        Iterator<Map.Entry<Text, Value>> entries = map.entrySet().iterator();
        enter();
        while (entries.hasNext()) {
            line();
            Map.Entry<Text, Value> entry = entries.next();
            write(entry.getKey());
            write(": ");
            write(entry.getValue());
            comma(entries);
        }
        leave(map.isEmpty());
        write("}");
    }

    private void enter() {
        if (++depth > MAX_DEPTH) {
            throw TemplateFault.wrong("JSON nested more than " + MAX_DEPTH + " deep");
        }
    }

    private void leave(boolean empty) {
        depth--;
        if (!empty) {
            line();
        }
    }

    private void line() {
        if (indent >= 0) {
            write("\n" + " ".repeat((int) indent * depth));
        }
    }

    private void comma(Iterator<?> rest) {
        if (rest.hasNext()) {
            write(indent >= 0 ? "," : ", ");
        }
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\' -> out.append('\\').append(c);
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c < 0x20) {
                        out.append("\\u00").append(Character.forDigit(c >> 4, 16)).append(Character.forDigit(c & 15, 16));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        return out.append('"').toString();
    }
}
