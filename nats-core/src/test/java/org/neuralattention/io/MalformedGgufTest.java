package org.neuralattention.io;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.neuralattention.io.HandmadeGguf.array;
import static org.neuralattention.io.HandmadeGguf.float32;
import static org.neuralattention.io.HandmadeGguf.int32;
import static org.neuralattention.io.HandmadeGguf.int64;
import static org.neuralattention.io.HandmadeGguf.text;
import static org.neuralattention.testing.Malformed.join;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;
import org.neuralattention.testing.Malformed;
import org.neuralattention.testing.Shared;
import org.neuralattention.tokenize.Tokenizers;

/**
 * Whatever a file holds, it is read or refused with a {@link ModelFormatException}, in a heap of 256 MB and within a second. Runs in a JVM of
 * its own with that heap. {@code -Dnats.soak=true} mutates for ten minutes.
 */
@Tag("malformed")
class MalformedGgufTest {

    private static final byte[] LETTER = text("x");

    @TempDir
    Path temp;

    private Path file(byte[] bytes) throws IOException {
        return Malformed.write(temp.resolve("x.gguf"), bytes);
    }

    /** Does with a file all that can be done with one; whether it was a whole model. */
    private static boolean readAll(Path file) throws IOException {
        return Malformed.reads(file, () -> read(file));
    }

    private static void read(Path file) throws IOException {
        try (Gguf gguf = Gguf.open(file)) {
            for (String key : gguf.metadata().keys()) {
                attempt(() -> gguf.metadata().string(key));
                attempt(() -> gguf.metadata().integer(key));
                attempt(() -> gguf.metadata().real(key));
                attempt(() -> gguf.metadata().flag(key));
                attempt(() -> gguf.metadata().strings(key));
                attempt(() -> gguf.metadata().ints(key));
                attempt(() -> gguf.metadata().floats(key));
            }
            for (GgufTensor tensor : gguf.tensors().values()) {
                gguf.read(tensor, tensor.bytes() - 1, 1, 1, (bytes, done, count) -> { });
            }
        }
        attempt(() -> Tokenizers.load(file).encode("a b"));
        ModelLoader.loadStored(file);
    }

    private static void attempt(Malformed.Reading question) throws IOException {
        try {
            question.read();
        } catch (ModelFormatException e) {
            // as it should be
        }
    }

    /** A whole model with a vocabulary in less than 8 KiB. */
    private byte[] small(String kind) throws IOException {
        Weights weights = new Weights(ModelConfig.llama(8, 32, 1, 2, 1, 32, 64).withTiedHead(true).withRoleWindows(4));
        SplittableRandom random = new SplittableRandom(3);
        for (Tensor tensor : weights.tensors()) {
            for (int i = 0; i < tensor.size(); i++) {
                tensor.data()[i] = 2 * random.nextFloat() - 1;
            }
        }
        GgufMetadata vocabulary = new GgufMetadata.Builder()
                .string("tokenizer.ggml.model", kind)
                .string("tokenizer.ggml.pre", "gpt-2")
                .strings("tokenizer.ggml.tokens", List.of("<unk>", "<s>", "</s>", "a", "b", "ab", "\u0120a", "\u2581"))
                .strings("tokenizer.ggml.merges", List.of("a b", "\u0120 a"))
                .floats("tokenizer.ggml.scores", 0, 0, 0, -1, -2, -3, -4, -5)
                .ints("tokenizer.ggml.token_type", 2, 3, 3, 1, 1, 1, 1, 1)
                .integer("tokenizer.ggml.bos_token_id", 1)
                .integer("tokenizer.ggml.eos_token_id", 2)
                .flag("tokenizer.ggml.add_bos_token", true)
                .string("tokenizer.chat_template", "{{ messages }}")
                .build();
        Path file = temp.resolve("small.gguf");
        GgufWriter.write(file, ModelSource.of(weights).as(Dtype.Q4_0), vocabulary);
        byte[] bytes = Files.readAllBytes(file);
        assertTrue(bytes.length <= 8 << 10 && readAll(file), () -> bytes.length + " bytes");
        return bytes;
    }

    private static byte[] patched(byte[] bytes, Consumer<ByteBuffer> patch) {
        byte[] copy = bytes.clone();
        patch.accept(ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN));
        return copy;
    }

    private static HandmadeGguf gguf() {
        return new HandmadeGguf();
    }

    /** By what the message says. */
    private Map<String, byte[]> kinds() throws IOException {
        byte[] small = small("llama");
        byte[] pair = gguf().pair("k", 4, int32(1)).build();
        Map<String, byte[]> kinds = new LinkedHashMap<>();
        kinds.put("the magic number needs 4 bytes", new byte[3]);
        kinds.put("begins with 67676d6c where a GGUF file has 47475546", "ggml....................".getBytes(StandardCharsets.UTF_8));
        kinds.put("the version needs 4 bytes", "GGUF".getBytes(StandardCharsets.UTF_8));
        kinds.put("is GGUF of version 0", patched(small, b -> b.putInt(4, 0)));
        kinds.put("is GGUF of version 1:", patched(small, b -> b.putInt(4, 1)));
        kinds.put("is GGUF of version 4:", patched(small, b -> b.putInt(4, 4)));
        kinds.put("is GGUF of version 4294967295", patched(small, b -> b.putInt(4, -1)));
        kinds.put("is a big-endian GGUF file", patched(small, b -> b.putInt(4, 3 << 24)));
        kinds.put("says it has 18446744073709551615 tensors: the limit is 100000", patched(small, b -> b.putLong(8, -1)));
        kinds.put("says it has 9223372036854775807 tensors", patched(small, b -> b.putLong(8, Long.MAX_VALUE)));
        kinds.put("says it has 100000 tensors, and", patched(small, b -> b.putLong(8, 100_000)));
        kinds.put("says it has 18446744073709551615 key-value pairs", patched(small, b -> b.putLong(16, -1)));
        kinds.put("says it has 100001 key-value pairs: the limit", patched(small, b -> b.putLong(16, 100_001)));
        kinds.put("says it has 2 key-value pairs, and", patched(pair, b -> b.putLong(16, 2)));
        kinds.put("a key has 9223372036854775807 bytes: the limit is 65535", patched(pair, b -> b.putLong(24, Long.MAX_VALUE)));
        kinds.put("a key has 18446744073709551615 bytes", patched(pair, b -> b.putLong(24, -1)));
        kinds.put("a key needs 60000 bytes", patched(pair, b -> b.putLong(24, 60_000)));
        kinds.put("a key at byte 32 is not UTF-8", patched(pair, b -> b.put(32, (byte) -1)));
        kinds.put("\"k\" is of type 13: the types are 0 to 12", patched(pair, b -> b.putInt(33, 13)));
        kinds.put("\"k\" is of type 4294967295", patched(pair, b -> b.putInt(33, -1)));
        kinds.put("has the key \"k\" twice", gguf().pair("k", 4, int32(1)).pair("k", 4, int32(1)).build());
        kinds.put("\"b\" has a truth value of 2", gguf().pair("b", 7, new byte[] {2}).build());
        kinds.put("\"bs\" has a truth value of -1", gguf().pair("bs", 9, array(7, new byte[] {1}, new byte[] {-1})).build());
        kinds.put("\"t\" has 18446744073709551615 bytes: the limit is 67108864", gguf().pair("t", 8, int64(-1)).build());
        kinds.put("\"t\" has 67108865 bytes", gguf().pair("t", 8, int64((64 << 20) + 1)).build());
        kinds.put("\"t\" needs 67108864 bytes", gguf().pair("t", 8, int64(64 << 20)).build());
        kinds.put("\"d\" needs 8 bytes", gguf().pair("d", 12, int32(1)).build());
        kinds.put("\"a\" is of type 99", gguf().pair("a", 9, join(int32(99), int64(1))).build());
        kinds.put("18446744073709551615 elements in \"a\"", gguf().pair("a", 9, join(int32(0), int64(-1))).build());
        kinds.put("says it has 100000000 elements in \"a\"", gguf().pair("a", 9, join(int32(0), int64(100_000_000))).build());
        kinds.put("4611686018427387904 elements in \"a\"", gguf().pair("a", 9, join(int32(6), int64(1L << 62))).build());
        kinds.put("3 elements in \"a\", and 4 bytes follow", gguf().pair("a", 9, join(int32(8), int64(3), int32(0))).build());
        kinds.put("\"a\" has 18446744073709551615 bytes", gguf().pair("a", 9, join(int32(8), int64(1), int64(-1))).build());
        kinds.put("\"a\" has arrays in arrays, deeper than 4", gguf().pair("a", 9, array(9, array(9, array(9, array(9, array(9, array(0))))))).build());
        kinds.put("\"inner\" is of type 13", gguf().pair("inner", 9, array(9, join(int32(13), int64(0)))).build());
        kinds.put("\"general.alignment\" is 0: it must be a power of two", gguf().pair("general.alignment", 4, int32(0)).build());
        kinds.put("\"general.alignment\" is 48", gguf().pair("general.alignment", 4, int32(48)).build());
        kinds.put("\"general.alignment\" is -32", gguf().pair("general.alignment", 5, int32(-32)).build());
        kinds.put("\"general.alignment\" is 2097152", gguf().pair("general.alignment", 4, int32(2 << 20)).build());
        kinds.put("\"general.alignment\" is UINT32 2147483648 where", gguf().pair("general.alignment", 4, int32(1L << 31)).build());
        kinds.put("\"general.alignment\" is FLOAT32 32.0 where", gguf().pair("general.alignment", 6, float32(32)).build());
        kinds.put("a tensor's name has 1025 bytes", gguf().tensor("n".repeat(1025), 0, 0, 1).data(4).build());
        kinds.put("a tensor's name at byte 32 is not UTF-8", patched(gguf().tensor("n", 0, 0, 1).data(4).build(), b -> b.put(32, (byte) 0x80)));
        kinds.put("has two tensors of the name \"n\"", gguf().tensor("n", 0, 0, 8).tensor("n", 0, 32, 8).data(64).build());
        kinds.put("tensor \"n\" has 5 dimensions", gguf().tensor("n", 0, 0, 1, 1, 1, 1, 1).data(4).build());
        kinds.put("tensor \"n\" has 4294967295 dimensions", patched(gguf().tensor("n", 0, 0, 1).data(4).build(), b -> b.putInt(33, -1)));
        kinds.put("has the shape [0]", gguf().tensor("n", 0, 0, 0).data(4).build());
        kinds.put("has the shape [3, -1]", gguf().tensor("n", 0, 0, -1, 3).data(4).build());
        kinds.put("of Q4_0 has the shape [33]: the last dimension must be a multiple of 32", gguf().tensor("n", 2, 0, 33).data(64).build());
        kinds.put("of Q6_K has the shape [256, 1]", gguf().tensor("n", 14, 0, 1, 256).data(512).build());
        kinds.put("[4294967296, 4294967296]: more than 2^63 bytes", gguf().tensor("n", 0, 0, 1L << 32, 1L << 32).data(4).build());
        kinds.put("[4611686018427387904]: more than 2^63 bytes", gguf().tensor("n", 0, 0, 1L << 62).data(4).build());
        kinds.put("[2147483648, 2147483648, 2, 2]: more than", gguf().tensor("n", 24, 0, 2, 2, 1L << 31, 1L << 31).data(4).build());
        kinds.put("takes 4611686018427387904 bytes from", gguf().tensor("n", 24, 0, 1L << 62).data(4).build());
        kinds.put("tensor n [4] F32 takes 16 bytes from 64 in a file of 79", gguf().tensor("n", 0, 0, 4).data(15).build());
        kinds.put("tensor n [4] F32 begins at 4 where 0 is next", gguf().tensor("n", 0, 4, 4).data(64).build());
        kinds.put("tensor n [4] F32 begins at 32 where 0 is next", gguf().tensor("n", 0, 32, 4).data(64).build());
        kinds.put("tensor n [4] F32 begins at 18446744073709551584", gguf().tensor("n", 0, -32, 4).data(64).build());
        kinds.put("tensor m [16] F32 begins at 32 where 64 is next", gguf().tensor("n", 0, 0, 16).tensor("m", 0, 32, 16).data(128).build());
        kinds.put("begins at 0 where 64 is next", gguf().tensor("n", 0, 0, 16).tensor("m", 0, 0, 16).data(128).build());
        kinds.put("tensor m [16] F32 begins at 96 where 64 is next", gguf().tensor("n", 0, 0, 16).tensor("m", 0, 96, 16).data(192).build());
        kinds.put("tensor n [16] type 200 takes 0 bytes", gguf().tensor("n", 200, 0, 16).tensor("m", 0, 0, 16).data(64).build());
        kinds.put("tensor \"n\" of an unknown type has the shape [0]", gguf().tensor("n", 200, 0, 0).data(64).build());
        kinds.put("goes on for 32 bytes after its last tensor", gguf().tensor("n", 0, 0, 8).data(64).build());
        kinds.put("goes on for 40 bytes after its last tensor", join(pair, new byte[40]));
        return kinds;
    }

    @Test
    void everyKindOfBrokenFileIsRefusedWithItsReason() throws IOException {
        Map<String, byte[]> kinds = kinds();
        assertTrue(kinds.size() >= 60, () -> kinds.size() + " kinds");
        for (Map.Entry<String, byte[]> kind : kinds.entrySet()) {
            Path file = file(kind.getValue());
            String message = assertThrows(ModelFormatException.class, () -> Gguf.open(file), kind.getKey()).getMessage();
            assertTrue(message.startsWith(file + ": ") && message.contains(kind.getKey()), message + " <> " + kind.getKey());
            readAll(file);
        }
    }

    @Test
    void everyPrefixOfASmallFileIsRefused() throws IOException {
        byte[] small = small("llama");
        for (int length = 0; length < small.length; length++) {
            Path file = file(Arrays.copyOf(small, length));
            assertThrows(ModelFormatException.class, () -> ModelFile.open(file), length + " of " + small.length + " bytes");
        }
    }

    @Test
    void vocabulariesWithABrokenFieldAreRefused() throws IOException {
        for (String name : List.of("gpt-2", "llama-spm", "phi-3", "falcon")) {
            byte[] bytes = Files.readAllBytes(Shared.path("tokenizers/gguf-vocab/ggml-vocab-" + name + ".gguf"));
            String text = new String(bytes, StandardCharsets.ISO_8859_1);
            int type = text.indexOf("tokenizer.ggml.tokens") + 21;
            int count = type + 8;
            int first = count + 8;
            int arch = text.indexOf("general.architecture");
            Map<String, byte[]> broken = new LinkedHashMap<>();
            broken.put("cut in half", Arrays.copyOf(bytes, bytes.length / 2));
            broken.put("without its last byte", Arrays.copyOf(bytes, bytes.length - 1));
            broken.put("longer", Arrays.copyOf(bytes, bytes.length + 1000));
            broken.put("version", patched(bytes, b -> b.putInt(4, 1)));
            broken.put("one tensor", patched(bytes, b -> b.putLong(8, 1)));
            broken.put("a pair more", patched(bytes, b -> b.putLong(16, b.getLong(16) + 1)));
            broken.put("a pair less", patched(bytes, b -> b.putLong(16, b.getLong(16) - 1)));
            broken.put("length of a key", patched(bytes, b -> b.putLong(arch - 8, 21)));
            broken.put("type of a value", patched(bytes, b -> b.putInt(arch + 20, 9)));
            broken.put("type of the elements", patched(bytes, b -> b.putInt(type + 4, 9)));
            broken.put("more tokens", patched(bytes, b -> b.putLong(count, b.getLong(count) + 1)));
            broken.put("fewer tokens", patched(bytes, b -> b.putLong(count, b.getLong(count) - 1)));
            broken.put("2^61 tokens", patched(bytes, b -> b.putLong(count, 1L << 61)));
            broken.put("length of a token", patched(bytes, b -> b.putLong(first, b.getLong(first) + 1)));
            broken.put("2^40 bytes in a token", patched(bytes, b -> b.putLong(first, 1L << 40)));
            for (Map.Entry<String, byte[]> entry : broken.entrySet()) {
                Path file = file(entry.getValue());
                assertThrows(ModelFormatException.class, () -> Gguf.open(file), name + ", " + entry.getKey());
                readAll(file);
            }
        }
    }

    @Test
    void largeHeadersCostNoMoreThanTheirBytes() throws IOException {
        // 3 million texts of one letter, 27 MB: opened, but not made into objects.
        Path file = temp.resolve("texts.gguf");
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            out.write(gguf().pair("tokenizer.ggml.tokens", 9, join(int32(8), int64(3_000_000))).header());
            for (int i = 0; i < 3_000_000; i++) {
                out.write(LETTER);
            }
        }
        Malformed.timed(() -> Gguf.open(file).close());
        assertThrows(ModelFormatException.class, () -> read(file));
        try (Gguf gguf = Gguf.open(file)) {
            assertTrue(assertThrows(ModelFormatException.class, () -> gguf.metadata().strings("tokenizer.ggml.tokens")).getMessage().contains("has 3000000 texts"));
        }
    }

    @Test
    void aHeaderIsNotLongerThanAHundredMegabytes() throws IOException {
        Path file = temp.resolve("long.gguf");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.write(join(gguf().header(), new byte[0]));
            ByteBuffer pairs = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
            sparse.seek(16);
            sparse.write(int64(3));
            for (String key : List.of("a", "b", "c")) {
                pairs.clear();
                sparse.write(pairs.putLong(1).put((byte) key.charAt(0)).putInt(8).putLong(50_000_000).array(), 0, 21);
                sparse.seek(sparse.getFilePointer() + 50_000_000);
            }
            sparse.setLength(400_000_000);
        }
        assertTrue(assertThrows(ModelFormatException.class, () -> Gguf.open(file)).getMessage().contains("\"b\" goes beyond 100000000 bytes"));
    }

    @Test
    void randomMutationsAreReadOrRefused() throws IOException {
        Path file = temp.resolve("x.gguf");
        Malformed.mutate(file, List.of(small("llama"), small("gpt2")), Malformed.bytes(2200), 4000, () -> read(file));
    }
}
