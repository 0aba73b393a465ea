package org.neuralattention.bench.jmh;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.neuralattention.bench.result.Work;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.tokenize.Tokenizers;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Encodes and decodes a million bytes of a book, and encodes a million of one letter, with byte-level vocabularies of 50,257, 100,277 and 2,048 ids
 * and Llama 2's of 32,000. The data is below {@code -Dnats.shared}, by default {@code ../shared}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class TokenizerBench implements Counted {

    private static final int BYTES = 1_000_000;

    @Param({"tokenizers/gpt2", "tokenizers/tiktoken/cl100k_base.tiktoken", "models/books-llama",
        "tokenizers/gguf-vocab/ggml-vocab-llama-spm.gguf"})
    public String path;

    private Tokenizer tokenizer;
    private String book;
    private String letters;
    private int[] ids;

    @Setup
    public void read() throws IOException {
        Path shared = Path.of(System.getProperty("nats.shared", "../shared"));
        tokenizer = Tokenizers.load(shared.resolve(path));
        try (InputStream in = Files.newInputStream(shared.resolve("books/train/war-and-peace.txt"))) {
            book = new String(in.readNBytes(BYTES), StandardCharsets.UTF_8);
        }
        letters = "a".repeat(BYTES);
        ids = tokenizer.encode(book);
    }

    @Benchmark
    public int[] encodeBook() {
        return tokenizer.encode(book);
    }

    @Benchmark
    public int[] encodeOneLetter() {
        return tokenizer.encode(letters);
    }

    @Benchmark
    public String decodeBook() {
        return tokenizer.decode(ids);
    }

    @Override
    public Work work(String method) {
        return new Work(0, BYTES);
    }
}
