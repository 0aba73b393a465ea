package org.neuralattention.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

/** People see a bar or a few lines, machines a line of JSON per update. */
class ProgressTest {

    private static final Progress.Values VALUES = new Progress.Values(1.25, Double.NaN, 0.993, 12_345, 0.224);

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void aLogHasTheFirstAndTheLastStateAndFewBetween() {
        try (Progress progress = new Progress.Lines("train", 100, new PrintWriter(err), 3600)) {
            for (int step = 0; step <= 100; step++) {
                progress.update(step, VALUES);
            }
        }
        assertEquals(List.of(
                "train 0/100, loss 1.250, recall 99.3 %, KV 22.4 %, 12.3k tokens/s",
                "train 100/100, loss 1.250, recall 99.3 %, KV 22.4 %, 12.3k tokens/s"), err.toString().lines().toList());
    }

    @Test
    void theTimeLeftIsTold() {
        try (Progress progress = new Progress.Lines("train", 100, new PrintWriter(err), 0)) {
            progress.update(50, Progress.Values.NONE);
        }
        assertEquals("train 50/100, 0 s left", err.toString().strip());
    }

    @Test
    void aStartSaysNothingOfTheEnd() {
        try (Progress progress = new Progress.Lines("train", 100, new PrintWriter(err), 0)) {
            progress.update(1, Progress.Values.NONE);
        }
        assertEquals("train 1/100", err.toString().strip());
    }

    @Test
    void onATerminalABarIsDrawnWithinItsWidth() {
        System.setProperty("nats.columns", "120");
        try (Progress progress = Progress.of("train", 100, null, new PrintWriter(err))) {
            progress.update(50, VALUES);
        } finally {
            System.clearProperty("nats.columns");
        }
        String last = err.toString().stripTrailing();
        last = last.substring(last.lastIndexOf('\r') + 1);
        assertTrue(last.startsWith("train") && last.contains("50/100") && last.contains("loss 1.250"), last);
        assertTrue(last.length() < 120, last);
    }

    @Test
    void machinesGetOneObjectPerUpdateAndPeopleNothing() {
        JsonLines json = new JsonLines(new PrintWriter(out));
        try (Progress progress = Progress.of("train \"a\"", 100, json, new PrintWriter(err))) {
            progress.update(0, Progress.Values.NONE);
            progress.update(100, VALUES);
        }
        assertEquals("", err.toString());
        assertEquals(List.of(
                "{\"event\":\"progress\",\"task\":\"train \\\"a\\\"\",\"step\":0,\"steps\":100,\"loss\":null,\"perplexity\":null,\"recall\":null,"
                        + "\"kvShare\":null,\"price\":null,\"tokensPerSecond\":null,\"secondsLeft\":null}",
                "{\"event\":\"progress\",\"task\":\"train \\\"a\\\"\",\"step\":100,\"steps\":100,\"loss\":1.25,\"perplexity\":null,\"recall\":0.993,"
                        + "\"kvShare\":0.224,\"price\":null,\"tokensPerSecond\":12345.0,\"secondsLeft\":0.0}"), out.toString().lines().toList());
    }
}
