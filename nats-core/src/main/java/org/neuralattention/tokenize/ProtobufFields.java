package org.neuralattention.tokenize;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.neuralattention.io.ModelFormatException;

/**
 * The fields of one message in Protocol Buffers' encoding, one after the other: {@link #next} goes to a field, then its value can be read, as what
 * its field number says it is. Fields nobody reads are skipped. Source: protobuf.dev/programming-guides/encoding.
 */
final class ProtobufFields {

    private static final int VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5;

    private final Object source;
    private final ByteBuffer in;
    private int number;
    private int wireType;
    private long value;       // a number's bits, or the length of bytes
    private ByteBuffer bytes;

    /** @param source what to call it in an error */
    ProtobufFields(Object source, ByteBuffer in) {
        this.source = source;
        this.in = in.order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Goes to the next field; false at the end of the message. */
    boolean next() {
        if (!in.hasRemaining()) {
            return false;
        }
        long key = varint();
        number = (int) (key >>> 3);
        wireType = (int) (key & 7);
        if (key < 0 || key >>> 3 < 1 || key >>> 3 > (1 << 29) - 1) {
            throw malformed("a field has number " + (key >>> 3));
        }
        switch (wireType) {
            case VARINT -> value = varint();
            case FIXED64 -> value = in.getLong(skip(8));
            case FIXED32 -> value = in.getInt(skip(4));
            case BYTES -> {
                value = varint();
                if (value < 0 || value > in.remaining()) {
                    throw malformed("field " + number + " has " + Long.toUnsignedString(value) + " bytes, and " + in.remaining() + " are left");
                }
                bytes = in.slice(skip((int) value), (int) value);
            }
            default -> throw malformed("field " + number + " has wire type " + wireType + ", which does not exist or is out of use");
        }
        return true;
    }

    /** Which field this is. */
    int number() {
        return number;
    }

    long integer() {
        expect(VARINT, "an integer");
        return value;
    }

    boolean flag() {
        return integer() != 0;
    }

    float real() {
        expect(FIXED32, "a float32");
        return Float.intBitsToFloat((int) value);
    }

    /** The fields of a message inside this one. */
    ProtobufFields message() {
        expect(BYTES, "a message");
        return new ProtobufFields(source, bytes.slice());
    }

    /** Length of a text or of bytes. */
    int length() {
        expect(BYTES, "bytes");
        return (int) value;
    }

    String text() {
        expect(BYTES, "text");
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes.slice()).toString();
        } catch (CharacterCodingException e) {
            throw new ModelFormatException(source, "field " + number + " is not UTF-8", e);
        }
    }

    private void expect(int expected, String what) {
        if (wireType != expected) {
            throw malformed("field " + number + " has wire type " + wireType + " where " + what + " should be");
        }
    }

    /** Goes n bytes on; returns where they begin. */
    private int skip(int n) {
        if (n > in.remaining()) {
            throw malformed("it ends within field " + number);
        }
        int at = in.position();
        in.position(at + n);
        return at;
    }

    private long varint() {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (!in.hasRemaining()) {
                throw malformed("it ends within a number");
            }
            byte b = in.get();
            result |= (long) (b & 0x7F) << shift;
            if (b >= 0) {
                return result;
            }
        }
        throw malformed("a number has more than 64 bits");
    }

    private ModelFormatException malformed(String problem) {
        return new ModelFormatException(source, "not a protocol buffer of SentencePiece: " + problem);
    }
}
