package org.neuralattention.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;

/** Numbers of arrays to a channel, little-endian, through a buffer. {@link #flush} at the end. */
final class NumberOutput {

    private static final int PIECE = 256 << 10;

    private final WritableByteChannel out;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(PIECE).order(ByteOrder.LITTLE_ENDIAN);

    NumberOutput(WritableByteChannel out) {
        this.out = out;
    }

    void flush() throws IOException {
        out.write(buffer.flip());
        buffer.clear();
    }

    /** How many numbers of that width to put next; makes room for one at least. */
    private int room(int n, int width) throws IOException {
        if (buffer.remaining() < width) {
            flush();
        }
        return Math.min(n, buffer.remaining() / width);
    }

    private void advance(int bytes) {
        buffer.position(buffer.position() + bytes);
    }

    NumberOutput number(int value) throws IOException {
        room(1, Integer.BYTES);
        buffer.putInt(value);
        return this;
    }

    NumberOutput number(long value) throws IOException {
        room(1, Long.BYTES);
        buffer.putLong(value);
        return this;
    }

    NumberOutput zeros(int n) throws IOException {
        return bytes(new byte[n], 0, n);
    }

    NumberOutput floats(float[] values, int offset, int n) throws IOException {
        for (int done = 0; done < n; ) {
            int count = room(n - done, Float.BYTES);
            buffer.asFloatBuffer().put(values, offset + done, count);
            advance(count * Float.BYTES);
            done += count;
        }
        return this;
    }

    NumberOutput shorts(short[] values, int offset, int n) throws IOException {
        for (int done = 0; done < n; ) {
            int count = room(n - done, Short.BYTES);
            buffer.asShortBuffer().put(values, offset + done, count);
            advance(count * Short.BYTES);
            done += count;
        }
        return this;
    }

    NumberOutput bytes(byte[] values, int offset, int n) throws IOException {
        for (int done = 0; done < n; ) {
            int count = room(n - done, 1);
            buffer.put(values, offset + done, count);
            done += count;
        }
        return this;
    }
}
