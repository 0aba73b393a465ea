package org.neuralattention.io;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The beginning of a GGUF file, in the making: little-endian numbers, and texts behind their lengths. */
final class GgufBytes {

    private final ByteArrayOutputStream buffer = new ByteArrayOutputStream();

    GgufBytes bytes(byte[] value) {
        buffer.writeBytes(value);
        return this;
    }

    GgufBytes int32(int value) {
        return little(value, 4);
    }

    GgufBytes int64(long value) {
        return little(value, 8);
    }

    private GgufBytes little(long value, int length) {
        for (int i = 0; i < length; i++) {
            buffer.write((int) (value >>> 8 * i));
        }
        return this;
    }

    /** Its length in bytes, then UTF-8. */
    GgufBytes text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        return int64(utf8.length).bytes(utf8);
    }

    /** How many there are, then each: key, type, value. */
    GgufBytes pairs(GgufMetadata metadata) {
        int64(metadata.values().size());
        metadata.values().forEach((key, value) -> {
            text(key).int32(value.kind().ordinal());
            switch (value.kind()) {
                case ARRAY -> int32(value.element().ordinal()).int64(value.count());
                case STRING -> int64(value.bytes().length);
                default -> { } // its bytes are all of it
            }
            bytes(value.bytes());
        });
        return this;
    }

    /** All of it, with zeros up to a multiple of {@code alignment}. */
    byte[] padded(int alignment) {
        byte[] all = buffer.toByteArray();
        return Arrays.copyOf(all, Math.ceilDiv(all.length, alignment) * alignment);
    }
}
