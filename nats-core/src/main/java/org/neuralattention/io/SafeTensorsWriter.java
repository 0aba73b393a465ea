package org.neuralattention.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.neuralattention.model.Tensor;

/** The writing half of {@link SafeTensors}. */
final class SafeTensorsWriter {

    private SafeTensorsWriter() {}

    static void write(Path file, Map<String, String> metadata, List<Tensor> tensors) throws IOException {
        byte[] header = header(metadata, tensors);
        AtomicFiles.write(file, out -> {
            NumberOutput numbers = new NumberOutput(out);
            numbers.number((long) header.length).bytes(header, 0, header.length).flush();
            for (Tensor tensor : tensors) {
                numbers.floats(tensor.data(), 0, tensor.size()).flush();
            }
        });
    }

    private static byte[] header(Map<String, String> metadata, List<Tensor> tensors) {
        Map<String, Object> fields = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            fields.put(SafeTensorsHeader.METADATA, metadata);
        }
        long offset = 0;
        for (Tensor tensor : tensors) {
            long end = offset + (long) tensor.size() * Float.BYTES;
            Map<String, Object> description = new LinkedHashMap<>();
            description.put("dtype", "F32");
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

    private static void check(Tensor tensor) {
        int nameBytes = tensor.name().getBytes(StandardCharsets.UTF_8).length;
        if (tensor.name().equals(SafeTensorsHeader.METADATA) || nameBytes > SafeTensorsHeader.MAX_NAME_BYTES || tensor.rank() > SafeTensorsHeader.MAX_RANK) {
            throw new IllegalArgumentException(tensor + ": a tensor's name has at most " + SafeTensorsHeader.MAX_NAME_BYTES
                    + " bytes and is not " + SafeTensorsHeader.METADATA + ", its shape has at most " + SafeTensorsHeader.MAX_RANK + " dimensions");
        }
    }
}
