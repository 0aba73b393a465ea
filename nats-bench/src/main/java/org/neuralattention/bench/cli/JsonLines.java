package org.neuralattention.bench.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.BiConsumer;

/** What a command prints with {@code --json}: one object per line, each with the field {@code event}. */
public final class JsonLines {

    private static final JsonFactory JSON = new JsonFactory();

    private final PrintWriter out;

    public JsonLines(PrintWriter out) {
        this.out = out;
    }

    /** Begins a line; nothing is printed before {@link Line#end}. */
    public Line event(String name) {
        return new Line().put("event", name);
    }

    /** One object in the making. */
    public final class Line {

        private final StringWriter text = new StringWriter();
        private final JsonGenerator json;

        private Line() {
            try {
                json = JSON.createGenerator(text);
                json.writeStartObject();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        public Line put(String field, String value) {
            return write(() -> json.writeStringField(field, value));
        }

        public Line put(String field, long value) {
            return write(() -> json.writeNumberField(field, value));
        }

        /** A number, or null where it is not known. */
        public Line put(String field, OptionalLong value) {
            return value.isPresent() ? put(field, value.getAsLong()) : put(field, Double.NaN);
        }

        public Line put(String field, boolean value) {
            return write(() -> json.writeBooleanField(field, value));
        }

        /** An array of integers. */
        public Line put(String field, List<? extends Number> values) {
            return write(() -> {
                json.writeArrayFieldStart(field);
                for (Number value : values) {
                    json.writeNumber(value.longValue());
                }
                json.writeEndArray();
            });
        }

        /** An array of numbers, null where one is not finite. */
        public Line put(String field, double[] values) {
            return write(() -> {
                json.writeArrayFieldStart(field);
                for (double value : values) {
                    if (Double.isFinite(value)) {
                        json.writeNumber(value);
                    } else {
                        json.writeNull();
                    }
                }
                json.writeEndArray();
            });
        }

        /** An array of objects, each filled by {@code fill}. */
        public <T> Line array(String field, List<T> items, BiConsumer<Line, T> fill) {
            return write(() -> {
                json.writeArrayFieldStart(field);
                for (T item : items) {
                    json.writeStartObject();
                    fill.accept(this, item);
                    json.writeEndObject();
                }
                json.writeEndArray();
            });
        }

        /** A number, or null where it is not finite, for which JSON has no word. */
        public Line put(String field, double value) {
            return write(() -> {
                if (Double.isFinite(value)) {
                    json.writeNumberField(field, value);
                } else {
                    json.writeNullField(field);
                }
            });
        }

        /** Prints the line. */
        public void end() {
            write(json::close);
            out.println(text);
            out.flush();
        }

        private Line write(Step step) {
            try {
                step.run();
                return this;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @FunctionalInterface
    private interface Step {
        void run() throws IOException;
    }
}
