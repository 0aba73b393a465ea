package org.neuralattention.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.neuralattention.io.HandmadeGguf.array;
import static org.neuralattention.io.HandmadeGguf.float32;
import static org.neuralattention.io.HandmadeGguf.int32;
import static org.neuralattention.io.HandmadeGguf.int64;
import static org.neuralattention.io.HandmadeGguf.text;
import static org.neuralattention.testing.Malformed.join;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.function.Executable;
import org.neuralattention.testing.Shared;

/** Well-formed files say what they hold, and a wrong question gets an answer that names the key. */
@Tag("malformed")
class GgufTest {

    @TempDir
    Path temp;

    private Gguf open(byte[] bytes) throws IOException {
        return Gguf.open(Files.write(temp.resolve("x.gguf"), bytes));
    }

    private static void names(String expected, Executable question) {
        String message = assertThrows(ModelFormatException.class, question).getMessage();
        assertTrue(message.contains(expected), message + " <> " + expected);
    }

    @Test
    void vocabulariesOfLlamaCpp() throws IOException {
        try (Gguf gguf = Gguf.open(Shared.path("tokenizers/gguf-vocab/ggml-vocab-llama-spm.gguf"))) {
            GgufMetadata metadata = gguf.metadata();
            assertEquals("llama", metadata.string("general.architecture"));
            assertEquals(32_000, metadata.strings("tokenizer.ggml.tokens").size());
            assertEquals("<0x0A>", metadata.strings("tokenizer.ggml.tokens").get(13));
            assertEquals(32_000, metadata.floats("tokenizer.ggml.scores").length);
            assertEquals(6, metadata.ints("tokenizer.ggml.token_type")[13]);
            assertTrue(metadata.flag("tokenizer.ggml.add_bos_token"));
            assertEquals(1, metadata.integer("tokenizer.ggml.bos_token_id"));
            assertTrue(gguf.tensors().isEmpty());
        }
        for (String name : List.of("gpt-2", "phi-3", "falcon")) {
            try (Gguf gguf = Gguf.open(Shared.path("tokenizers/gguf-vocab/ggml-vocab-" + name + ".gguf"))) {
                assertTrue(gguf.metadata().strings("tokenizer.ggml.tokens").size() > 30_000, name);
            }
        }
    }

    @Test
    void everyTypeOfValueIsRead() throws IOException {
        HandmadeGguf file = new HandmadeGguf()
                .pair("u8", 0, new byte[] {-1}).pair("i8", 1, new byte[] {-1})
                .pair("u16", 2, new byte[] {-1, -1}).pair("i16", 3, new byte[] {-1, -1})
                .pair("u32", 4, int32(0x7fffffff)).pair("i32", 5, int32(-2)).pair("f32", 6, float32(0.1f))
                .pair("no", 7, new byte[] {0}).pair("yes", 7, new byte[] {1}).pair("text", 8, text("é\0\n"))
                .pair("ints", 9, array(10, int64(1), int64(Integer.MAX_VALUE))).pair("texts", 9, array(8, text("a"), text("")))
                .pair("floats", 9, array(6, float32(-0f))).pair("nested", 9, array(9, array(8, text("a")), array(0)))
                .pair("u64", 10, int64(5)).pair("i64", 11, int64(-5)).pair("f64", 12, int64(Double.doubleToLongBits(0.1)));
        GgufMetadata metadata;
        try (Gguf gguf = open(file.build())) {
            metadata = gguf.metadata();
        }
        assertEquals(List.of(255, -1, 65_535, -1, Integer.MAX_VALUE, -2, 5, -5),
                List.of("u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64").stream().map(metadata::integer).toList());
        assertEquals((double) 0.1f, metadata.real("f32"));
        assertEquals(0.1, metadata.real("f64"));
        assertEquals(-5, metadata.real("i64"));
        assertFalse(metadata.flag("no"));
        assertTrue(metadata.flag("yes"));
        assertEquals("é\0\n", metadata.string("text"));
        assertArrayEquals(new int[] {1, Integer.MAX_VALUE}, metadata.ints("ints"));
        assertEquals(List.of("a", ""), metadata.strings("texts"));
        assertArrayEquals(new float[] {-0f}, metadata.floats("floats"));
        assertTrue(metadata.has("nested") && !metadata.has("none"));
        assertEquals(17, metadata.keys().size());
        assertEquals(List.of(7, 0.5, true, "x"),
                List.of(metadata.integer("none", 7), metadata.real("none", 0.5), metadata.flag("none", true), metadata.string("none", "x")));
    }

    @Test
    void aWrongQuestionNamesTheKeyAndWhatIsThere() throws IOException {
        HandmadeGguf file = new HandmadeGguf()
                .pair("text", 8, text("value")).pair("u32", 4, int32(-1)).pair("u64", 10, int64(-1)).pair("real", 6, float32(1)).pair("flag", 7, new byte[1])
                .pair("nested", 9, array(9, array(0))).pair("longs", 9, array(11, int64(1L << 31))).pair("floats", 9, array(6, float32(2)))
                .pair("broken", 8, join(int64(2), new byte[] {(byte) 0xc3, 'x'})).pair("brokens", 9, array(8, text("a"), join(int64(1), new byte[] {-1})));
        try (Gguf gguf = open(file.build())) {
            GgufMetadata metadata = gguf.metadata();
            names("\"none\" is missing", () -> metadata.string("none"));
            names("\"text\" is the text \"value\" where an integer should be", () -> metadata.integer("text", 1));
            names("\"u32\" is UINT32 4294967295 where an integer of 32 bits should be", () -> metadata.integer("u32"));
            names("\"u64\" is UINT64 18446744073709551615", () -> metadata.integer("u64"));
            assertEquals(0x1p64, metadata.real("u64"));
            names("\"real\" is FLOAT32 1.0 where an integer", () -> metadata.integer("real"));
            names("\"flag\" is BOOL 0 where text", () -> metadata.string("flag"));
            names("\"flag\" is BOOL 0 where a number", () -> metadata.real("flag"));
            names("\"u32\" is UINT32 4294967295 where true or false", () -> metadata.flag("u32"));
            names("\"nested\" is an array of 1 ARRAY where an array of texts", () -> metadata.strings("nested"));
            names("\"longs\" is an array of 1 INT64 where an array of integers of 32 bits", () -> metadata.ints("longs"));
            names("\"floats\" is an array of 1 FLOAT32 where an array of integers", () -> metadata.ints("floats"));
            names("\"longs\" is an array of 1 INT64 where an array of FLOAT32", () -> metadata.floats("longs"));
            names("\"broken\" holds text that is not UTF-8, 2 bytes from byte 0", () -> metadata.string("broken"));
            names("\"brokens\" holds text that is not UTF-8, 1 bytes from byte 17", () -> metadata.strings("brokens"));
        }
    }

    @Test
    void tensorsHaveOurShapesAndTheFilesOffsets() throws IOException {
        byte[] bytes = new HandmadeGguf().alignment(64).tensor("second", 8, 64, 32, 3).tensor("first", 0, 0, 5).tensor("new", 99, 192, 7, 2).tensor("one", 26, 256).data(260).build();
        try (Gguf gguf = open(bytes)) {
            assertEquals(List.of("first", "second", "new", "one"), List.copyOf(gguf.tensors().keySet()));
            GgufTensor second = gguf.tensor("second");
            assertArrayEquals(new long[] {3, 32}, second.shape());
            assertEquals(List.of("Q8_0", 102L, 96L), List.of(second.typeName(), second.bytes(), second.elements()));
            long data = gguf.tensor("first").offset();
            assertEquals(0, data % 64);
            assertEquals(bytes.length - 260, data);
            byte[] some = new byte[4];
            gguf.read(second, 2, 4, 1, (piece, done, count) -> piece.get(some, done, count));
            assertArrayEquals(Arrays.copyOfRange(bytes, bytes.length - 260 + 64 + 2, bytes.length - 260 + 64 + 6), some);
            assertEquals("new [2, 7] type 99", gguf.tensor("new").toString());
            assertEquals(64, gguf.tensor("new").bytes());
            assertEquals(1, gguf.tensor("one").elements());
            names("has no tensor \"third\"", () -> gguf.tensor("third"));
            gguf.close();
            assertThrows(IllegalStateException.class, () -> gguf.read(second, 0, 1, 1, (piece, done, count) -> { }));
        }
    }

    @Test
    void pairsToBeWrittenAreCheckedAndKeptInOrder() {
        GgufMetadata pairs = new GgufMetadata.Builder().string("b", "x").integer("a", 1).floats("c", 0.5f).string("b", "y").build();
        assertEquals(List.of("b", "a", "c"), List.copyOf(pairs.keys()));
        assertEquals("y", pairs.string("b"));
        GgufMetadata copy = new GgufMetadata.Builder().copy(pairs, "c").copy(pairs, "none").build();
        assertEquals(List.of("c"), List.copyOf(copy.keys()));
        assertArrayEquals(new float[] {0.5f}, copy.floats("c"));
        assertThrows(IllegalArgumentException.class, () -> new GgufMetadata.Builder().integer("a", -1));
        assertThrows(IllegalArgumentException.class, () -> new GgufMetadata.Builder().flag("k".repeat(65_536), true));
        names("pairs to be written: \"none\" is missing", () -> pairs.string("none"));
    }
}
