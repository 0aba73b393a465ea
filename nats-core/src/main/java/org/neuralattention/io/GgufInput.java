package org.neuralattention.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The header of a GGUF file from its first byte on. Nothing is taken that is not known to be there, and no memory for it. */
final class GgufInput {

    /** More than twice the largest vocabulary in use; what lies beyond is no header. */
    static final int MAX_HEADER = 100_000_000;

    /** Of a text or an array. */
    static final int MAX_VALUE = 64 << 20;
    private static final int BUFFER = 1 << 16;

    private final FileArrays file;
    private final long size;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN).limit(0);
    private long bufferEnd; // offset in the file

    GgufInput(FileArrays file) throws IOException {
        this.file = file;
        this.size = file.size();
    }

    Path file() {
        return file.file();
    }

    /** The file's length. */
    long size() {
        return size;
    }

    /** Bytes taken so far. */
    long position() {
        return bufferEnd - buffer.remaining();
    }

    ModelFormatException wrong(String problem) {
        return new ModelFormatException(file(), problem);
    }

    /** Bytes that are left for the header. */
    private long remaining() {
        return Math.min(size, MAX_HEADER) - position();
    }

    private void require(long bytes, String what) {
        if (bytes > remaining()) {
            throw wrong(position() + bytes > size ? what + " needs " + bytes + " bytes from byte " + position() + ", the file has " + size
                    : what + " goes beyond " + MAX_HEADER + " bytes: no header is that long");
        }
    }

    /** The buffer with the next few bytes in it. */
    private ByteBuffer next(int bytes, String what) throws IOException {
        require(bytes, what);
        if (buffer.remaining() < bytes) {
            long from = position();
            buffer.clear().limit((int) Math.min(BUFFER, size - from));
            file.fill(buffer, from, "the header");
            buffer.flip();
            bufferEnd = from + buffer.limit();
        }
        return buffer;
    }

    /** An integer of 32 bits; those of the format are unsigned, and whatever is at least 2^31 comes out as negative. */
    int int32(String what) throws IOException {
        return next(4, what).getInt();
    }

    /** An integer of 64 bits; as above. */
    long int64(String what) throws IOException {
        return next(8, what).getLong();
    }

    /** How many there are, each of at least {@code least} bytes: no more than {@code most}, and than could follow. */
    int count(int most, int least, String what) throws IOException {
        long count = int64("the number of " + what);
        if (count < 0 || count > most) {
            throw wrong("says it has " + Long.toUnsignedString(count) + " " + what + ": the limit is " + most);
        }
        if (count > remaining() / least) {
            throw wrong("says it has " + count + " " + what + ", and " + remaining() + " bytes follow");
        }
        return (int) count;
    }

    /** The length of a text that follows. */
    int length(int most, String what) throws IOException {
        long length = int64(what);
        if (length < 0 || length > most) {
            throw wrong(what + " has " + Long.toUnsignedString(length) + " bytes: the limit is " + most);
        }
        require(length, what);
        return (int) length;
    }

    void skip(int bytes, String what) throws IOException {
        require(bytes, what);
        int here = Math.min(bytes, buffer.remaining());
        buffer.position(buffer.position() + here);
        bufferEnd += bytes - here;
    }

    byte[] bytes(int bytes, String what) throws IOException {
        if (bytes <= BUFFER) {
            byte[] copy = new byte[bytes];
            next(bytes, what).get(copy);
            return copy;
        }
        long from = position();
        skip(bytes, what);
        return bytes(from, bytes);
    }

    /** Bytes that were skipped. */
    byte[] bytes(long from, int bytes) throws IOException {
        ByteBuffer copy = ByteBuffer.allocate(bytes);
        file.fill(copy, from, "the header");
        return copy.array();
    }

    /** A name: its length, then UTF-8. */
    String name(int most, String what) throws IOException {
        byte[] utf8 = bytes(length(most, what), what);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
        } catch (CharacterCodingException e) {
            throw new ModelFormatException(file(), what + " at byte " + (position() - utf8.length) + " is not UTF-8", e);
        }
    }
}
