package org.neuralattention.io;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.neuralattention.io.GgufMetadata.Kind;
import org.neuralattention.io.GgufMetadata.Value;

/**
 * What a GGUF file begins with, checked against the file's length: magic, version, pairs, descriptions of the tensors.
 *
 * @param tensors in the order of their bytes
 */
record GgufHeader(int version, GgufMetadata metadata, Map<String, GgufTensor> tensors) {

    static final byte[] MAGIC = {'G', 'G', 'U', 'F'};
    static final String ALIGNMENT = "general.alignment";
    static final int DEFAULT_ALIGNMENT = 32;
    static final int MAX_ALIGNMENT = 1 << 20;
    static final int MAX_TENSORS = 100_000;
    static final int MAX_PAIRS = 100_000;
    static final int MAX_KEY = 65_535;
    static final int MAX_NAME = 1024; // ggml's own limit is 63
    static final int MAX_RANK = 4;
    static final int MAX_NESTING = 4;
    private static final int[] VERSIONS = {2, 3};

    /** Reads and checks all of it. */
    static GgufHeader read(GgufInput in) throws IOException {
        int version = version(in);
        // A description: the length of its name, rank, type and offset. A pair: the length of its key, type and a byte.
        int nTensors = in.count(MAX_TENSORS, 8 + 4 + 4 + 8, "tensors");
        int nPairs = in.count(MAX_PAIRS, 8 + 4 + 1, "key-value pairs");
        GgufMetadata metadata = new GgufMetadata(in.file(), pairs(in, nPairs));
        return new GgufHeader(version, metadata, tensors(in, nTensors, alignment(metadata)));
    }

    private static int version(GgufInput in) throws IOException {
        byte[] magic = in.bytes(MAGIC.length, "the magic number");
        if (!Arrays.equals(magic, MAGIC)) {
            throw in.wrong("begins with " + HexFormat.of().formatHex(magic) + " where a GGUF file has " + HexFormat.of().formatHex(MAGIC));
        }
        int version = in.int32("the version");
        if (Arrays.stream(VERSIONS).anyMatch(v -> Integer.reverseBytes(v) == version)) {
            throw new UnsupportedModelException(in.file(), "is a big-endian GGUF file: only little-endian ones are supported");
        }
        if (Arrays.stream(VERSIONS).noneMatch(v -> v == version)) {
            throw new UnsupportedModelException(in.file(), "is GGUF of version " + Integer.toUnsignedString(version) + ": supported are " + Arrays.toString(VERSIONS));
        }
        return version;
    }

    private static Map<String, Value> pairs(GgufInput in, int n) throws IOException {
        Map<String, Value> pairs = new LinkedHashMap<>();
        for (int i = 0; i < n; i++) {
            String key = in.name(MAX_KEY, "a key");
            if (pairs.put(key, value(in, "\"" + key + "\"")) != null) {
                throw in.wrong("has the key \"" + key + "\" twice");
            }
        }
        return pairs;
    }

    private static Value value(GgufInput in, String what) throws IOException {
        Kind kind = kind(in, what);
        Kind element = null;
        int count = 0;
        byte[] bytes;
        switch (kind) {
            case STRING -> bytes = in.bytes(in.length(GgufInput.MAX_VALUE, what), what);
            case ARRAY -> {
                element = kind(in, what);
                count = in.count(GgufInput.MAX_HEADER, element.bytes, "elements in " + what);
                long from = in.position();
                skipElements(in, element, count, 1, what);
                if (in.position() - from > GgufInput.MAX_VALUE) {
                    throw in.wrong(what + " is an array of " + (in.position() - from) + " bytes: the limit is " + GgufInput.MAX_VALUE);
                }
                bytes = in.bytes(from, (int) (in.position() - from));
            }
            default -> bytes = in.bytes(kind.bytes, what);
        }
        if (kind == Kind.BOOL || element == Kind.BOOL) {
            for (byte b : bytes) {
                if (b != 0 && b != 1) {
                    throw in.wrong(what + " has a truth value of " + b + ": it must be 0 or 1");
                }
            }
        }
        return new Value(kind, element, count, bytes);
    }

    private static Kind kind(GgufInput in, String what) throws IOException {
        int id = in.int32("the type of " + what);
        if (id < 0 || id >= Kind.values().length) {
            throw in.wrong(what + " is of type " + Integer.toUnsignedString(id) + ": the types are 0 to " + (Kind.values().length - 1));
        }
        return Kind.values()[id];
    }

    private static void skipElements(GgufInput in, Kind kind, int count, int depth, String what) throws IOException {
        if (kind.isFixed()) {
            in.skip(count * kind.bytes, what); // the bytes of an array that fits a header are an int
            return;
        }
        if (depth > MAX_NESTING) {
            throw in.wrong(what + " has arrays in arrays, deeper than " + MAX_NESTING);
        }
        for (int i = 0; i < count; i++) {
            if (kind == Kind.STRING) {
                in.skip(in.length(GgufInput.MAX_VALUE, what), what);
            } else {
                Kind inner = kind(in, what);
                skipElements(in, inner, in.count(GgufInput.MAX_HEADER, inner.bytes, "elements in " + what), depth + 1, what);
            }
        }
    }

    private static int alignment(GgufMetadata metadata) {
        int alignment = metadata.integer(ALIGNMENT, DEFAULT_ALIGNMENT);
        if (alignment < 8 || alignment > MAX_ALIGNMENT || Integer.bitCount(alignment) != 1) {
            throw new ModelFormatException(metadata.source(), "\"" + ALIGNMENT + "\" is " + alignment + ": it must be a power of two from 8 to " + MAX_ALIGNMENT);
        }
        return alignment;
    }

    private static Map<String, GgufTensor> tensors(GgufInput in, int n, int alignment) throws IOException {
        List<GgufTensor> tensors = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            tensors.add(tensor(in));
        }
        tensors.sort(Comparator.comparingLong(GgufTensor::offset));
        long data = n == 0 ? in.position() : aligned(in.position(), alignment);
        Map<String, GgufTensor> placed = new LinkedHashMap<>();
        long end = 0;
        for (int i = 0; i < n; i++) {
            GgufTensor tensor = tensors.get(i);
            if (tensor.offset() != aligned(end, alignment)) {
                throw in.wrong("tensor " + tensor + " begins at " + Long.toUnsignedString(tensor.offset()) + " where "
                        + aligned(end, alignment) + " is next, at a multiple of " + alignment);
            }
            long room = in.size() - data - tensor.offset();
            if (tensor.type().isEmpty()) { // its size follows from what lies behind it
                long next = i + 1 < n ? tensors.get(i + 1).offset() - tensor.offset() : room;
                tensor = new GgufTensor(tensor.name(), tensor.typeId(), tensor.shape(), tensor.offset(), next);
            }
            if (tensor.bytes() > room || tensor.bytes() < 1) {
                throw in.wrong("tensor " + tensor + " takes " + tensor.bytes() + " bytes from " + (data + tensor.offset()) + " in a file of " + in.size());
            }
            end = tensor.offset() + tensor.bytes();
            if (placed.put(tensor.name(), new GgufTensor(tensor.name(), tensor.typeId(), tensor.shape(), data + tensor.offset(), tensor.bytes())) != null) {
                throw in.wrong("has two tensors of the name \"" + tensor.name() + "\"");
            }
        }
        if (in.size() - data - end >= alignment) {
            throw in.wrong("goes on for " + (in.size() - data - end) + " bytes after its last tensor");
        }
        return Collections.unmodifiableMap(placed);
    }

    private static long aligned(long bytes, int alignment) {
        return Math.ceilDiv(bytes, alignment) * alignment;
    }

    /** A description as it stands: the offset counts from where the tensors begin. */
    private static GgufTensor tensor(GgufInput in) throws IOException {
        String name = in.name(MAX_NAME, "a tensor's name");
        String what = "tensor \"" + name + "\"";
        int rank = in.int32(what);
        if (rank < 0 || rank > MAX_RANK) {
            throw in.wrong(what + " has " + Integer.toUnsignedString(rank) + " dimensions: the limit is " + MAX_RANK);
        }
        long[] shape = new long[rank];
        for (int i = rank - 1; i >= 0; i--) { // the file has the fastest first
            shape[i] = in.int64(what);
        }
        int typeId = in.int32(what);
        long offset = in.int64(what);
        return new GgufTensor(name, typeId, shape, offset, bytes(in, what, shape, GgufType.of(typeId)));
    }

    /** What it takes, as far as its type is known. */
    private static long bytes(GgufInput in, String what, long[] shape, Optional<GgufType> type) {
        int numbers = type.map(t -> t.numbers).orElse(1);
        long width = shape.length == 0 ? 1 : shape[shape.length - 1];
        if (Arrays.stream(shape).anyMatch(n -> n < 1) || width % numbers != 0) {
            throw in.wrong(what + " of " + type.map(Enum::name).orElse("an unknown type") + " has the shape " + Arrays.toString(shape)
                    + ": the last dimension must be a multiple of " + numbers + ", and all at least 1");
        }
        try {
            long elements = Arrays.stream(shape).reduce(1, Math::multiplyExact);
            return Math.multiplyExact(elements / numbers, type.map(t -> t.bytes).orElse(0));
        } catch (ArithmeticException overflow) {
            throw new ModelFormatException(in.file(), what + " has the shape " + Arrays.toString(shape) + ": more than 2^63 bytes", overflow);
        }
    }
}
