package org.neuralattention.convert;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFile;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.ModelSource;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;
import org.neuralattention.testing.Shared;
import org.neuralattention.tokenize.Tokenizers;

class ConversionTest {

    @TempDir
    private Path temp;

    private String convert(Path in, Path out, ModelFormat to, Dtype dtype) throws IOException {
        long[] last = new long[2];
        try (ModelFile model = ModelFile.open(in)) {
            String told = new Conversion(model, new Conversion.Options(to, dtype, 1_000_000), (done, all) -> {
                assertTrue(done > last[0] && done <= all, done + " of " + all);
                last[0] = done;
                last[1] = all;
            }).run(out);
            assertEquals(last[1], last[0], "all is read twice");
            return told;
        }
    }

    private static void assertSame(Weights expected, Weights actual) {
        assertEquals(expected.config(), actual.config());
        for (Tensor tensor : expected.tensors()) {
            float[] a = new float[tensor.size()];
            float[] b = new float[tensor.size()];
            tensor.matrix().expand(a, 0, 0, tensor.rows());
            actual.tensor(tensor.name()).matrix().expand(b, 0, 0, tensor.rows());
            assertArrayEquals(a, b, tensor.name());
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(temp)) {
            return files.toList();
        }
    }

    @Test
    void thereAndBackIsTheSameToTheBit() throws IOException {
        Path llama2c = Shared.path("models/stories260K/stories260K.bin");
        Path folder = temp.resolve("stories");
        convert(llama2c, folder, ModelFormat.SAFETENSORS, null);
        assertSame(ModelLoader.load(llama2c), ModelLoader.load(folder));
        assertTrue(Files.exists(folder.resolve("model-00001-of-00002.safetensors")), "more than a shard of 1 MB");
        assertEquals("llama", JsonObject.read(folder.resolve("config.json")).string("model_type"));
        Path back = temp.resolve("back.bin");
        convert(folder, back, ModelFormat.LLAMA2C, null);
        byte[] original = Files.readAllBytes(llama2c);
        byte[] again = Files.readAllBytes(back);
        int rotation = 512 * 8 * 4; // cosines and sines, which nobody reads
        assertArrayEquals(Arrays.copyOf(original, original.length - rotation), Arrays.copyOf(again, again.length - rotation));
        convert(back, temp.resolve("one.bin"), ModelFormat.LLAMA2C_V1, Dtype.F32);
        assertSame(ModelLoader.load(llama2c), ModelLoader.load(temp.resolve("one.bin")));
    }

    @Test
    void aFolderKeepsItsKeysItsTokenizerAndSixteenBits() throws IOException {
        Path books = Shared.path("models/books-llama");
        Path f16 = temp.resolve("f16");
        convert(books, f16, ModelFormat.SAFETENSORS, Dtype.F16);
        assertArrayEquals(Files.readAllBytes(books.resolve("tokenizer.json")), Files.readAllBytes(f16.resolve("tokenizer.json")));
        JsonObject before = JsonObject.read(books.resolve("config.json"));
        JsonObject after = JsonObject.read(f16.resolve("config.json"));
        assertEquals("float16", after.string("dtype"));
        before.fields().forEach((key, value) -> assertTrue(key.endsWith("dtype") || value == null || value.equals(after.fields().get(key)), key));
        assertSame(ModelLoader.load(books, Dtype.F16), ModelLoader.loadStored(f16));
        assertEquals(Tokenizers.load(books).encode("It was").length, Tokenizers.load(f16).encode("It was").length);
        Path gpt2 = Shared.path("golden/hf/gpt2");
        convert(gpt2, temp.resolve("gpt2"), ModelFormat.SAFETENSORS, Dtype.BF16);
        assertSame(ModelLoader.load(gpt2, Dtype.BF16), ModelLoader.load(temp.resolve("gpt2"), Dtype.BF16));
    }

    @Test
    void everyFamilyGoesToGgufAndBackToTheBit() throws IOException {
        for (String name : List.of("llama", "llama-mha-tied-bf16-sharded", "llama-wide-head", "llama3-rope", "mistral-window", "qwen2", "qwen3", "gpt2")) {
            Path in = Shared.path("golden/hf/" + name);
            Path gguf = temp.resolve(name + ".gguf");
            convert(in, gguf, ModelFormat.GGUF, null);
            Path back = temp.resolve(name);
            convert(gguf, back, ModelFormat.SAFETENSORS, null);
            Weights expected = ModelLoader.load(in);
            Weights actual = ModelLoader.load(back);
            for (Tensor tensor : expected.tensors()) {
                assertArrayEquals(tensor.data(), actual.tensor(tensor.name()).data(), name + " " + tensor.name());
            }
        }
    }

    @Test
    void tokenizersGoAlong() throws IOException {
        Path stories = Shared.path("models/stories260K");
        Path bin = Files.copy(stories.resolve("stories260K.bin"), temp.resolve("stories.bin"));
        Files.copy(stories.resolve("tok512.bin"), temp.resolve("tokenizer.bin"));
        Path books = Shared.path("models/books-llama");
        for (Path in : List.of(bin, books)) {
            int[] ids = Tokenizers.load(in).encode("Once upon a time, it was the best of times; Zürich \u20ac 5.");
            Path gguf = temp.resolve("a" + ids.length + ".gguf");
            assertTrue(convert(in, gguf, ModelFormat.GGUF, Dtype.F32).contains("is taken along"));
            assertArrayEquals(ids, Tokenizers.load(gguf).encode("Once upon a time, it was the best of times; Zürich \u20ac 5."), in.toString());
            assertEquals(Tokenizers.load(in).boundaries(), Tokenizers.load(gguf).boundaries());
            Path folder = temp.resolve("a" + ids.length);
            convert(gguf, folder, ModelFormat.SAFETENSORS, null);
            assertArrayEquals(ids, Tokenizers.load(folder).encode("Once upon a time, it was the best of times; Zürich \u20ac 5."), in.toString());
            Path again = temp.resolve("b" + ids.length + ".gguf");
            convert(gguf, again, ModelFormat.GGUF, Dtype.Q8_0);
            assertArrayEquals(ids, Tokenizers.load(again).encode("Once upon a time, it was the best of times; Zürich \u20ac 5."), in.toString());
        }
    }

    @Test
    void integersOfEightBitsAreWithinHalfAStep() throws IOException {
        Path out = temp.resolve("stories.bin");
        convert(Shared.path("models/stories260K/stories260K.bin"), out, ModelFormat.LLAMA2C, Dtype.Q8_0);
        try (ModelFile file = ModelFile.open(out)) {
            assertEquals("llama2.c checkpoint, version 2, groups of 4", file.format());
        }
    }

    @Test
    void whatAFormatCannotExpressIsRefusedBeforeAnythingIsWritten() throws IOException {
        Path out = temp.resolve("out");
        for (Object[] wrong : new Object[][] {{"golden/hf/qwen2", ModelFormat.LLAMA2C, Dtype.F32}, {"golden/hf/llama", ModelFormat.SAFETENSORS, Dtype.Q4_0},
            {"golden/hf/llama", ModelFormat.LLAMA2C, Dtype.BF16}, {"golden/hf/llama-mha-tied-bf16-sharded", ModelFormat.LLAMA2C, null}}) {
            Path in = Shared.path((String) wrong[0]);
            assertThrows(IllegalArgumentException.class, () -> convert(in, out, (ModelFormat) wrong[1], (Dtype) wrong[2]), (String) wrong[0]);
        }
        assertEquals(List.of(), files());
    }

    @Test
    void nothingIsOverwrittenAndAFailureLeavesNothing() throws IOException {
        Path in = Shared.path("models/stories260K/stories260K.bin");
        Path there = Files.writeString(temp.resolve("there.bin"), "precious");
        assertThrows(FileAlreadyExistsException.class, () -> convert(in, there, ModelFormat.LLAMA2C, null));
        assertEquals("precious", Files.readString(there));
        Path cut = Files.copy(in, temp.resolve("cut.bin"));
        try (ModelFile model = ModelFile.open(cut); FileChannel channel = FileChannel.open(cut, StandardOpenOption.WRITE)) {
            channel.truncate(500_000);
            assertThrows(RuntimeException.class,
                    () -> new Conversion(model, new Conversion.Options(ModelFormat.SAFETENSORS, null), (done, all) -> {}).run(temp.resolve("new")));
        }
        assertEquals(List.of("cut.bin", "there.bin"), files().stream().map(f -> f.getFileName().toString()).sorted().toList());
    }

    @Test
    void whatDoesNotReadBackTheSameIsFound() throws IOException {
        Path in = Shared.path("models/stories260K/stories260K.bin");
        try (ModelFile model = ModelFile.open(in)) {
            Weights weights = ModelLoader.load(in);
            Tensor tensor = weights.layers.get(3).wUp;
            Comparison comparison = new Comparison(ModelSource.of(weights), model, false);
            comparison.check(tensor);
            tensor.take(new WeightMatrix.F32(tensor.data().clone(), 0, tensor.rows(), tensor.cols()));
            tensor.data()[77] = Math.nextUp(tensor.data()[77]);
            String message = assertThrows(IOException.class, () -> comparison.check(tensor)).getMessage();
            assertTrue(message.contains(tensor.name()) && message.contains("row 1, column 13"), message);
        }
    }

    @Test
    void aNameSaysTheFormatOrNothing() {
        assertEquals(ModelFormat.GGUF, ModelFormat.of(Path.of("a/b.GGUF")).orElseThrow());
        assertEquals(ModelFormat.LLAMA2C, ModelFormat.of(Path.of("b.bin")).orElseThrow());
        assertEquals(ModelFormat.SAFETENSORS, ModelFormat.of(Path.of("a/SmolLM2-1.7B")).orElseThrow());
        assertTrue(ModelFormat.of(Path.of("model.safetensors")).isEmpty());
    }
}
