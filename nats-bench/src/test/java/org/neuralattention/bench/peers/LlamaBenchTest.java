package org.neuralattention.bench.peers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.bench.peers.ProgramMatch.Times;
import org.neuralattention.bench.result.Row;
import org.neuralattention.model.ModelConfig;

/** llama-bench gets our weights and the same work, its JSON becomes a row, and what is not its JSON is told. */
@Timeout(120)
class LlamaBenchTest {

    private static final ModelConfig CONFIG = ModelConfig.llama(300, 64, 2, 4, 2, 96, 8192).withTiedHead(true);

    private static final String HELP = "  -p, --n-prompt <n>  (default: 512)\n  -n, --n-gen <n>  (default: 128)\n";
    private static final String DEPTH = "  -d, --n-depth <n>  (default: 0)\n";

    private static final String TEST = """
              {
                "build_commit": "8cf427ff",
                "build_number": 5163,
                "backends": "CPU",
                "model_type": "llama ?B all F32",
                "n_threads": 1,
                "cpu_strict": false,
                "n_prompt": 0,
                "n_gen": 64,
                "n_depth": 0,
                "avg_ns": 640000000,
                "stddev_ns": 1,
                "avg_ts": 100.000000,
                "stddev_ts": 0.1,
                "samples_ns": [ 640000000, 320000000, 1280000000 ],
                "samples_ts": [ 100, 200.0, 50 ]
              }
            """;

    @TempDir
    Path folder;

    private Program bench(String help, String json) throws IOException {
        return Scripts.program(folder, "[ \"$1\" = --help ] && { cat << 'E'\n" + help + "\nE\nexit 0; }\necho \"$@\" >> " + folder.resolve("calls")
                + "\necho 'load_backend: loaded' >&2\ncat << 'E'\n" + json + "\nE\n");
    }

    @Test
    void everyMatchRunsOnOurWeightsInItsForm() throws IOException {
        List<Match> matches = LlamaBench.of(bench(HELP + DEPTH, "[\n" + TEST + "]"), folder.resolve("model"), CONFIG, 1);
        assertEquals(12, matches.size());
        for (Match match : matches) {
            Row row = match.run(new Rounds(System::nanoTime, 1, 1, 1)).getFirst();
            assertEquals("llama.cpp 8cf427ff CPU", row.versus().peer());
            assertEquals(100, row.versus().sample().median(), 1e-9);

            assertTrue(row.versus().ratio().low() <= row.versus().ratio().median() && row.versus().ratio().median() <= row.versus().ratio().high());
        }
        assertEquals("llama.cpp prefill 512 tokens, f32", matches.getFirst().name());
        assertEquals("llama.cpp decode 64 tokens behind 4096, q4_0", matches.getLast().name());
        List<String> calls = Files.readAllLines(folder.resolve("calls"));
        String common = " -o json -t 1 -ngl 0 -r 3 ";
        assertEquals("-m " + folder.resolve("model/model-F32.gguf") + common + "-p 512 -n 0", calls.getFirst());
        assertEquals("-m " + folder.resolve("model/model-Q8_0.gguf") + common + "-p 0 -n 64", calls.get(5));
        assertEquals("-m " + folder.resolve("model/model-Q4_0.gguf") + common + "-p 0 -n 64 -d 4096", calls.getLast());
        for (String type : List.of("F32", "Q8_0", "Q4_0")) {
            assertTrue(Files.size(folder.resolve("model/model-" + type + ".gguf")) > 10_000, type);
        }
    }

    @Test
    void anOldOneDecodesFromNothingOnlyAndTheNameSaysSo() throws IOException {
        List<Match> matches = LlamaBench.of(bench(HELP, ""), folder.resolve("model"), CONFIG, 1);
        assertEquals(6, matches.size());
        assertEquals("llama.cpp decode 64 tokens behind 0, q8_0, the only depth that this llama-bench knows", matches.get(3).name());
    }

    @Test
    void speedsBecomeSecondsOfACall() throws IOException {
        Times times = LlamaBench.read(bench("", ""), "[" + TEST + "]", 64);
        assertArrayEquals(new double[] {0.64, 0.32, 1.28}, times.seconds(), 1e-12);
    }

    @Test
    void anotherProgramIsRefusedBeforeAnythingIsMeasured() throws IOException {
        Program other = bench("usage: cat [FILE]", "");
        assertTrue(assertThrows(UserError.class, () -> LlamaBench.of(other, folder, CONFIG, 1)).getMessage().contains("is no llama-bench"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "| model | size |", "[", "[]", "{}", "[1]", "[{\"build_commit\": \"a\"}]", "[{\"build_commit\": \"a\", \"samples_ts\": []}]",
        "[{\"build_commit\": \"a\", \"samples_ts\": [0]}]", "[{\"build_commit\": \"a\", \"samples_ts\": [\"1\"]}]", "[{\"build_commit\": 1, \"samples_ts\": [1]}]"})
    void whatIsNotItsJsonIsToldInOneSentence(String json) throws IOException {
        Program program = bench("", "");
        String told = assertThrows(UserError.class, () -> LlamaBench.read(program, json, 64)).getMessage();
        assertTrue(told.startsWith("--option " + program.path() + " "), told);
    }
}
