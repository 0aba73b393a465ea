package org.neuralattention.io;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A file of little-endian numbers whose runs are read into arrays. Several threads may read at the same time.
 *
 * <p>Each piece goes through a native buffer that stays in the second level of cache: the kernel copies into it, and we from it.
 */
final class FileArrays implements Closeable {

    /** Bytes read at a time. */
    static final int PIECE = 256 << 10;

    /** As many as threads ever read at once. Of all files: native memory is given back so late that a buffer for each file opened would pile up. */
    private static final ConcurrentLinkedQueue<ByteBuffer> BUFFERS = new ConcurrentLinkedQueue<>();

    private final Path file;
    private final FileChannel channel;

    private FileArrays(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Opens a file.
     *
     * @throws ModelFormatException if it is a directory or a device
     */
    static FileArrays open(Path file) throws IOException {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new ModelFormatException(file, "is not a regular file");
        }
        return new FileArrays(file, FileChannel.open(file, StandardOpenOption.READ));
    }

    Path file() {
        return file;
    }

    long size() throws IOException {
        return channel.size();
    }

    /** Takes some of the numbers asked for: those from {@code done} on. */
    interface Piece {
        void take(ByteBuffer bytes, int done, int count);
    }

    /** Reads n numbers of {@code width} bytes from a position of the file; {@code what} names them in an error. */
    void pieces(long from, int n, int width, String what, Piece piece) throws IOException {
        ByteBuffer buffer = BUFFERS.poll();
        if (buffer == null) {
            buffer = ByteBuffer.allocateDirect(PIECE).order(ByteOrder.LITTLE_ENDIAN);
        }
        try {
            for (int done = 0; done < n; ) {
                int count = Math.min(n - done, PIECE / width);
                fill(buffer.clear().limit(count * width), from + (long) done * width, what);
                piece.take(buffer.flip(), done, count);
                done += count;
            }
        } finally {
            BUFFERS.add(buffer);
        }
    }

    /** out[n] = the float32 numbers from a position of the file on. */
    void floats(float[] out, int offset, int n, long from, String what) throws IOException {
        pieces(from, n, Float.BYTES, what, (bytes, done, count) -> bytes.asFloatBuffer().get(out, offset + done, count));
    }

    /** The same for numbers of 16 bits. */
    void shorts(short[] out, int offset, int n, long from, String what) throws IOException {
        pieces(from, n, Short.BYTES, what, (bytes, done, count) -> bytes.asShortBuffer().get(out, offset + done, count));
    }

    /** The same for bytes. */
    void bytes(byte[] out, int offset, int n, long from, String what) throws IOException {
        pieces(from, n, 1, what, (bytes, done, count) -> bytes.get(out, offset + done, count));
    }

    /** Fills the rest of a buffer from a position of the file. */
    void fill(ByteBuffer buffer, long from, String what) throws IOException {
        SafeTensors.fill(file, channel, buffer, from - buffer.position(), what);
    }

    /** Closes the file; reading after it is an {@link IllegalStateException}. May be called twice. */
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
