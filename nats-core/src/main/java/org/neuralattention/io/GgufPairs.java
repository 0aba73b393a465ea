package org.neuralattention.io;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** The key-value pairs at the beginning of a GGUF file, little-endian, each value behind the number of its type. */
final class GgufPairs {

    private static final int UINT32 = 4;
    private static final int FLOAT32 = 6;
    private static final int BOOL = 7;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    private final Bytes bytes = new Bytes();
    private int count;

    private Bytes pair(String key, int type) {
        count++;
        return bytes.text(key).number(type);
    }

    GgufPairs number(String key, int value) {
        pair(key, UINT32).number(value);
        return this;
    }

    GgufPairs real(String key, float value) {
        pair(key, FLOAT32).number(Float.floatToRawIntBits(value));
        return this;
    }

    GgufPairs flag(String key, boolean value) {
        pair(key, BOOL).bytes(new byte[] {(byte) (value ? 1 : 0)});
        return this;
    }

    GgufPairs text(String key, String value) {
        pair(key, STRING).text(value);
        return this;
    }

    GgufPairs texts(String key, List<String> values) {
        pair(key, ARRAY).number(STRING).size(values.size());
        values.forEach(bytes::text);
        return this;
    }

    /** How many there are, then each. */
    void appendTo(Bytes out) {
        out.size(count).bytes(bytes.buffer.toByteArray());
    }

    /** Bytes that grow, with the format's numbers and texts. */
    static final class Bytes {
        private final ByteArrayOutputStream buffer = new ByteArrayOutputStream();

        Bytes bytes(byte[] value) {
            buffer.writeBytes(value);
            return this;
        }

        /** 32 bits. */
        Bytes number(int value) {
            return little(value, 4);
        }

        /** 64 bits: counts, dimensions and offsets. */
        Bytes size(long value) {
            return little(value, 8);
        }

        private Bytes little(long value, int length) {
            for (int i = 0; i < length; i++) {
                buffer.write((int) (value >>> 8 * i));
            }
            return this;
        }

        /** Its length in bytes, then UTF-8. */
        Bytes text(String value) {
            byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
            return size(utf8.length).bytes(utf8);
        }

        /** All of it, with zeros up to a multiple of {@code alignment}. */
        byte[] padded(int alignment) {
            byte[] all = buffer.toByteArray();
            return Arrays.copyOf(all, Math.ceilDiv(all.length, alignment) * alignment);
        }
    }
}
