package org.neuralattention.io;

import static org.neuralattention.testing.Malformed.join;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A GGUF file byte by byte, for tests that need one no writer would write. */
final class HandmadeGguf {

    private final ByteArrayOutputStream pairs = new ByteArrayOutputStream();
    private final ByteArrayOutputStream tensors = new ByteArrayOutputStream();
    private int pairCount;
    private int tensorCount;
    private byte[] data = {};
    private int alignment = 32;

    static byte[] int32(long value) {
        return Arrays.copyOf(int64(value), 4);
    }

    static byte[] int64(long value) {
        return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
    }

    static byte[] float32(float value) {
        return int32(Float.floatToRawIntBits(value));
    }

    static byte[] text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        return join(int64(utf8.length), utf8);
    }

    /** An array's value: what it holds, how many, and those. */
    static byte[] array(int type, byte[]... elements) {
        return join(int32(type), int64(elements.length), join(elements));
    }

    HandmadeGguf pair(String key, int type, byte[] value) {
        pairCount++;
        pairs.writeBytes(join(text(key), int32(type), value));
        return this;
    }

    /** @param dims the fastest first, as in the file */
    HandmadeGguf tensor(String name, int type, long offset, long... dims) {
        tensorCount++;
        tensors.writeBytes(join(text(name), int32(dims.length)));
        for (long dim : dims) {
            tensors.writeBytes(int64(dim));
        }
        tensors.writeBytes(join(int32(type), int64(offset)));
        return this;
    }

    HandmadeGguf data(int bytes) {
        data = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            data[i] = (byte) (i * 31);
        }
        return this;
    }

    HandmadeGguf alignment(int alignment) {
        this.alignment = alignment;
        return pair("general.alignment", 4, int32(alignment));
    }

    byte[] header() {
        return join("GGUF".getBytes(StandardCharsets.US_ASCII), int32(3), int64(tensorCount), int64(pairCount), pairs.toByteArray(), tensors.toByteArray());
    }

    byte[] build() {
        byte[] header = header();
        return tensorCount == 0 ? header : join(Arrays.copyOf(header, Math.ceilDiv(header.length, alignment) * alignment), data);
    }
}
