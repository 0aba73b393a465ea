package org.neuralattention.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.ByteTokenizer;
import org.neuralattention.train.Init;

/** Help can be read, mistakes are told in one sentence, exit codes tell them from failures. */
class NatsTest {

    static final List<String> COMMANDS = List.of("demo", "train", "search", "generate", "eval", "evaluate", "inspect", "convert", "bench");

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int nats(boolean debug, String... args) {
        return Nats.run(new PrintWriter(out, true), new PrintWriter(err, true), debug, args);
    }

    @Test
    void versionTellsWhatRunsHere() {
        assertEquals(0, nats(false, "--version"));
        String version = out.toString();
        assertTrue(version.startsWith("nats ") && version.contains("Java ") && version.contains("kernels: "), version);
    }

    @Test
    void helpNamesEveryCommand() {
        assertEquals(0, nats(false, "--help"));
        for (String command : COMMANDS) {
            assertTrue(out.toString().lines().anyMatch(line -> line.strip().startsWith(command + " ")), command + " is not in " + out);
        }
        assertEquals("", err.toString());
    }

    @ParameterizedTest
    @FieldSource("COMMANDS")
    void everyCommandHasHelpOfItsOwn(String command) {
        assertEquals(0, nats(false, command, "--help"));
        assertTrue(out.toString().contains("Usage: nats " + command), out.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"bnch", "--colour", "bench --quik", "bench --out", "bench (", "bench NoSuchBenchmarkAnywhere",
        "generate", "generate --model", "generate --model /nowhere --prompt a", "generate --model . --prompt a --prompt-file b",
        "generate --model . --prompt a --top-p 2", "generate --model . --prompt a --max-tokens 0", "generate --model . --prompt a --threads 0",
        "generate --model . --prompt a --kv-budget 0", "generate --model . --prompt a --kv-budget lots", "generate --model . --prompt a --kv-budget 99999999999G", "generate --model . --prompt-file /nowhere",
        "generate --model . --prompt a --max-tokens -1", "generate --model . --prompt a --temperature -1", "generate --model pom.xml --prompt a",
        "generate --model . --prompt a --dtype f33", "generate --model . --prompt a --logprobs -1", "generate --model . --prompt a --tokenizer pom.xml",
        "eval", "eval --model .", "eval --text pom.xml", "eval --model . --text pom.xml", "eval --model . --text /nowhere", "eval --model . --text .",
        "eval --model . --text pom.xml --context 0", "eval --model . --text pom.xml --max-blocks 0", "eval --model . --text pom.xml --dtype f32,f33",
        "eval --model . --text pom.xml --html .", "evaluate", "evaluate --model .", "evaluate --model . --tasks mqar", "evaluate --model . --text /nowhere",
        "evaluate --model pom.xml --text pom.xml", "evaluate --model . --tasks recall", "evaluate --model . --context x", "demo --length 100", "demo --pairs 0", "demo --pairs 17", "demo --steps 1", "demo --context 65", "demo --seed -1", "demo --price -1", "demo --out .",
        "demo --out pom.xml/report.html", "bench --out .", "bench --out /nowhere/results.json TeamBench", "bench --json", "bench --json . TeamBench",
        "bench --html pom.xml/page.html TeamBench", "bench --markdown src TeamBench", "bench --write-model pom.xml", "bench --growth MatMul",
        "bench --out results.json", "bench --peers", "bench --peers (", "bench --peers --out peers.json X", "bench --peers --growth", "bench --llm-c mvnw",
        "bench --text pom.xml Context", "bench --model . --quick", "bench --model /nowhere Context", "bench --peers --llama-bench /nowhere", "bench --peers --llm-c pom.xml", "inspect . --seed 1", "convert", "convert . out", "convert /nowhere out", "convert pom.xml out.gguf", "convert . out --to zip", "convert . out --dtype q9", "convert . /nowhere/out",
        "inspect src", "inspect . --context 0", "inspect . --text pom.xml", "inspect", "inspect /nowhere", "inspect .", "inspect pom.xml", "inspect pom.xml --text pom.xml"})
    void aMistakeIsOneSentenceAndExitCodeTwo(String args) {
        assertEquals(2, nats(false, args.split(" ")));
        String told = err.toString();
        assertEquals(1, told.lines().count(), told);
        assertTrue(told.startsWith("nats: ") && told.strip().endsWith("."), told);
    }

    @ParameterizedTest
    @CsvSource({"--top-p 2, '--top-p 2: must be in (0, 1]'", "--min-p 1.5, --min-p 1.5: must be", "--top-k -1, --top-k -1: must be",
        "--temperature NaN, --temperature NaN: must be", "--repetition-penalty 0, --repetition-penalty 0: must be"})
    void aSamplingMistakeIsToldByTheNameOfItsOption(String option, String told) {
        assertEquals(2, nats(false, ("generate --model . --prompt a " + option).split(" ")));
        assertTrue(err.toString().startsWith("nats: " + told), err.toString());
    }

    @Test
    void aFileThatMustNotBeTouchedIsAMistakeOfTheUser() {
        assertEquals(2, Nats.told(new PrintWriter(err, true), false, new AccessDeniedException("secret.txt")));
        assertEquals("nats: secret.txt cannot be read or written: permission denied.", err.toString().strip());
    }

    @Test
    void damagedWeightsAreAFailureToldInOneSentence(@TempDir Path folder) throws IOException {
        Weights weights = new Weights(ModelConfig.llama(256, 64, 1, 4, 2, 64, 512));
        Init.LIVELY.apply(weights, 1, Team.serial());
        weights.layers.getFirst().wo.data()[0] = Float.NaN;
        ModelWriter.save(folder, weights);
        new ByteTokenizer().save(folder);
        Path text = Files.writeString(folder.resolve("text.txt"), "It was the best of times");
        assertEquals(1, nats(false, "generate", "--model", folder.toString(), "--prompt", "It"));
        assertEquals(1, nats(false, "eval", "--model", folder.toString(), "--text", text.toString()));
        List<String> told = err.toString().lines().filter(line -> line.startsWith("nats: ")).toList();
        assertEquals(2, told.size(), err.toString());
        for (String line : told) {
            assertTrue(line.matches("nats: the model's computation gave NaN at position \\d+: its weights are damaged or not of this architecture\\."), line);
        }
    }

    @Test
    void whatCannotBePrintedIsAFailure() {
        Writer full = new Writer() {
            @Override
            public void write(char[] text, int from, int length) throws IOException {
                throw new IOException("No space left on device");
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        assertEquals(1, Nats.run(new PrintWriter(full), new PrintWriter(err, true), false, "--version"));
        assertTrue(err.toString().startsWith("nats: Standard output cannot be written"), err.toString());
    }

    @Test
    void withoutACommandTheyAreListed() {
        assertEquals(2, nats(false));
        assertTrue(err.toString().contains("Commands:"), err.toString());
    }

    @Test
    void aWidthThatNoKernelHasIsNamed() {
        assertEquals(2, nats(false, "bench", "RmsNorm", "--width", "100"));
        assertEquals("nats: --width 100 is not one of 128, 256 and 512.", err.toString().strip());
    }

    @Test
    void theStackTraceIsShownOnlyWhenAskedFor() {
        assertEquals(2, nats(true, "bench", "("));
        assertTrue(err.toString().contains("\tat "), err.toString());
        err.getBuffer().setLength(0);
        assertEquals(2, nats(false, "bench", "("));
        assertFalse(err.toString().contains("\tat "), err.toString());
    }
}
