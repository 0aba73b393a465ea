package org.neuralattention.chat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What an expression of a template can be. All but {@link Namespace} are immutable. */
sealed interface Value permits Text, Value.Int, Value.Bool, Value.None, Value.Undefined, Value.Items, Value.Stream,
        Value.Mapping, Value.Namespace, Value.Function {

    /** Python's integers have no limit; here one that does not fit 64 bits is an error. */
    record Int(long value) implements Value {}

    record Bool(boolean value) implements Value {
        static final Bool TRUE = new Bool(true);
        static final Bool FALSE = new Bool(false);

        static Bool of(boolean value) {
            return value ? TRUE : FALSE;
        }
    }

    /** Python's {@code None}. */
    enum None implements Value { NONE }

    /** What a name that nothing was assigned to yields: prints as nothing and counts as false; most other uses are errors. */
    record Undefined(String name) implements Value {}

    /** A list or tuple. */
    record Items(List<Value> list) implements Value {}

    /**
     * What {@code map}, {@code select} and their kin yield: elements that can be taken once. Python's is always true and has no length, so
     * anything but taking them is refused; {@code | list} makes a list.
     */
    final class Stream implements Value {

        private List<Value> list;

        Stream(List<Value> list) {
            this.list = list;
        }

        List<Value> take() {
            if (list == null) {
                throw TemplateFault.unsupported("taking what a filter yields a second time, without | list,");
            }
            List<Value> all = list;
            list = null;
            return all;
        }
    }

    /** A dict; the keys keep their order. */
    record Mapping(Map<Text, Value> map) implements Value {}

    /** The one thing a template can change: {@code namespace(found=false)}, then {@code set ns.found = true}. */
    record Namespace(Map<String, Value> map) implements Value {
        Namespace() {
            this(new LinkedHashMap<>());
        }

        @Override
        public boolean equals(Object other) { // by identity, as Jinja has it; it may hold itself
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    /** A function's name where it is not called: good for {@code strftime_now is defined}. */
    record Function(String name) implements Value {}

    /** What it is called in messages. */
    default String kind() {
        return switch (this) {
            case Text _ -> "a string";
            case Int _ -> "an integer";
            case Bool _ -> "a boolean";
            case None _ -> "none";
            case Undefined u -> "undefined (" + u.name() + ")";
            case Items _ -> "a list";
            case Stream _ -> "what a filter yields, without | list,";
            case Mapping _ -> "a mapping";
            case Namespace _ -> "a namespace";
            case Function f -> "the function " + f.name();
        };
    }

    /** Python's truth: nothing, zero and empty are false. */
    default boolean isTrue() {
        return switch (this) {
            case Text t -> t.length() > 0;
            case Int i -> i.value() != 0;
            case Bool b -> b.value();
            case None _, Undefined _ -> false;
            case Items items -> !items.list().isEmpty();
            case Stream _ -> throw TemplateFault.unsupported("the truth of " + kind());
            case Mapping m -> !m.map().isEmpty();
            case Namespace _, Function _ -> true;
        };
    }

    /** As it is printed; a list or mapping is refused, for its printed form is Python's and no prompt. */
    default Text print() {
        return switch (this) {
            case Text t -> t;
            case Int i -> Text.of(Long.toString(i.value()));
            case Bool b -> Text.of(b.value() ? "True" : "False");
            case None _ -> Text.of("None");
            case Undefined _ -> Text.EMPTY;
            case Items _, Stream _, Mapping _, Namespace _, Function _ -> throw TemplateFault.unsupported("printing " + kind());
        };
    }
}
