package org.neuralattention.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** From a text to a model that generates; a run that was cut off is the run that was not. */
class TrainCommandTest {

    private static final String[] TINY = {"--layers=1", "--dim=16", "--heads=2", "--kv-heads=1", "--windows=4", "--batch=2", "--seq-len=16"};

    @TempDir
    Path folder;

    private Path text;
    private String out;
    private String err;

    @BeforeEach
    void writeText() throws IOException {
        StringBuilder song = new StringBuilder();
        for (int green = 99; green > 0; green--) {
            song.append(green).append(" green bottles hanging on the wall, and if one green bottle should accidentally fall\n");
        }
        text = Files.writeString(folder.resolve("song.txt"), song);
    }

    private int nats(String... args) {
        StringWriter told = new StringWriter();
        StringWriter wrong = new StringWriter();
        int exit = Nats.run(new PrintWriter(told, true), new PrintWriter(wrong, true), false, args);
        out = told.toString();
        err = wrong.toString();
        return exit;
    }

    private String[] train(Path model, String... more) {
        return Stream.of(Stream.of("train", "--text", text.toString(), "--out=" + model), Arrays.stream(TINY), Arrays.stream(more))
                .flatMap(s -> s).toArray(String[]::new);
    }

    @Test
    void aTextBecomesAModelThatGeneratesAndCanBeInspected() throws IOException {
        Path model = folder.resolve("model");
        assertEquals(0, nats(train(model, "--steps=60", "--lr=0.01", "--eval-every=20")), () -> err);
        assertTrue(out.contains("held-out loss") && out.contains("bigram entropy") && out.contains("KV share"), out);
        List<String> log = Files.readAllLines(model.resolve("train.jsonl"));
        assertEquals(60 + 3, log.size());
        assertTrue(loss(log.get(log.size() - 2)) < loss(log.getFirst()) - 1, log.toString());
        assertEquals(0, nats("generate", "--model", model.toString(), "--prompt", "99 green", "--max-tokens=20"), () -> err);
        assertFalse(out.isBlank());
        assertEquals(0, nats("inspect", model.toString(), "--text", text.toString()), () -> err);
        assertTrue(out.contains("sliding"), out);
        assertEquals(0, nats("inspect", model.resolve("checkpoints").toString()), () -> err);
        assertTrue(out.contains("60 of 60") && out.contains("all checksums fit"), out);
        refused(new String[] {"generate", "--model", model.toString(), "--prompt", ""}, "prompt is empty");
        refused(new String[] {"generate", "--model", model.toString(), "--prompt", "a", "--stop", ""}, "--stop");
        refused(new String[] {"generate", "--model", model.toString(), "--prompt-file", model.toString()}, "is a folder");
        refused(new String[] {"inspect", model.toString(), "--text", model.resolve("model.safetensors").toString()}, "not text in UTF-8");
        refused(new String[] {"inspect", model.toString(), "--text", Files.writeString(folder.resolve("a"), "a").toString()}, "too short");
        assertEquals(1, nats("generate", "--model", model.toString(), "--prompt", "99 green", "--max-tokens=500", "--kv-budget=9k"));
        String last = err.lines().reduce((a, b) -> b).orElseThrow();
        assertTrue(last.startsWith("nats: ") && last.contains("budget") && err.contains("KV share"), err);
        assertEquals(1, nats("generate", "--model", model.toString(), "--prompt", "99 green", "--max-tokens=500", "--kv-budget=9k", "--json"));
        String done = out.lines().filter(line -> !line.contains("\"memory\"")).reduce((a, b) -> b).orElseThrow();
        long tokens = out.lines().filter(line -> line.contains("\"event\":\"token\"")).count();
        assertTrue(done.startsWith("{\"event\":\"done\"") && done.contains("\"tokens\":" + tokens + ","), done);
        assertEquals(1, err.lines().count(), err);
        assertEquals(1, nats("generate", "--model", model.toString(), "--prompt", "99 green bottles".repeat(20), "--kv-budget=3k", "--json"));
        assertTrue(err.lines().count() == 1 && err.contains("budget is 3072") && !out.contains("\"event\":\"token\""), err + out);
    }

    private static double loss(String line) {
        return Double.parseDouble(line.replaceAll(".*\"loss\":([^,]*),.*", "$1"));
    }

    @Test
    void machinesGetLinesOfJson() {
        assertEquals(0, nats(train(folder.resolve("model"), "--steps=3", "--json")), () -> err);
        assertTrue(out.lines().allMatch(line -> line.startsWith("{\"event\":\"") && line.endsWith("}")), out);
        assertTrue(out.contains("\"belowBigram\":false") && out.contains("\"bigramPlugIn\":") && out.contains("\"event\":\"progress\""), out);
        assertEquals("", err);
    }

    @ParameterizedTest
    @CsvSource({"true, 137", "false, 143"})
    void aRunCutOffAndResumedIsTheRunThatWasNot(boolean kill, int exitCode) throws Exception {
        String[] run = {"--steps=600", "--eval-every=50", "--checkpoint-every=40"};
        Path whole = folder.resolve("whole");
        assertEquals(0, nats(train(whole, run)), () -> err);
        Path cut = folder;
        Process process = null;
        for (int attempt = 0; attempt < 5 && (attempt == 0 || Files.exists(cut.resolve("model.safetensors"))); attempt++) {
            cut = folder.resolve("cut" + attempt); // once more when it was over before it was cut off
            process = start(train(cut, run));
            awaitLines(process, cut.resolve("train.jsonl"), 45);
            if (kill) {
                process.destroyForcibly();
            } else {
                process.destroy(); // as Ctrl-C does: the JVM shuts down in order
            }
            assertTrue(process.waitFor(30, TimeUnit.SECONDS));
        }
        assertFalse(Files.exists(cut.resolve("model.safetensors")), "it was over before it was cut off, five times");
        assertEquals(exitCode, process.exitValue());
        if (!kill) {
            int steps = (int) Files.readAllLines(cut.resolve("train.jsonl")).stream().filter(line -> line.contains("\"step\"")).count();
            assertTrue(Files.exists(cut.resolve("checkpoints").resolve(String.format("step-%09d.safetensors", steps))));
        }
        assertEquals(0, nats("train", "--resume", "--out", cut.toString(), "--threads", "3"), () -> err);
        assertEquals(Files.readString(whole.resolve("train.jsonl")), Files.readString(cut.resolve("train.jsonl")));
        assertArrayEquals(Files.readAllBytes(whole.resolve("model.safetensors")), Files.readAllBytes(cut.resolve("model.safetensors")));
    }

    private Process start(String... args) throws IOException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules", "jdk.incubator.vector", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), Nats.class.getName()));
        command.addAll(List.of(args));
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(folder.resolve("child.log").toFile()).start();
    }

    private void awaitLines(Process process, Path log, int lines) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!Files.exists(log) || Files.readAllLines(log).size() < lines) {
            assertTrue((process.isAlive() || process.exitValue() == 0) && System.nanoTime() < end, () -> "no " + lines + " steps, exit after: " + childLog());
            Thread.sleep(2);
        }
    }

    private String childLog() {
        try {
            return Files.readString(folder.resolve("child.log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void anotherSeedIsAnotherModel() throws IOException {
        assertEquals(0, nats(train(folder.resolve("a"), "--steps=2")), () -> err);
        assertEquals(0, nats(train(folder.resolve("b"), "--steps=2", "--seed=43")), () -> err);
        assertNotEquals(Files.readString(folder.resolve("a/train.jsonl")), Files.readString(folder.resolve("b/train.jsonl")));
    }

    @Test
    void aFinishedRunIsNotTouchedByAnotherAndResumesToItself() throws IOException {
        Path model = folder.resolve("model");
        assertEquals(0, nats(train(model, "--steps=3")), () -> err);
        byte[] weights = Files.readAllBytes(model.resolve("model.safetensors"));
        refused(train(model, "--steps=3"), "--resume");
        assertEquals(0, nats("train", "--resume", "--out", model.toString()), () -> err);
        assertArrayEquals(weights, Files.readAllBytes(model.resolve("model.safetensors")));
        refused(new String[] {"train", "--resume", "--out", model.toString(), "--lr", "0.5"}, "began with --lr 0.002, not with 0.5");
        Files.writeString(text, "something else entirely, but long enough. ".repeat(200));
        refused(new String[] {"train", "--resume", "--out", model.toString()}, "text has changed");
        assertArrayEquals(weights, Files.readAllBytes(model.resolve("model.safetensors")));
    }

    private void refused(String[] args, String because) {
        assertEquals(2, nats(args), () -> out + err);
        assertEquals(1, err.lines().count(), err);
        assertTrue(err.startsWith("nats: ") && err.strip().endsWith(".") && err.contains(because), err);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--layers=0", "--heads=3", "--kv-heads=3", "--dim=-8", "--dim=2", "--hidden=0", "--hidden=2147483647", "--windows=4,4",
        "--windows=0", "--windows=", "--windows=x", "--batch=0", "--seq-len=0", "--seq-len=100000000", "--seq-len=8000", "--accumulation=-1",
        "--steps=0", "--steps=1e3", "--lr=0", "--lr=-1", "--lr=NaN", "--warmup=-1", "--warmup=600", "--price=-0.1", "--price=NaN", "--role-gradient=0.25", "--scorer-gradient=attached",
        "--eval-every=0", "--checkpoint-every=0", "--threads=0", "--valid=/nowhere", "--tokenizer=/nowhere", "--colour=red", "--resume"})
    void aMistakeIsOneSentenceAndLeavesNothingBehind(String mistake) {
        Path model = folder.resolve("model");
        refused(train(model, mistake), "");
        assertFalse(Files.exists(model));
    }

    @Test
    void unsuitableTextsAndFoldersAreRefused() throws IOException {
        String model = folder.resolve("model").toString();
        refused(new String[] {"train"}, "--out is missing");
        refused(new String[] {"train", "--out", model}, "--text is missing");
        refused(new String[] {"train", "--out", model, "--text"}, "--text");
        refused(new String[] {"train", "--out", model, "--text", "/nowhere.txt"}, "There is no file /nowhere.txt");
        refused(new String[] {"train", "--out", model, "--text", Files.createDirectory(folder.resolve("empty")).toString()}, "has no files");
        refused(new String[] {"train", "--out", model, "--text", Files.writeString(folder.resolve("short.txt"), "short").toString()}, "too short");
        refused(new String[] {"train", "--out", text.toString(), "--text", text.toString()}, "is a file");
        refused(new String[] {"train", "--out", model, "--text", text.toString(), "--valid", text.toString()}, "both");
        refused(new String[] {"train", "--out", model, "--text", folder.toString(), "--valid", folder + "/./song.txt"}, "both");
        refused(new String[] {"train", "--out", model, "--text", text.toString(), "--tokenizer", text.toString()}, "JSON");
        refused(new String[] {"train", "--out", "/proc/model", "--text", text.toString()}, "");
    }
}
