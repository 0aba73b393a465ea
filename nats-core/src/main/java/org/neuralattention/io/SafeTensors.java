package org.neuralattention.io;

import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.neuralattention.model.Tensor;

/**
 * A safetensors file: 8 bytes of header length (little endian), a JSON header, then the tensors' bytes without gaps.
 *
 * <p>{@link #open} checks the whole header before anything else is read or allocated; the tensors are read when asked for. The index does not change,
 * and several threads may read at the same time.
 */
public final class SafeTensors implements Closeable {

    static final int MAX_HEADER = 100_000_000;

    /** Types of elements and their size. */
    public enum DType {
        F64(64), F32(32), F16(16), BF16(16), I64(64), I32(32), I16(16), I8(8), U64(64), U32(32), U16(16), U8(8), BOOL(8), C64(64),
        F8_E4M3(8), F8_E5M2(8), F8_E8M0(8), F8_E4M3FNUZ(8), F8_E5M2FNUZ(8), F6_E2M3(6), F6_E3M2(6), F4(4);

        final int bits;

        DType(int bits) {
            this.bits = bits;
        }
    }

    /** Where a tensor is: {@code begin} counts from the file's first byte. */
    record Entry(DType dtype, long[] shape, long elements, long begin, long bytes) {}

    private final FileArrays file;
    private final SafeTensorsHeader header;

    private SafeTensors(FileArrays file, SafeTensorsHeader header) {
        this.file = file;
        this.header = header;
    }

    /**
     * Opens a file and checks its header: at most 100 MB, 100,000 tensors, 8 dimensions; no duplicate or unknown keys; sizes that fit their shapes;
     * offsets that cover the file to its end without holes or overlaps.
     *
     * @throws ModelFormatException if it is not such a file
     * @throws IOException if it cannot be read
     */
    public static SafeTensors open(Path file) throws IOException {
        FileArrays opened = FileArrays.open(file);
        try {
            return new SafeTensors(opened, readHeader(opened));
        } catch (Throwable failure) {
            opened.close();
            throw failure;
        }
    }

    private static SafeTensorsHeader readHeader(FileArrays file) throws IOException {
        long size = file.size();
        if (size < 8) {
            throw new ModelFormatException(file.file(), "has " + size + " bytes: too short for a safetensors file");
        }
        ByteBuffer start = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        file.fill(start, 0, "the header");
        long length = start.getLong(0);
        if (length < 0 || length > MAX_HEADER) {
            throw new ModelFormatException(file.file(), "a header of " + Long.toUnsignedString(length) + " bytes: the limit is " + MAX_HEADER);
        }
        if (length > size - 8) {
            throw new ModelFormatException(file.file(), "a header of " + length + " bytes in a file of " + size);
        }
        ByteBuffer json = ByteBuffer.allocate((int) length);
        file.fill(json, 8, "the header");
        return SafeTensorsHeader.parse(file.file(), new ByteArrayInputStream(json.array()), 8 + length, size);
    }

    /** The file that was opened. */
    public Path file() {
        return file.file();
    }

    /** Names of the tensors in the order of their bytes. */
    public Set<String> names() {
        return header.entries().keySet();
    }

    /** Free text of the file's {@code __metadata__}; empty if it has none. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /** The type a tensor is stored in. */
    public DType dtype(String name) {
        return entry(name).dtype();
    }

    /** A tensor's shape; empty for a single number. */
    public long[] shape(String name) {
        return entry(name).shape().clone();
    }

    /** How many elements a tensor has. */
    public long elements(String name) {
        return entry(name).elements();
    }

    /** How many bytes a tensor takes in the file. */
    public long bytes(String name) {
        return entry(name).bytes();
    }

    private Entry entry(String name) {
        Entry entry = header.entries().get(name);
        if (entry == null) {
            throw new ModelFormatException(file(), "has no tensor \"" + name + "\"");
        }
        return entry;
    }

    /** A tensor of F64, F32, BF16 or F16 as float32. */
    public float[] readFloats(String name) throws IOException {
        float[] target = new float[length(name, Elements.FLOATS)];
        read(name, target, 0);
        return target;
    }

    /**
     * Reads a tensor of F64, F32, BF16 or F16 as float32 into {@code target} from {@code offset}. BF16 and F16 are exact to the bit, NaN included; F64 is rounded.
     *
     * @throws UnsupportedModelException if it is of another type
     * @throws IndexOutOfBoundsException if it does not fit
     */
    public void read(String name, float[] target, int offset) throws IOException {
        read(name, 0, target, offset, length(name, Elements.FLOATS));
    }

    /**
     * Reads elements [first, first + n) of a tensor of F64, F32, BF16 or F16 as float32.
     *
     * @throws IndexOutOfBoundsException if it has no such elements or they do not fit
     */
    public void read(String name, int first, float[] target, int offset, int n) throws IOException {
        Objects.checkFromIndexSize(first, n, length(name, Elements.FLOATS));
        Objects.checkFromIndexSize(offset, n, target.length);
        DType dtype = entry(name).dtype();
        pieces(name, first, n, (piece, done, count) -> Elements.floats(dtype, piece, target, offset + done, count));
    }

    /** Reads elements [first, first + n) of a tensor of BF16 or F16, the 16 bits of each as they are. */
    public void readBits(String name, int first, short[] target, int offset, int n) throws IOException {
        Objects.checkFromIndexSize(first, n, length(name, Elements.HALVES));
        Objects.checkFromIndexSize(offset, n, target.length);
        pieces(name, first, n, (piece, done, count) -> piece.asShortBuffer().get(target, offset + done, count));
    }

    /** A tensor of F64, F32, BF16 or F16 as float64: exact. */
    public double[] readDoubles(String name) throws IOException {
        double[] target = new double[length(name, Elements.FLOATS)];
        DType dtype = entry(name).dtype();
        pieces(name, 0, target.length, (piece, done, count) -> Elements.doubles(dtype, piece, target, done, count));
        return target;
    }

    /**
     * A tensor of whole numbers or truth values (1 and 0) as int.
     *
     * @throws ModelFormatException if a number of I64, U64 or U32 does not fit
     */
    public int[] readInts(String name) throws IOException {
        int[] target = new int[length(name, Elements.INTS)];
        DType dtype = entry(name).dtype();
        pieces(name, 0, target.length, (piece, done, count) -> {
            if (!Elements.ints(dtype, piece, target, done, count)) {
                throw new ModelFormatException(file(), "tensor \"" + name + "\" holds a number that does not fit an int");
            }
        });
        return target;
    }

    private int length(String name, Set<DType> readable) {
        Entry entry = entry(name);
        if (!readable.contains(entry.dtype())) {
            throw new UnsupportedModelException(file(), "tensor \"" + name + "\" is " + entry.dtype() + ": this needs one of " + readable);
        }
        if (entry.elements() > Integer.MAX_VALUE - 8) {
            throw new UnsupportedModelException(file(), "tensor \"" + name + "\" has " + entry.elements() + " elements: more than one array can hold");
        }
        return (int) entry.elements();
    }

    /** Elements [first, first + n). */
    private void pieces(String name, int first, int n, FileArrays.Piece piece) throws IOException {
        Entry entry = entry(name);
        int width = entry.dtype().bits / 8;
        file.pieces(entry.begin() + (long) first * width, n, width, "tensor \"" + name + "\"", piece);
    }

    /** Fills the rest of the buffer from a position of the file. */
    static void fill(Path file, FileChannel channel, ByteBuffer buffer, long from, String what) throws IOException {
        try {
            while (buffer.hasRemaining()) {
                if (channel.read(buffer, from + buffer.position()) < 0) {
                    throw new ModelFormatException(file, "ends in the middle of " + what + ": it was cut off after it was opened");
                }
            }
        } catch (ClosedByInterruptException e) {
            throw e;
        } catch (ClosedChannelException e) {
            throw new IllegalStateException(file + " is closed", e);
        }
    }

    /** Closes the file; reading after it is an {@link IllegalStateException}. May be called twice. */
    @Override
    public void close() throws IOException {
        file.close();
    }

    /**
     * Writes tensors as F32 in the given order; the same tensors give the same bytes. An old file of that name survives any failure.
     *
     * @param metadata free text kept in the header, in this order; may be empty
     * @throws IllegalArgumentException if a name comes twice or the header would pass the format's limits
     */
    public static void write(Path file, Map<String, String> metadata, List<Tensor> tensors) throws IOException {
        SafeTensorsWriter.write(file, metadata, tensors.stream().map(SafeTensorsWriter.Item::of).toList());
    }
}
