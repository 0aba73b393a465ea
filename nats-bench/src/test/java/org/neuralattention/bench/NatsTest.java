package org.neuralattention.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Help can be read, mistakes are told in one sentence, exit codes tell them from failures. */
class NatsTest {

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
        assertTrue(out.toString().contains("bench"), out.toString());
        assertEquals("", err.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"train", "generate", "inspect", "bench"})
    void everyCommandHasHelpOfItsOwn(String command) {
        assertEquals(0, nats(false, command, "--help"));
        assertTrue(out.toString().contains("Usage: nats " + command), out.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"bnch", "--colour", "bench --quik", "bench --out", "bench (", "bench NoSuchBenchmarkAnywhere",
        "generate", "generate --model", "generate --model /nowhere --prompt a", "generate --model . --prompt a --prompt-file b",
        "generate --model . --prompt a --top-p 2", "generate --model . --prompt a --max-tokens 0", "generate --model . --prompt a --threads 0",
        "generate --model . --prompt a --kv-budget 0", "generate --model . --prompt a --kv-budget lots", "generate --model . --prompt-file /nowhere",
        "generate --model . --prompt a --max-tokens -1", "generate --model . --prompt a --temperature -1", "generate --model pom.xml --prompt a",
        "inspect src", "inspect . --context 0", "inspect . --text pom.xml", "inspect", "inspect /nowhere", "inspect .", "inspect pom.xml", "inspect pom.xml --text pom.xml"})
    void aMistakeIsOneSentenceAndExitCodeTwo(String args) {
        assertEquals(2, nats(false, args.split(" ")));
        String told = err.toString();
        assertEquals(1, told.lines().count(), told);
        assertTrue(told.startsWith("nats: ") && told.strip().endsWith("."), told);
    }

    @Test
    void withoutACommandTheyAreListed() {
        assertEquals(2, nats(false));
        assertTrue(err.toString().contains("Commands:"), err.toString());
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
