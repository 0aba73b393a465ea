package org.neuralattention.chat;

import java.util.ArrayList;
import java.util.List;

/** What a loop over a value sees, and parts of lists and strings by index. A string's elements are its code points. */
final class Elements {

    private Elements() {}

    /** A list's elements, a mapping's keys, a string's characters; of something undefined none. */
    static List<Value> of(Value value, Steps steps) {
        return switch (value) {
            case Value.Items items -> items.list();
            case Value.Stream stream -> stream.take();
            case Value.Mapping m -> {
                steps.elements(m.map().size());
                yield List.copyOf(m.map().keySet());
            }
            case Text text -> characters(text, steps);
            case Value.Undefined _ -> List.of();
            default -> throw TemplateFault.wrong(value.kind() + " has no elements to loop over");
        };
    }

    private static List<Value> characters(Text text, Steps steps) {
        steps.elements(text.length());
        List<Value> characters = new ArrayList<>(text.length());
        for (int i = 0; i < text.length(); ) {
            int next = i + Character.charCount(text.string().codePointAt(i));
            characters.add(text.substring(i, next));
            i = next;
        }
        return characters;
    }

    /** How many elements. */
    static long count(Value value) {
        return switch (value) {
            case Text text -> text.string().codePointCount(0, text.length());
            case Value.Items items -> items.list().size();
            case Value.Mapping m -> m.map().size();
            case Value.Undefined _ -> 0;
            default -> throw TemplateFault.wrong(value.kind() + " has no length");
        };
    }

    /** {@code base[index]}; what is not there is undefined. */
    static Value item(Value base, Value index) {
        if (base instanceof Value.Undefined u) {
            throw TemplateFault.wrong("'" + u.name() + "' is undefined, and so has no items");
        }
        if (base instanceof Value.Mapping m && index instanceof Text key && m.map().containsKey(key)) {
            return m.map().get(key);
        }
        boolean number = index instanceof Value.Int || index instanceof Value.Bool;
        if (number && (base instanceof Value.Items || base instanceof Text)) {
            long count = count(base);
            long i = Given.integer(index, "the index");
            i += i < 0 ? count : 0;
            if (i >= 0 && i < count) {
                return base instanceof Value.Items items ? items.list().get((int) i) : at((Text) base, (int) i, (int) i + 1);
            }
        } else if (index instanceof Text name) {
            return attributeByIndex(base, name.string());
        }
        return new Value.Undefined("an item");
    }

    /** Jinja falls back from a missing item to an attribute. */
    private static Value attributeByIndex(Value base, String name) {
        if (base instanceof Value.Namespace namespace && namespace.map().containsKey(name)) {
            return namespace.map().get(name);
        }
        if (Methods.isMethodOf(base, name)) {
            throw TemplateFault.unsupported("the method " + name + " without a call");
        }
        return new Value.Undefined(name);
    }

    /** {@code base.name}; what is not there is undefined. */
    static Value attribute(Value base, String name) {
        if (base instanceof Value.Undefined u) {
            throw TemplateFault.wrong("'" + u.name() + "' is undefined, and so has no attribute '" + name + "'");
        }
        if (Methods.isMethodOf(base, name)) {
            throw TemplateFault.unsupported("the method " + name + " without a call");
        }
        return item(base, Text.of(name));
    }

    private static Text at(Text text, int from, int to) {
        int begin = text.string().offsetByCodePoints(0, from);
        return text.substring(begin, text.string().offsetByCodePoints(begin, to - from));
    }

    /** {@code base[from:to:step]}, each bound null where it is not written. */
    static Value slice(Value base, Value from, Value to, Value step, Steps steps) {
        if (!(base instanceof Text || base instanceof Value.Items)) {
            throw TemplateFault.wrong(base.kind() + " cannot be sliced");
        }
        int count = (int) count(base);
        long by = Given.isGiven(step) ? Given.integer(step, "the slice's step") : 1;
        if (by == 0) {
            throw TemplateFault.wrong("a slice's step is 0");
        }
        int first = bound(from, count, by > 0 ? 0 : count - 1, by < 0);
        int last = bound(to, count, by > 0 ? count : -1, by < 0);
        if (base instanceof Text text && by == 1) {
            return first < last ? at(text, first, last) : Text.EMPTY;
        }
        List<Value> all = of(base, steps);
        List<Value> taken = new ArrayList<>();
        for (long i = first; by > 0 ? i < last : i > last; i += by) {
            steps.elements(1);
            taken.add(all.get((int) i));
        }
        return base instanceof Text ? joined(taken, steps) : new Value.Items(taken);
    }

    private static int bound(Value bound, int count, int otherwise, boolean backwards) {
        if (!Given.isGiven(bound)) {
            return otherwise;
        }
        long i = Given.integer(bound, "the slice's bound");
        i += i < 0 ? count : 0;
        return Math.clamp(i, backwards ? -1 : 0, backwards ? count - 1 : count);
    }

    private static Text joined(List<Value> texts, Steps steps) {
        Text.Builder out = new Text.Builder(steps);
        texts.forEach(text -> out.append((Text) text));
        return out.build();
    }
}
