package org.neuralattention.io;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The key-value pairs of a GGUF file, read key by key; whatever is missing or of another type is a {@link ModelFormatException} that names
 * file and key. Immutable. Values are kept as the file's bytes and decoded when asked for, so that an array of a million tokens that
 * nobody asks for costs its bytes and no more.
 *
 * <p>Text is UTF-8. A text that is not is an error of its key (and index) when it is asked for: a vocabulary is never repaired, as two
 * tokens could become one.
 */
public final class GgufMetadata {

    /** Types of values in the order of their numbers. */
    enum Kind {
        UINT8(1), INT8(1), UINT16(2), INT16(2), UINT32(4), INT32(4), FLOAT32(4), BOOL(1), STRING(8), ARRAY(12), UINT64(8), INT64(8), FLOAT64(8);

        /** The bytes of one, of text and arrays the least. */
        final int bytes;

        Kind(int bytes) {
            this.bytes = bytes;
        }

        boolean isFixed() {
            return this != STRING && this != ARRAY;
        }
    }

    /**
     * @param element of an array: the type of its elements, otherwise null
     * @param count of an array: how many they are
     * @param bytes as in the file, without what an array or a text begins with
     */
    record Value(Kind kind, Kind element, int count, byte[] bytes) {

        ByteBuffer buffer() {
            return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }

        @Override
        public String toString() {
            return switch (kind) {
                case ARRAY -> "an array of " + count + " " + element;
                case STRING -> "the text \"" + new String(bytes, 0, Math.min(60, bytes.length), StandardCharsets.UTF_8) + "\"";
                case FLOAT32, FLOAT64 -> kind + " " + realFrom(kind, buffer());
                case UINT64 -> kind + " " + Long.toUnsignedString(buffer().getLong());
                default -> kind + " " + wholeFrom(kind, buffer());
            };
        }
    }

    /** More than twice the merges of the largest vocabulary in use. As objects, texts take several times their bytes. */
    private static final int MAX_TEXTS = 2_000_000;

    static final String CHAT_TEMPLATE = "tokenizer.chat_template";

    private final Object source;
    private final Map<String, Value> values;

    /** @param values is not copied */
    GgufMetadata(Object source, Map<String, Value> values) {
        this.source = source;
        this.values = values;
    }

    /** What to call it in an error: the file. */
    public Object source() {
        return source;
    }

    /** The keys in the file's order. */
    public Set<String> keys() {
        return Collections.unmodifiableSet(values.keySet());
    }

    Map<String, Value> values() {
        return values;
    }

    /** Whether there is such a key. */
    public boolean has(String key) {
        return values.containsKey(key);
    }

    /** A text that must be there. */
    public String string(String key) {
        Value value = required(key);
        if (value.kind != Kind.STRING) {
            throw wrong(key, "text");
        }
        return text(value.buffer(), value.bytes.length, key);
    }

    /** A text, or {@code absent}. */
    public String string(String key, String absent) {
        return has(key) ? string(key) : absent;
    }

    /** An integer of any of the format's types, of at most 32 bits, that must be there. */
    public int integer(String key) {
        Value value = required(key);
        if (!isWhole(value.kind)) {
            throw wrong(key, "an integer");
        }
        return fitting(value.kind, value.buffer(), key, "an integer of 32 bits");
    }

    /** An integer, or {@code absent}. */
    public int integer(String key, int absent) {
        return has(key) ? integer(key) : absent;
    }

    /** A number, whole or not, that must be there. */
    public double real(String key) {
        Value value = required(key);
        return switch (value.kind) {
            case FLOAT32, FLOAT64 -> realFrom(value.kind, value.buffer());
            case STRING, ARRAY, BOOL -> throw wrong(key, "a number");
            case UINT64 -> fromUnsigned(value.buffer().getLong());
            default -> wholeFrom(value.kind, value.buffer());
        };
    }

    /** A number, or {@code absent}. */
    public double real(String key, double absent) {
        return has(key) ? real(key) : absent;
    }

    /** A truth value that must be there. */
    public boolean flag(String key) {
        Value value = required(key);
        if (value.kind != Kind.BOOL) {
            throw wrong(key, "true or false");
        }
        return value.bytes[0] == 1;
    }

    /** A truth value, or {@code absent}. */
    public boolean flag(String key, boolean absent) {
        return has(key) ? flag(key) : absent;
    }

    /** An array of texts, at most 2,000,000, that must be there, decoded anew at each call. */
    public List<String> strings(String key) {
        Value array = array(key, "an array of texts", Kind.STRING);
        if (array.count > MAX_TEXTS) {
            throw new ModelFormatException(source, "\"" + key + "\" has " + array.count + " texts: the limit is " + MAX_TEXTS);
        }
        ByteBuffer bytes = array.buffer();
        List<String> strings = new ArrayList<>(array.count);
        for (int i = 0; i < array.count; i++) {
            int length = (int) bytes.getLong(); // checked when it was read
            strings.add(text(bytes, length, key));
        }
        return Collections.unmodifiableList(strings);
    }

    /** An array of integers of any of the format's types, each of at most 32 bits, that must be there. */
    public int[] ints(String key) {
        Value array = array(key, "an array of integers", Kind.UINT8, Kind.INT8, Kind.UINT16, Kind.INT16, Kind.UINT32, Kind.INT32, Kind.UINT64, Kind.INT64);
        ByteBuffer bytes = array.buffer();
        int[] ints = new int[array.count];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = fitting(array.element, bytes, key, "an array of integers of 32 bits");
        }
        return ints;
    }

    /** An array of float32 that must be there. */
    public float[] floats(String key) {
        Value array = array(key, "an array of FLOAT32", Kind.FLOAT32);
        float[] floats = new float[array.count];
        array.buffer().asFloatBuffer().get(floats);
        return floats;
    }

    private Value array(String key, String expected, Kind... elements) {
        Value value = required(key);
        if (value.kind != Kind.ARRAY || !List.of(elements).contains(value.element)) {
            throw wrong(key, expected);
        }
        return value;
    }

    private Value required(String key) {
        Value value = values.get(key);
        if (value == null) {
            throw new ModelFormatException(source, "\"" + key + "\" is missing");
        }
        return value;
    }

    private String text(ByteBuffer bytes, int length, String key) {
        int at = bytes.position();
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(bytes.slice(at, length)).toString();
            bytes.position(at + length);
            return text;
        } catch (CharacterCodingException e) {
            throw new ModelFormatException(source, "\"" + key + "\" holds text that is not UTF-8, " + length + " bytes from byte " + at + " of its value", e);
        }
    }

    private int fitting(Kind kind, ByteBuffer bytes, String key, String expected) {
        long value = wholeFrom(kind, bytes);
        if (value != (int) value || kind == Kind.UINT64 && value < 0) {
            throw wrong(key, expected);
        }
        return (int) value;
    }

    private ModelFormatException wrong(String key, String expected) {
        return new ModelFormatException(source, "\"" + key + "\" is " + values.get(key) + " where " + expected + " should be");
    }

    private static boolean isWhole(Kind kind) {
        return switch (kind) {
            case FLOAT32, FLOAT64, STRING, ARRAY, BOOL -> false;
            default -> true;
        };
    }

    /** An unsigned integer of 64 bits that needs all of them comes out as negative. */
    private static long wholeFrom(Kind kind, ByteBuffer bytes) {
        return switch (kind) {
            case UINT8, BOOL -> Byte.toUnsignedLong(bytes.get());
            case INT8 -> bytes.get();
            case UINT16 -> Short.toUnsignedLong(bytes.getShort());
            case INT16 -> bytes.getShort();
            case UINT32 -> Integer.toUnsignedLong(bytes.getInt());
            case INT32 -> bytes.getInt();
            case UINT64, INT64 -> bytes.getLong();
            case FLOAT32, FLOAT64, STRING, ARRAY -> throw new AssertionError(kind);
        };
    }

    private static double fromUnsigned(long value) {
        return value >= 0 ? value : (value >>> 1 | value & 1) * 2.0; // the lowest bit must not be lost to the rounding
    }

    private static double realFrom(Kind kind, ByteBuffer bytes) {
        return kind == Kind.FLOAT32 ? bytes.getFloat() : bytes.getDouble();
    }

    /** Pairs to be written, in the order they are put in; a key that is there already gets the new value. */
    public static final class Builder {

        private final Map<String, Value> values = new LinkedHashMap<>();

        /** Text. */
        public Builder string(String key, String value) {
            return put(key, new Value(Kind.STRING, null, 0, value.getBytes(StandardCharsets.UTF_8)));
        }

        /** An unsigned integer of 32 bits. */
        public Builder integer(String key, int value) {
            if (value < 0) {
                throw new IllegalArgumentException(key + " = " + value + ": must not be negative");
            }
            return put(key, new Value(Kind.UINT32, null, 0, little(4).putInt(value).array()));
        }

        /** A float32. */
        public Builder real(String key, float value) {
            return put(key, new Value(Kind.FLOAT32, null, 0, little(4).putFloat(value).array()));
        }

        /** A truth value. */
        public Builder flag(String key, boolean value) {
            return put(key, new Value(Kind.BOOL, null, 0, new byte[] {(byte) (value ? 1 : 0)}));
        }

        /** An array of texts. */
        public Builder strings(String key, List<String> values) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (String value : values) {
                byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
                bytes.writeBytes(little(8).putLong(utf8.length).array());
                bytes.writeBytes(utf8);
            }
            return put(key, new Value(Kind.ARRAY, Kind.STRING, values.size(), bytes.toByteArray()));
        }

        /** An array of signed integers of 32 bits. */
        public Builder ints(String key, int... values) {
            ByteBuffer bytes = little(Math.multiplyExact(4, values.length));
            bytes.asIntBuffer().put(values);
            return put(key, new Value(Kind.ARRAY, Kind.INT32, values.length, bytes.array()));
        }

        /** An array of float32. */
        public Builder floats(String key, float... values) {
            ByteBuffer bytes = little(Math.multiplyExact(4, values.length));
            bytes.asFloatBuffer().put(values);
            return put(key, new Value(Kind.ARRAY, Kind.FLOAT32, values.length, bytes.array()));
        }

        /** A pair of another file as it is there, if it is there. */
        public Builder copy(GgufMetadata from, String key) {
            Value value = from.values.get(key);
            return value == null ? this : put(key, value);
        }

        private Builder put(String key, Value value) {
            if (key.getBytes(StandardCharsets.UTF_8).length > GgufHeader.MAX_KEY || value.bytes.length > GgufInput.MAX_VALUE) {
                throw new IllegalArgumentException(key.substring(0, Math.min(60, key.length())) + ": a key of more than " + GgufHeader.MAX_KEY
                        + " bytes or a value of more than " + GgufInput.MAX_VALUE);
            }
            values.put(key, value);
            return this;
        }

        private static ByteBuffer little(int bytes) {
            return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }

        /** All that was put in. */
        public GgufMetadata build() {
            return new GgufMetadata("pairs to be written", new LinkedHashMap<>(values));
        }
    }
}
