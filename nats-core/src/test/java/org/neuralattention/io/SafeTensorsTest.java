package org.neuralattention.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.model.Tensor;
import org.neuralattention.testing.Shared;

@Tag("malformed")
class SafeTensorsTest {

    @TempDir
    Path temp;

    private Path file(byte[] bytes) throws IOException {
        return Files.write(temp.resolve("x.safetensors"), bytes);
    }

    private static byte[] bytes(String header, int body) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + json.length + body).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json).array();
    }

    private static String tensor(String name, String dtype, String shape, String offsets) {
        return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
    }

    /** Opens and reads everything: whatever the bytes are, only our exception may come out. */
    private static void readAll(Path file) throws IOException {
        try (SafeTensors tensors = SafeTensors.open(file)) {
            for (String name : tensors.names()) {
                if (Elements.FLOATS.contains(tensors.dtype(name))) {
                    tensors.readFloats(name);
                    tensors.readDoubles(name);
                } else {
                    tensors.readInts(name);
                }
            }
        }
    }

    @Test
    void verdictsOfTheManifest() throws IOException {
        Path folder = Shared.path("malformed/safetensors");
        List<?> cases = (List<?>) Json.read(folder.resolve("manifest.json"));
        assertEquals(21, cases.size());
        for (Object entry : cases) {
            JsonObject json = JsonObject.of("manifest", entry);
            Path file = folder.resolve(json.string("file"));
            if (json.string("expect").startsWith("ACCEPT")) {
                assertDoesNotThrow(() -> readAll(file), file.toString());
            } else {
                ModelFormatException e = assertThrows(ModelFormatException.class, () -> readAll(file), file.toString());
                assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
            }
        }
    }

    @Test
    void malformedHeadersAreRefusedWithTheirReason() throws IOException {
        Map<String, byte[]> cases = new LinkedHashMap<>();
        cases.put("too short", new byte[7]);
        cases.put("the limit is 100000000", ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(100_000_001).array());
        cases.put("18446744073709551615", ByteBuffer.allocate(64).putLong(-1).array());
        cases.put("in a file of 64", ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(57).array());
        cases.put("not a JSON object", bytes("[]", 0));
        cases.put("ends early", bytes("  ", 0));
        cases.put("goes on after its end", bytes("{} {}", 0));
        cases.put("not valid JSON", bytes("{} \0", 0));
        cases.put("not described by an object", bytes("{\"a\":1}", 0));
        cases.put("unknown key \"hidden\"", bytes("{\"a\":{\"hidden\":1}}", 0));
        cases.put("needs dtype, shape and two data_offsets", bytes("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4));
        cases.put("tensor \"one\" needs dtype", bytes("{" + tensor("one", "F32", "[1]", "[0]") + "}", 4));
        cases.put("more than 2 numbers in data_offsets", bytes("{" + tensor("a", "F32", "[1]", "[0,4,4]") + "}", 4));
        cases.put("no known dtype", bytes("{" + tensor("a", "F33", "[1]", "[0,4]") + "}", 4));
        cases.put("tensor \"n\" has no known dtype", bytes("{\"n\":{\"dtype\":32,\"shape\":[1],\"data_offsets\":[0,4]}}", 4));
        cases.put("shape of tensor \"a\" is not an array", bytes("{" + tensor("a", "F32", "4", "[0,4]") + "}", 4));
        cases.put("not an integer", bytes("{" + tensor("a", "F32", "[1.0]", "[0,4]") + "}", 4));
        cases.put("shape of tensor \"neg\" holds", bytes("{" + tensor("neg", "F32", "[-1]", "[0,4]") + "}", 4));
        cases.put("data_offsets of tensor \"neg\" holds", bytes("{" + tensor("neg", "F32", "[1]", "[-4,0]") + "}", 4));
        cases.put("shape of tensor \"str\" holds", bytes("{" + tensor("str", "F32", "[\"1\"]", "[0,4]") + "}", 4));
        cases.put("shape of tensor \"big\" holds", bytes("{" + tensor("big", "F32", "[9223372036854775808]", "[0,4]") + "}", 4));
        cases.put("more than 8 numbers in shape", bytes("{" + tensor("a", "F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") + "}", 4));
        cases.put("more than 2^63 bits", bytes("{" + tensor("a", "F32", "[4294967296,4294967296]", "[0,4]") + "}", 4));
        cases.put("tensor \"bits\" [576460752303423488] has more", bytes("{" + tensor("bits", "F32", "[576460752303423488]", "[0,4]") + "}", 4));
        cases.put("has 64 bits, its data_offsets hold 4 bytes", bytes("{" + tensor("a", "F32", "[2]", "[0,4]") + "}", 4));
        cases.put("F4 [1] has 4 bits", bytes("{" + tensor("a", "F4", "[1]", "[0,1]") + "}", 1));
        cases.put("lies at 4 to 0", bytes("{" + tensor("a", "F32", "[1]", "[4,0]") + "}", 4));
        cases.put("the file has 3 bytes", bytes("{" + tensor("a", "F32", "[1]", "[0,4]") + "}", 3));
        cases.put("goes on for 1 bytes", bytes("{" + tensor("a", "F32", "[1]", "[0,4]") + "}", 5));
        cases.put("goes on for 9 bytes", bytes("{}", 9));
        cases.put("begins at 5 where the one before it ends at 4", bytes("{" + tensor("a", "F32", "[1]", "[0,4]") + "," + tensor("b", "U8", "[3]", "[5,8]") + "}", 8));
        cases.put("begins at 2 where the one before it ends at 4", bytes("{" + tensor("a", "F32", "[1]", "[0,4]") + "," + tensor("b", "F32", "[1]", "[2,6]") + "}", 6));
        cases.put("begins at 0 where the one before it ends at 4", bytes("{" + tensor("a", "F32", "[1]", "[0,4]") + "," + tensor("b", "F32", "[1]", "[0,4]") + "}", 4));
        cases.put("__metadata__ is not an object", bytes("{\"__metadata__\":[]}", 0));
        cases.put("\"k\" is not a string", bytes("{\"__metadata__\":{\"k\":{}}}", 0));
        cases.put("uplicate", bytes("{\"__metadata__\":{},\"__metadata__\":{}}", 0));
        cases.put("name has more than 65536 bytes", bytes("{" + tensor("\u00e9".repeat(40_000), "F32", "[1]", "[0,4]") + "}", 4));
        for (Map.Entry<String, byte[]> entry : cases.entrySet()) {
            Path file = file(entry.getValue());
            ModelFormatException e = assertThrows(ModelFormatException.class, () -> SafeTensors.open(file), entry.getKey());
            assertTrue(e.getMessage().startsWith(file + ": ") && e.getMessage().contains(entry.getKey()), e.getMessage() + " <> " + entry.getKey());
        }
    }

    @Test
    void messagesAreOneLineOfBoundedLength() throws IOException {
        Path file = file(bytes("{" + tensor("\\u001b[31m\\n" + "n".repeat(60_000), "F32", "[2]", "[0,4]") + "}", 4));
        String message = assertThrows(ModelFormatException.class, () -> SafeTensors.open(file)).getMessage();
        assertTrue(message.contains("\"?[31m?nnn") && message.length() < 21_000);
    }

    @Test
    void tensorsBeyondTheLimitAreRefusedAndThatManyAreRead() throws IOException {
        for (int n : new int[] {100_000, 100_001}) {
            StringBuilder header = new StringBuilder("{");
            for (int i = 0; i < n; i++) {
                header.append(i == 0 ? "" : ",").append(tensor("t" + i, "F32", "[0]", "[0,0]"));
            }
            Path file = file(bytes(header.append("}").toString(), 0));
            if (n == 100_000) {
                readAll(file);
            } else {
                assertThrows(ModelFormatException.class, () -> readAll(file));
            }
        }
    }

    @Test
    void whatIsNotAFileIsNamed() {
        assertThrows(ModelFormatException.class, () -> SafeTensors.open(temp));
        assertThrows(NoSuchFileException.class, () -> SafeTensors.open(temp.resolve("absent")));
    }

    private static List<Tensor> someTensors(Random random) {
        // More than one piece of the reader's buffer, a scalar, nothing, and more than one dimension.
        return List.of(random("large", random, 3, 50_001), random("scalar", random), random("empty", random, 4, 0, 2),
                random("na\u00efve \"name\"", random, 2, 3, 1, 2), random("after", random, 1));
    }

    private static Tensor random(String name, Random random, int... shape) {
        float[] data = new float[Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        for (int i = 0; i < data.length; i++) {
            data[i] = Float.intBitsToFloat(random.nextInt());
        }
        return Tensor.wrap(name, data, shape);
    }

    @Test
    void whatIsWrittenIsReadToTheBitAndTheSameBytesEachTime() throws IOException {
        List<Tensor> tensors = someTensors(new Random(7));
        Map<String, String> metadata = new LinkedHashMap<>(Map.of("format", "pt"));
        metadata.put("text", "a\nb");
        Path file = temp.resolve("x.safetensors");
        SafeTensors.write(file, metadata, tensors);
        try (SafeTensors read = SafeTensors.open(file)) {
            assertEquals(metadata, read.metadata());
            assertEquals(tensors.stream().map(Tensor::name).toList(), List.copyOf(read.names()));
            for (Tensor tensor : tensors) {
                assertArrayEquals(Arrays.stream(tensor.shape()).asLongStream().toArray(), read.shape(tensor.name()));
                float[] target = new float[tensor.size() + 5];
                Arrays.fill(target, 9);
                read.read(tensor.name(), target, 3);
                for (int i = 0; i < target.length; i++) {
                    float expected = i < 3 || i >= 3 + tensor.size() ? 9 : tensor.data()[i - 3];
                    assertEquals(Float.floatToRawIntBits(expected), Float.floatToRawIntBits(target[i]));
                }
                assertThrows(IndexOutOfBoundsException.class, () -> read.read(tensor.name(), target, 6));
                assertThrows(IndexOutOfBoundsException.class, () -> read.read(tensor.name(), target, -1));
            }
            assertThrows(ModelFormatException.class, () -> read.readFloats("absent"));
        }
        byte[] first = Files.readAllBytes(file);
        assertEquals(0, (ByteBuffer.wrap(first).order(ByteOrder.LITTLE_ENDIAN).getLong(0)) % 8);
        SafeTensors.write(file, metadata, tensors);
        assertArrayEquals(first, Files.readAllBytes(file));
    }

    @Test
    void badNamesAreRefusedBeforeAnythingIsWritten() throws IOException {
        Tensor a = Tensor.wrap("a", new float[1], 1);
        Path file = temp.resolve("x.safetensors");
        for (Tensor bad : List.of(a, Tensor.wrap("__metadata__", new float[1], 1), Tensor.wrap("n".repeat(70_000), new float[1], 1),
                Tensor.wrap("deep", new float[1], 1, 1, 1, 1, 1, 1, 1, 1, 1))) {
            assertThrows(IllegalArgumentException.class, () -> SafeTensors.write(file, Map.of("k", "v"), List.of(a, bad)));
        }
        try (var left = Files.list(temp)) {
            assertEquals(0, left.count());
        }
    }

    /** One tensor of raw 16-bit or wider elements. */
    private Path raw(String dtype, int n, ByteBuffer body) throws IOException {
        byte[] all = bytes("{" + tensor("t", dtype, "[" + n + "]", "[0," + body.capacity() + "]") + "}", body.capacity());
        System.arraycopy(body.array(), 0, all, all.length - body.capacity(), body.capacity());
        return file(all);
    }

    @Test
    void all16BitFloatsAreExact() throws IOException {
        ByteBuffer body = ByteBuffer.allocate(2 << 16).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 1 << 16; i++) {
            body.putShort((short) i);
        }
        for (String dtype : List.of("F16", "BF16")) {
            try (SafeTensors tensors = SafeTensors.open(raw(dtype, 1 << 16, body))) {
                float[] floats = tensors.readFloats("t");
                double[] doubles = tensors.readDoubles("t");
                for (int i = 0; i < 1 << 16; i++) {
                    double expected = dtype.equals("F16") ? HalfReference.value((short) i) : HalfReference.bfloatValue((short) i);
                    assertEquals(expected, (double) floats[i], dtype + " " + Integer.toHexString(i));
                    assertEquals(expected, doubles[i]);
                    if (Double.isNaN(expected)) {
                        int fraction = dtype.equals("F16") ? (i & 0x3ff) << 13 : (i & 0x7f) << 16;
                        assertEquals(fraction, Float.floatToRawIntBits(floats[i]) & 0x7fffff & ~0x400000 | fraction & 0x400000, "payload");
                    }
                    assertEquals(i >> 15, Float.floatToRawIntBits(floats[i]) >>> 31, "sign");
                }
            }
        }
    }

    @Test
    void wholeNumbersAreReadInEveryWidthOrRefused() throws IOException {
        ByteBuffer body = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(-2).putLong(Integer.MAX_VALUE);
        assertArrayEquals(new int[] {-2, Integer.MAX_VALUE}, ints("I64", 2, body));
        assertArrayEquals(new int[] {-2, -1, Integer.MAX_VALUE, 0}, ints("I32", 4, body));
        assertArrayEquals(new int[] {-2, -1, -1, -1, -1, Short.MAX_VALUE, 0, 0}, intsWith(ints("I16", 8, body), 4, -1, 5, Short.MAX_VALUE));
        assertArrayEquals(new int[] {65534, 65535, 65535, 65535, 65535, 32767, 0, 0}, ints("U16", 8, body));
        assertEquals(254, ints("U8", 16, body)[0]);
        assertEquals(-2, ints("I8", 16, body)[0]);
        assertArrayEquals(new int[] {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0}, ints("BOOL", 16, body));
        for (String dtype : List.of("U64", "U32")) {
            assertThrows(ModelFormatException.class, () -> ints(dtype, dtype.equals("U64") ? 2 : 4, body));
        }
        ByteBuffer large = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(1L << 31);
        assertThrows(ModelFormatException.class, () -> ints("I64", 1, large));
        assertThrows(UnsupportedModelException.class, () -> ints("F32", 2, large));
        Path file = raw("F8_E4M3", 8, large);
        assertThrows(UnsupportedModelException.class, () -> readFirst(file));
    }

    private static int[] intsWith(int[] values, int... pairs) {
        for (int i = 0; i < pairs.length; i += 2) {
            values[pairs[i]] = pairs[i + 1];
        }
        return values;
    }

    private int[] ints(String dtype, int n, ByteBuffer body) throws IOException {
        try (SafeTensors tensors = SafeTensors.open(raw(dtype, n, body))) {
            return tensors.readInts("t");
        }
    }

    private static float[] readFirst(Path file) throws IOException {
        try (SafeTensors tensors = SafeTensors.open(file)) {
            return tensors.readFloats(tensors.names().iterator().next());
        }
    }

    @Test
    void everyPrefixOfAFileIsRefused() throws IOException {
        Path whole = temp.resolve("whole.safetensors");
        SafeTensors.write(whole, Map.of("format", "pt"), List.of(random("a", new Random(1), 3, 5), random("b", new Random(2), 7)));
        byte[] bytes = Files.readAllBytes(whole);
        for (int n = 0; n < bytes.length; n++) {
            Path cut = file(Arrays.copyOf(bytes, n));
            assertThrows(ModelFormatException.class, () -> SafeTensors.open(cut), n + " bytes");
        }
        readAll(whole);
    }

    @Test
    void changedBytesRaiseNothingButOurException() throws IOException {
        Path whole = temp.resolve("whole.safetensors");
        SafeTensors.write(whole, Map.of("format", "pt"), List.of(random("a", new Random(1), 3, 5), random("b", new Random(2), 7)));
        byte[] bytes = Files.readAllBytes(whole);
        int headerEnd = bytes.length - (15 + 7) * 4;
        int refused = 0;
        for (int seed = 0; seed < 4000; seed++) {
            Random random = new Random(seed);
            byte[] changed = bytes.clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                int at = random.nextInt(headerEnd);
                changed[at] = (byte) (random.nextBoolean() ? random.nextInt(256) : "{}[]\",:0123456789-.eEFU ".charAt(random.nextInt(24)));
            }
            try {
                readAll(file(changed));
            } catch (ModelFormatException expected) {
                refused++;
            } catch (Throwable other) {
                throw new AssertionError("seed " + seed, other);
            }
        }
        assertTrue(refused > 3000, refused + " of 4000 refused");
    }

    @Test
    void aFileCutOffWhileItIsReadIsATypedError() throws IOException {
        Path file = temp.resolve("x.safetensors");
        SafeTensors.write(file, Map.of(), List.of(random("a", new Random(1), 100), random("b", new Random(2), 100)));
        try (SafeTensors tensors = SafeTensors.open(file)) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(channel.size() - 1);
            }
            tensors.readFloats("a");
            String message = assertThrows(ModelFormatException.class, () -> tensors.readFloats("b")).getMessage();
            assertTrue(message.contains("tensor \"b\": it was cut off"), message);
        }
    }

    @Test
    void readingAfterCloseSaysSoAndClosingTwiceIsFine() throws IOException {
        Path file = temp.resolve("x.safetensors");
        SafeTensors.write(file, Map.of(), List.of(random("a", new Random(1), 100)));
        SafeTensors tensors = SafeTensors.open(file);
        tensors.close();
        tensors.close();
        assertTrue(assertThrows(IllegalStateException.class, () -> tensors.readFloats("a")).getMessage().contains("is closed"));
    }

    @Test
    void offsetsBeyond4GiBAreReadAndMoreElementsThanAnArrayHoldsAreRefused() throws IOException {
        long large = (1L << 32) + 6;
        byte[] start = bytes("{" + tensor("large", "U8", "[" + large + "]", "[0," + large + "]") + ","
                + tensor("after", "F32", "[2]", "[" + large + "," + (large + 8) + "]") + "}", 0);
        Path file = file(start);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            // Sparse: the disk holds a few KiB of it.
            ByteBuffer after = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putFloat(1.5f).putFloat(-2);
            channel.write(after.flip(), start.length + large);
        }
        try (SafeTensors tensors = SafeTensors.open(file)) {
            assertArrayEquals(new float[] {1.5f, -2}, tensors.readFloats("after"));
            assertThrows(UnsupportedModelException.class, () -> tensors.readInts("large"));
        }
    }
}
