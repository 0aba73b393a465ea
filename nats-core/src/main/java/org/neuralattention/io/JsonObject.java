package org.neuralattention.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A JSON object read field by field; whatever is missing or of another type is a {@link ModelFormatException} that names file and field.
 *
 * <p>A field that is null counts as absent.
 *
 * @param source what to call it in an error, for example the file
 * @param fields the object, as {@link Json} reads it
 */
public record JsonObject(Object source, Map<String, Object> fields) {

    /** Reads a file that must hold an object. */
    public static JsonObject read(Path file) throws IOException {
        return of(file, Json.read(file));
    }

    /** A tree of {@link Json} that must be an object. */
    @SuppressWarnings("unchecked")
    public static JsonObject of(Object source, Object tree) {
        if (tree instanceof Map<?, ?> map) {
            return new JsonObject(source, (Map<String, Object>) map);
        }
        throw new ModelFormatException(source, "is not a JSON object");
    }

    /** Whether the field is there and not null. */
    public boolean has(String key) {
        return fields.get(key) != null;
    }

    /** An integer that must be there. */
    public int intValue(String key) {
        long value = longValue(key);
        if (value != (int) value) {
            throw wrong(key, "an integer of 32 bits");
        }
        return (int) value;
    }

    /** An integer, or {@code absent}. */
    public int intValue(String key, int absent) {
        return has(key) ? intValue(key) : absent;
    }

    /** An integer of 64 bits that must be there. */
    public long longValue(String key) {
        return required(key) instanceof Long value ? value : fail(key, "an integer");
    }

    /** A number that must be there. */
    public double doubleValue(String key) {
        return required(key) instanceof Number value ? value.doubleValue() : fail(key, "a number");
    }

    /** A number, or {@code absent}. */
    public double doubleValue(String key, double absent) {
        return has(key) ? doubleValue(key) : absent;
    }

    /** A truth value, or {@code absent}. */
    public boolean booleanValue(String key, boolean absent) {
        return !has(key) ? absent : required(key) instanceof Boolean value ? value : fail(key, "true or false");
    }

    /** A string that must be there. */
    public String string(String key) {
        return required(key) instanceof String value ? value : fail(key, "a string");
    }

    /** A string, or {@code absent}. */
    public String string(String key, String absent) {
        return has(key) ? string(key) : absent;
    }

    /** An object that must be there. */
    public JsonObject object(String key) {
        return required(key) instanceof Map<?, ?> value ? of(source + ", " + key, value) : fail(key, "an object");
    }

    /** A list that must be there. */
    public List<?> list(String key) {
        return required(key) instanceof List<?> value ? value : fail(key, "a list");
    }

    /** A list of integers that must be there. */
    public List<Integer> ints(String key) {
        List<Integer> ints = new ArrayList<>();
        for (Object element : list(key)) {
            if (!(element instanceof Long value) || value != value.intValue()) {
                throw wrong(key, "a list of integers of 32 bits");
            }
            ints.add(value.intValue());
        }
        return ints;
    }

    /** A list of strings that must be there. */
    public List<String> strings(String key) {
        List<String> strings = new ArrayList<>();
        for (Object element : list(key)) {
            if (!(element instanceof String value)) {
                throw wrong(key, "a list of strings");
            }
            strings.add(value);
        }
        return strings;
    }

    private Object required(String key) {
        Object value = fields.get(key);
        if (value == null) {
            throw new ModelFormatException(source, "\"" + key + "\" is missing");
        }
        return value;
    }

    private <T> T fail(String key, String expected) {
        throw wrong(key, expected);
    }

    private ModelFormatException wrong(String key, String expected) {
        String value = String.valueOf(fields.get(key));
        return new ModelFormatException(source, "\"" + key + "\" is " + (value.length() > 60 ? value.substring(0, 60) + "..." : value)
                + " where " + expected + " should be");
    }
}
