package org.neuralattention.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.neuralattention.io.SafeTensors.DType;
import org.neuralattention.model.Tensor;

/** The writing half of {@link SafeTensors}. */
final class SafeTensorsWriter {

    /** A tensor of a file; {@code body} writes its elements, all of {@code dtype}. */
    record Item(String name, DType dtype, int[] shape, Body body) {

        /** A float32 tensor in memory. */
        static Item of(Tensor tensor) {
            return new Item(tensor.name(), DType.F32, tensor.shape(), out -> out.floats(tensor.data(), 0, tensor.size()));
        }

        long bytes() {
            return Arrays.stream(shape).asLongStream().reduce(dtype.bits / 8, Math::multiplyExact);
        }
    }

    /** Where an item's elements come from. */
    interface Body {
        void writeTo(NumberOutput out) throws IOException;
    }

    private SafeTensorsWriter() {}

    static void write(Path file, Map<String, String> metadata, List<Item> tensors) throws IOException {
        byte[] header = header(metadata, tensors);
        AtomicFiles.write(file, out -> {
            NumberOutput numbers = new NumberOutput(out);
            numbers.number((long) header.length).bytes(header, 0, header.length).flush();
            for (Item tensor : tensors) {
                tensor.body().writeTo(numbers);
                numbers.flush();
            }
        });
    }

    private static byte[] header(Map<String, String> metadata, List<Item> tensors) {
        Map<String, Object> fields = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            fields.put(SafeTensorsHeader.METADATA, metadata);
        }
        long offset = 0;
        for (Item tensor : tensors) {
            long end = offset + tensor.bytes();
            Map<String, Object> description = new LinkedHashMap<>();
            description.put("dtype", tensor.dtype().name());
            description.put("shape", Arrays.stream(tensor.shape()).boxed().toList());
            description.put("data_offsets", List.of(offset, end));
            if (fields.put(tensor.name(), description) != null) {
                throw new IllegalArgumentException("tensor name \"" + tensor.name() + "\" comes twice or is the format's own");
            }
            check(tensor);
            offset = end;
        }
        byte[] json = Json.compact(fields).getBytes(StandardCharsets.UTF_8);
        // Spaces at the end so that the tensors begin at a multiple of 8, as other writers do.
        byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
        Arrays.fill(padded, json.length, padded.length, (byte) ' ');
        if (padded.length > SafeTensors.MAX_HEADER || tensors.size() > SafeTensorsHeader.MAX_TENSORS) {
            throw new IllegalArgumentException(tensors.size() + " tensors with a header of " + padded.length + " bytes: the format's limits are "
                    + SafeTensorsHeader.MAX_TENSORS + " and " + SafeTensors.MAX_HEADER);
        }
        return padded;
    }

    private static void check(Item tensor) {
        int nameBytes = tensor.name().getBytes(StandardCharsets.UTF_8).length;
        if (tensor.name().equals(SafeTensorsHeader.METADATA) || nameBytes > SafeTensorsHeader.MAX_NAME_BYTES || tensor.shape().length > SafeTensorsHeader.MAX_RANK) {
            throw new IllegalArgumentException(tensor.name() + " " + Arrays.toString(tensor.shape()) + ": a tensor's name has at most " + SafeTensorsHeader.MAX_NAME_BYTES
                    + " bytes and is not " + SafeTensorsHeader.METADATA + ", its shape has at most " + SafeTensorsHeader.MAX_RANK + " dimensions");
        }
    }
}
