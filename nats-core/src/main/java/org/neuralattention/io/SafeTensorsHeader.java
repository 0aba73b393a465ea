package org.neuralattention.io;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.neuralattention.io.SafeTensors.DType;
import org.neuralattention.io.SafeTensors.Entry;

/**
 * The JSON header of a safetensors file, read as a stream and checked against the file's size.
 *
 * @param entries the tensors in the order of their bytes
 * @param metadata the {@code __metadata__} object
 */
record SafeTensorsHeader(Map<String, Entry> entries, Map<String, String> metadata) {

    static final String METADATA = "__metadata__";
    static final int MAX_TENSORS = 100_000;
    static final int MAX_RANK = 8;
    static final int MAX_NAME_BYTES = Json.MAX_NAME;

    private record Named(String name, Entry entry) {}

    /**
     * @param json the header's bytes
     * @param dataStart the file offset of the first tensor byte
     * @param fileSize the file's length
     */
    static SafeTensorsHeader parse(Object source, InputStream json, long dataStart, long fileSize) throws IOException {
        List<Named> tensors = new ArrayList<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        try (JsonParser parser = Json.parser(json)) {
            if (Json.next(source, parser) != JsonToken.START_OBJECT) {
                throw new ModelFormatException(source, "the header is not a JSON object");
            }
            while (Json.next(source, parser) != JsonToken.END_OBJECT) {
                String name = Json.text(source, parser);
                if (name.equals(METADATA)) {
                    readMetadata(source, parser, metadata);
                } else {
                    tensors.add(new Named(name, readTensor(source, name, parser, dataStart, fileSize)));
                }
                limit(source, tensors.size(), MAX_TENSORS, "tensors");
            }
            Json.end(source, parser);
        }
        return new SafeTensorsHeader(inOrder(source, tensors, dataStart, fileSize), Collections.unmodifiableMap(metadata));
    }

    private static void readMetadata(Object source, JsonParser parser, Map<String, String> metadata) throws IOException {
        if (Json.next(source, parser) != JsonToken.START_OBJECT) {
            throw new ModelFormatException(source, METADATA + " is not an object");
        }
        while (Json.next(source, parser) != JsonToken.END_OBJECT) {
            String key = Json.text(source, parser);
            if (Json.next(source, parser) != JsonToken.VALUE_STRING) {
                throw new ModelFormatException(source, METADATA + " entry \"" + key + "\" is not a string");
            }
            metadata.put(key, Json.text(source, parser));
            limit(source, metadata.size(), MAX_TENSORS, METADATA + " entries");
        }
    }

    private static Entry readTensor(Object source, String name, JsonParser parser, long dataStart, long fileSize) throws IOException {
        if (name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES) {
            throw new ModelFormatException(source, "a tensor's name has more than " + MAX_NAME_BYTES + " bytes");
        }
        if (Json.next(source, parser) != JsonToken.START_OBJECT) {
            throw new ModelFormatException(source, "tensor \"" + name + "\" is not described by an object");
        }
        DType dtype = null;
        long[] shape = null;
        long[] offsets = null;
        while (Json.next(source, parser) != JsonToken.END_OBJECT) {
            String key = Json.text(source, parser);
            switch (key) {
                case "dtype" -> dtype = readDtype(source, name, parser);
                case "shape" -> shape = readLongs(source, name, key, parser, MAX_RANK);
                case "data_offsets" -> offsets = readLongs(source, name, key, parser, 2);
                default -> throw new ModelFormatException(source, "tensor \"" + name + "\" has an unknown key \"" + key + "\"");
            }
        }
        if (dtype == null || shape == null || offsets == null || offsets.length != 2) {
            throw new ModelFormatException(source, "tensor \"" + name + "\" needs dtype, shape and two data_offsets");
        }
        return entry(source, name, dtype, shape, offsets, dataStart, fileSize);
    }

    private static DType readDtype(Object source, String name, JsonParser parser) throws IOException {
        if (Json.next(source, parser) == JsonToken.VALUE_STRING) {
            String text = Json.text(source, parser);
            for (DType dtype : DType.values()) {
                if (dtype.name().equals(text)) {
                    return dtype;
                }
            }
        }
        throw new ModelFormatException(source, "tensor \"" + name + "\" has no known dtype");
    }

    private static long[] readLongs(Object source, String name, String key, JsonParser parser, int most) throws IOException {
        if (Json.next(source, parser) != JsonToken.START_ARRAY) {
            throw new ModelFormatException(source, key + " of tensor \"" + name + "\" is not an array");
        }
        long[] longs = new long[most];
        int n = 0;
        for (JsonToken token = Json.next(source, parser); token != JsonToken.END_ARRAY; token = Json.next(source, parser)) {
            limit(source, n + 1, most, "numbers in " + key + " of tensor \"" + name + "\"");
            Object number = token == JsonToken.VALUE_NUMBER_INT ? Json.number(source, parser, token) : null;
            if (!(number instanceof Long value) || value < 0) {
                throw new ModelFormatException(source, key + " of tensor \"" + name + "\" holds something that is not an integer from 0 to 2^63 - 1");
            }
            longs[n++] = value;
        }
        return Arrays.copyOf(longs, n);
    }

    private static Entry entry(Object source, String name, DType dtype, long[] shape, long[] offsets, long dataStart, long fileSize) {
        long elements = 1;
        long bits;
        try {
            for (long n : shape) {
                elements = Math.multiplyExact(elements, n);
            }
            bits = Math.multiplyExact(elements, dtype.bits);
        } catch (ArithmeticException overflow) {
            throw new ModelFormatException(source, "tensor \"" + name + "\" " + Arrays.toString(shape) + " has more than 2^63 bits");
        }
        long begin = offsets[0];
        long end = offsets[1];
        if (begin > end || end > fileSize - dataStart) {
            throw new ModelFormatException(source, "tensor \"" + name + "\" lies at " + begin + " to " + end
                    + ", the file has " + (fileSize - dataStart) + " bytes of tensors");
        }
        if (bits % 8 != 0 || bits / 8 != end - begin) {
            throw new ModelFormatException(source, "tensor \"" + name + "\" " + dtype + " " + Arrays.toString(shape) + " has " + bits
                    + " bits, its data_offsets hold " + (end - begin) + " bytes");
        }
        return new Entry(dtype, shape, elements, dataStart + begin, end - begin);
    }

    private static Map<String, Entry> inOrder(Object source, List<Named> tensors, long dataStart, long fileSize) {
        // A tensor of no bytes lies between two others, so it comes before the one that begins where it does.
        tensors.sort(Comparator.comparingLong((Named t) -> t.entry().begin()).thenComparingLong(t -> t.entry().bytes()));
        Map<String, Entry> entries = new LinkedHashMap<>();
        long end = dataStart;
        for (Named tensor : tensors) {
            if (tensor.entry().begin() != end) {
                throw new ModelFormatException(source, "tensor \"" + tensor.name() + "\" begins at " + (tensor.entry().begin() - dataStart)
                        + " where the one before it ends at " + (end - dataStart));
            }
            end += tensor.entry().bytes();
            entries.put(tensor.name(), tensor.entry());
        }
        if (end != fileSize) {
            throw new ModelFormatException(source, "goes on for " + (fileSize - end) + " bytes after its last tensor");
        }
        return Collections.unmodifiableMap(entries);
    }

    private static void limit(Object source, int n, int most, String what) {
        if (n > most) {
            throw new ModelFormatException(source, "has more than " + most + " " + what);
        }
    }
}
