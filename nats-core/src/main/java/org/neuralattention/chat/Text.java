package org.neuralattention.chat;

import java.util.Arrays;
import java.util.function.UnaryOperator;

/**
 * A string that knows which of its characters come from the content of messages, so that these never become special tokens however the
 * template cuts and joins them. Equal to any text of the same characters. Immutable.
 */
final class Text implements Value {

    static final Text EMPTY = new Text("", new int[0]);

    private final String string;
    private final int[] content; // ranges from, to, from, to, ...: rising, none empty, none touching the next

    private Text(String string, int[] content) {
        this.string = string;
        this.content = content;
    }

    /** The template's own words. */
    static Text of(String string) {
        return new Text(string, EMPTY.content);
    }

    /** What somebody wrote in a message. */
    static Text content(String string) {
        return string.isEmpty() ? EMPTY : new Text(string, new int[] {0, string.length()});
    }

    String string() {
        return string;
    }

    int length() {
        return string.length();
    }

    boolean hasContent() {
        return content.length > 0;
    }

    /** Ranges of characters, from and to alternating. */
    int[] contentRanges() {
        return content.clone();
    }

    /** A string made of this one: all of it is content if any of this is. */
    Text derive(String made) {
        return hasContent() ? content(made) : of(made);
    }

    /** The same with each character's case changed, or something alike. */
    Text map(UnaryOperator<String> change) {
        return derive(change.apply(string));
    }

    /** The characters in [from, to). */
    Text substring(int from, int to) {
        if (from == 0 && to == string.length()) {
            return this;
        }
        int[] ranges = new int[content.length];
        int n = 0;
        for (int i = 0; i < content.length; i += 2) {
            int begin = Math.max(content[i], from);
            int end = Math.min(content[i + 1], to);
            if (begin < end) {
                ranges[n++] = begin - from;
                ranges[n++] = end - from;
            }
        }
        return new Text(string.substring(from, to), Arrays.copyOf(ranges, n));
    }

    /** Whether any of the characters in [from, to) is content. */
    private boolean hasContent(int from, int to) {
        return substring(from, to).hasContent();
    }

    /**
     * The first {@code count} occurrences replaced, all if negative. What stands for something that was content counts as content.
     *
     * @param old not empty
     */
    Text replace(String old, Text replacement, long count, Steps steps) {
        Builder out = new Builder(steps);
        int from = 0;
        for (long i = 0; i != count; i++) {
            int at = string.indexOf(old, from);
            if (at < 0) {
                break;
            }
            out.append(substring(from, at));
            out.append(hasContent(at, at + old.length()) ? content(replacement.string) : replacement);
            from = at + old.length();
        }
        return out.append(substring(from, string.length())).build();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Text text && string.equals(text.string);
    }

    @Override
    public int hashCode() {
        return string.hashCode();
    }

    @Override
    public String toString() {
        return string;
    }

    /** Texts joined one after the other, each with its ranges. */
    static final class Builder {

        private final Steps steps;
        private final StringBuilder string = new StringBuilder();
        private int[] content = new int[8];
        private int n;

        Builder(Steps steps) {
            this.steps = steps;
        }

        Builder append(Text text) {
            steps.characters(text.length());
            int shift = string.length();
            for (int i = 0; i < text.content.length; i += 2) {
                range(shift + text.content[i], shift + text.content[i + 1]);
            }
            string.append(text.string);
            return this;
        }

        private void range(int from, int to) {
            if (n > 0 && content[n - 1] == from) {
                content[n - 1] = to;
                return;
            }
            if (n == content.length) {
                content = Arrays.copyOf(content, 2 * n);
            }
            content[n++] = from;
            content[n++] = to;
        }

        Text build() {
            return new Text(string.toString(), Arrays.copyOf(content, n));
        }
    }
}
