package org.neuralattention.io;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;
import org.neuralattention.testing.Malformed;

/** llama2.c checkpoints of all versions, broken: refused with a {@link ModelFormatException}, in a heap of 256 MB and within a second. */
@Tag("malformed")
class MalformedLlama2cTest {

    private static final ModelConfig SMALL = ModelConfig.llama(10, 8, 2, 2, 1, 12, 6);
    /** Integers of a header from dim to the context, in the file's order; version 0 has them at byte 0. */
    private static final List<String> FIELDS = List.of("dim", "hiddenDim", "nLayers", "nHeads", "nKvHeads", "vocab", "context");

    @TempDir
    Path temp;

    private byte[] small(int version) throws IOException {
        Weights weights = new Weights(version == 1 ? SMALL.withTiedHead(true) : SMALL);
        SplittableRandom random = new SplittableRandom(7);
        for (Tensor tensor : weights.tensors()) {
            for (int i = 0; i < tensor.size(); i++) {
                tensor.data()[i] = 2 * random.nextFloat() - 1;
            }
        }
        Path file = temp.resolve("small.bin");
        Llama2cWriter.write(file, ModelSource.of(weights), version);
        return Files.readAllBytes(file);
    }

    private Path file(byte[] bytes) throws IOException {
        return Malformed.write(temp.resolve("x.bin"), bytes);
    }

    private static void read(Path file) throws IOException {
        ModelLoader.load(file);
        ModelLoader.loadStored(file);
    }

    private void refused(String message, byte[] bytes) throws IOException {
        Path file = file(bytes);
        String told = assertThrows(ModelFormatException.class, () -> ModelLoader.loadStored(file), message).getMessage();
        assertTrue(told.startsWith(file + ": ") && told.contains(message), told + " <> " + message);
        Malformed.reads(file, () -> read(file));
    }

    private static byte[] patched(byte[] bytes, Consumer<ByteBuffer> patch) {
        byte[] copy = bytes.clone();
        patch.accept(ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN));
        return copy;
    }

    @Test
    void everyKindOfBrokenHeaderIsRefusedWithItsReason() throws IOException {
        byte[] eight = small(2);
        Map<String, byte[]> kinds = new LinkedHashMap<>();
        kinds.put("has 0 bytes: too short", new byte[0]);
        kinds.put("has 27 bytes: too short", new byte[27]);
        kinds.put("has 255 bytes: too short", Arrays.copyOf(eight, 255));
        kinds.put("a width of 0 in 0 heads", new byte[28]);
        kinds.put("version 0 of llama2.c's format", patched(eight, b -> b.putInt(4, 0)));
        kinds.put("version 3 of llama2.c's format", patched(eight, b -> b.putInt(4, 3)));
        kinds.put("version -1 of llama2.c's format", patched(eight, b -> b.putInt(4, -1)));
        kinds.put("the flag of a shared head is 2", patched(eight, b -> b.put(36, (byte) 2)));
        kinds.put("the flag of a shared head is -1", patched(eight, b -> b.put(36, (byte) -1)));
        kinds.put("groups of 0 numbers", patched(eight, b -> b.putInt(37, 0)));
        kinds.put("groups of -2147483648 numbers", patched(eight, b -> b.putInt(37, Integer.MIN_VALUE)));
        kinds.put("is not whole groups of 2147483647", patched(eight, b -> b.putInt(37, Integer.MAX_VALUE)));
        kinds.put("a width of -8 in 2 heads", patched(eight, b -> b.putInt(8, -8)));
        kinds.put("a width of 8 in 3 heads", patched(eight, b -> b.putInt(20, 3)));
        kinds.put("2147483647 layers: the limit is 10000", patched(eight, b -> b.putInt(16, Integer.MAX_VALUE)));
        kinds.put("its header leads to", patched(eight, b -> b.putInt(16, 10_000)));
        kinds.put("a vocabulary of -2147483648 tokens", patched(small(0), b -> b.putInt(20, Integer.MIN_VALUE)));
        kinds.put("has a scale of NaN", patched(eight, b -> b.putFloat(eight.length - 4, Float.NaN)));
        kinds.put("has a scale of -1.0", patched(eight, b -> b.putFloat(eight.length - 4, -1)));
        for (Map.Entry<String, byte[]> kind : kinds.entrySet()) {
            refused(kind.getKey(), kind.getValue());
        }
    }

    @Test
    void noCountIsBelieved() throws IOException {
        int[] absurd = {0, -1, 1, 3, 7, 1 << 20, 1 << 30, Integer.MAX_VALUE, Integer.MIN_VALUE};
        for (int version = 0; version <= 2; version++) {
            byte[] bytes = small(version);
            int first = version == 0 ? 0 : 8;
            int fields = version == 0 ? 7 : 6; // the context of the later versions decides nothing but itself
            for (int field = 0; field < fields; field++) {
                int at = first + 4 * field;
                for (int value : absurd) {
                    if (ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(at) != value) {
                        Path file = file(patched(bytes, b -> b.putInt(at, value)));
                        assertThrows(ModelFormatException.class, () -> ModelFile.open(file), "version " + version + ", " + FIELDS.get(field) + " = " + value);
                        Malformed.reads(file, () -> read(file));
                    }
                }
            }
        }
    }

    @Test
    void everyPrefixAndEveryLongerFileIsRefused() throws IOException {
        for (int version = 0; version <= 2; version++) {
            byte[] bytes = small(version);
            for (int length = 0; length <= bytes.length + 5; length++) {
                if (length != bytes.length) {
                    Path file = file(Arrays.copyOf(bytes, length));
                    String message = assertThrows(ModelFormatException.class, () -> ModelFile.open(file), "length " + length).getMessage();
                    assertTrue(message.startsWith(file + ": "), message);
                }
            }
        }
    }

    @Test
    void tensorsThatNoArrayHoldsAreNamedAndNoMemoryIsTaken() throws IOException {
        // Files of holes whose headers lead to exactly their size: an embedding of 2^32 elements, and one of 4 GB.
        refusedOfVocabulary(1 << 29, "more elements than one array can hold");
        refusedOfVocabulary(1 << 27, "needs 4096 MiB of heap");
    }

    private void refusedOfVocabulary(int vocab, String message) throws IOException {
        long dim = 8;
        long hiddenDim = 12;
        long size = Llama2cHeader.BYTES + Float.BYTES * (dim * vocab + 4 * dim * dim + 3 * dim * hiddenDim + 3 * dim);
        Path file = temp.resolve("holes.bin");
        ByteBuffer header = ByteBuffer.allocate(Llama2cHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(Llama2cHeader.MAGIC).putInt(1);
        header.putInt((int) dim).putInt((int) hiddenDim).putInt(1).putInt(1).putInt(1).putInt(vocab).putInt(64).put((byte) 1);
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.write(header.array());
            sparse.setLength(size);
        }
        String told = assertThrows(ModelFormatException.class, () -> ModelLoader.load(file)).getMessage();
        assertTrue(told.startsWith(file.toString()) && told.contains(message), told);
        Malformed.reads(file, () -> read(file));
    }

    @Test
    void randomMutationsAreReadOrRefused() throws IOException {
        Path file = temp.resolve("x.bin");
        List<byte[]> seeds = new ArrayList<>();
        for (int version = 0; version <= 2; version++) {
            seeds.add(small(version));
        }
        Malformed.mutate(file, seeds, Malformed.bytes(48), 1500, () -> read(file));
    }
}
