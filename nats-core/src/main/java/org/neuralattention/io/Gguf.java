package org.neuralattention.io;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/**
 * A GGUF file, version 2 or 3, little-endian: key-value pairs, descriptions of tensors, then the tensors' bytes, each at a multiple of the
 * alignment and right behind the one before.
 *
 * <p>{@link #open} checks all that comes before the tensors' bytes and takes memory for no more than that; the tensors are read when asked for. The index
 * does not change, and several threads may read at the same time. A file of pairs only, such as a vocabulary, is one too. A tensor of a type that is not
 * supported, or not known, is an error for whoever wants its numbers, not for the others. Source: ggml's docs/gguf.md.
 */
public final class Gguf implements Closeable {

    private final FileArrays file;
    private final GgufHeader header;

    private Gguf(FileArrays file, GgufHeader header) {
        this.file = file;
        this.header = header;
    }

    /**
     * Opens a file and checks what it says of itself: at most 100 MB before the tensors, 100,000 pairs and tensors, texts and arrays of 64 MiB, 4 dimensions, an alignment
     * of 8 bytes to 1 MiB; no key or name twice; sizes that fit their shapes; tensors that follow each other without holes or overlaps to the file's end.
     *
     * @throws UnsupportedModelException for version 1, a later one than 3, and big-endian files
     * @throws ModelFormatException if it is not such a file
     * @throws IOException if it cannot be read
     */
    public static Gguf open(Path path) throws IOException {
        FileArrays file = FileArrays.open(path);
        try {
            return new Gguf(file, GgufHeader.read(new GgufInput(file)));
        } catch (Throwable failure) {
            file.close();
            throw failure;
        }
    }

    /** Whether a file begins as GGUF files do. */
    public static boolean is(Path path) throws IOException {
        try (FileArrays file = FileArrays.open(path)) {
            ByteBuffer magic = ByteBuffer.allocate((int) Math.min(GgufHeader.MAGIC.length, file.size()));
            file.fill(magic, 0, "the magic number");
            return Arrays.equals(magic.array(), GgufHeader.MAGIC);
        }
    }

    /** The file that was opened. */
    public Path file() {
        return file.file();
    }

    /** The format's version. */
    public int version() {
        return header.version();
    }

    /** Its key-value pairs; they may be read after the file was closed. */
    public GgufMetadata metadata() {
        return header.metadata();
    }

    /** Its tensors by name, in the order of their bytes. */
    public Map<String, GgufTensor> tensors() {
        return header.tensors();
    }

    /** The tensor of that name. */
    public GgufTensor tensor(String name) {
        GgufTensor tensor = tensors().get(name);
        if (tensor == null) {
            throw new ModelFormatException(file(), "has no tensor \"" + name + "\"");
        }
        return tensor;
    }

    /** Takes n blocks, or whatever has {@code width} bytes, of a tensor, from its byte {@code from} on. */
    void read(GgufTensor tensor, long from, int n, int width, FileArrays.Piece piece) throws IOException {
        file.pieces(tensor.offset() + from, n, width, "tensor \"" + tensor.name() + "\"", piece);
    }

    /** Closes the file; reading tensors after it is an {@link IllegalStateException}. May be called twice. */
    @Override
    public void close() throws IOException {
        file.close();
    }
}
