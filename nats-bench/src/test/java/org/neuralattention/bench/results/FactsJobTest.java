package org.neuralattention.bench.results;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.Tokenizers;

/** It leaves a model with its tokenizer, and says what it recalls before what it knows of books; searches begin with what was taught. */
class FactsJobTest {

    @TempDir
    Path folder;

    private final List<List<String>> asked = new ArrayList<>();

    @Test
    void itLeavesAModelForSearches() throws IOException {
        Path shared = Path.of(System.getProperty("nats.shared", "../shared"));
        if (!"true".equals(System.getenv("CI"))) {
            assumeTrue(Files.exists(shared), () -> shared + " is absent: set -Dnats.shared");
        }
        FactsJob job = FactsJob.teach();
        Place place = new Place(cutDown(shared), folder.resolve("out"), true, (out, err, args) -> {
            asked.add(List.of(args));
            out.println("{\"event\":\"text\"}");
            return 0;
        }, new PrintWriter(new StringWriter()));
        Files.createDirectories(place.out());
        List<String> lines = job.run(place).lines().toList();
        assertEquals(3, lines.size());
        assertTrue(lines.get(0).startsWith("{\"event\":\"job\"") && lines.get(1).startsWith("{\"event\":\"facts\",\"questions\":8,\"recall\":0"), lines.toString());
        assertEquals("eval", asked.getFirst().getFirst());

        Weights taught = ModelLoader.load(place.folder(job.name()), Dtype.F32);
        Weights before = ModelLoader.load(place.model("books-llama"), Dtype.F32);
        assertEquals(before.config(), taught.config());
        assertTrue(taught.embedding.data()[0] != before.embedding.data()[0], "nothing was learned");
        String text = "The number of Balutu is 3 1 4 1 5.";
        assertArrayEquals(Tokenizers.load(place.model("books-llama")).encode(text), Tokenizers.load(place.folder(job.name())).encode(text));

        job.run(place);
        assertArrayEquals(taught.embedding.data(), ModelLoader.load(place.folder(job.name()), Dtype.F32).embedding.data(), "the run went on from its end");

        FactsJob search = new FactsJob(0.2, 3);
        lines = search.run(place).lines().toList();
        assertTrue(lines.get(1).contains("\"kvShare\":"), lines.toString());
        assertEquals(List.of(16, 64, 256), ModelLoader.load(place.folder(search.name()), Dtype.F32).config().roleWindows());
    }

    @Test
    void theTableSaysWhatIsDone() throws IOException {
        Files.writeString(folder.resolve("facts-20-seed2.jsonl"), """
                {"event":"job","command":"roles","seconds":65}
                {"event":"facts","questions":256,"recall":0.975,"kvShare":0.2,"meanBytes":1000}
                {"event":"text","text":"moby-dick-end.txt","nll":3,"kvShare":0.1}
                {"event":"text","text":"pride-and-prejudice-end.txt","nll":4,"kvShare":0.2}
                {"event":"text","text":"war-and-peace-end.txt","nll":5,"kvShare":0.3}
                {"event":"text","text":"alice.txt","nll":6,"kvShare":0.4}
                """);
        Place place = new Place(folder, folder, false, null, new PrintWriter(new StringWriter()));
        assertEquals(List.of(List.of("roles at 20.0 % for it, seed 2", "0.9750", "20.0 %", "1000", "4.0000", "6.0000", "1 min 05 s")),
                new FactsQuestion(3).table(place).rows());
    }

    /** The model, and of the books what a few sequences take. */
    private Path cutDown(Path shared) throws IOException {
        Path small = Files.createDirectories(folder.resolve("shared"));
        copy(shared.resolve("models/books-llama"), small.resolve("models/books-llama"), Long.MAX_VALUE);
        copy(shared.resolve("books/valid"), small.resolve("books/valid"), 10_000);
        copy(shared.resolve("books/valid"), small.resolve("books/train"), 10_000);
        return small;
    }

    private static void copy(Path from, Path to, long most) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                byte[] bytes = Files.readAllBytes(file);
                Files.write(to.resolve(file.getFileName()), most < bytes.length ? Arrays.copyOf(bytes, (int) most) : bytes);
            }
        }
    }
}
