package org.neuralattention.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.tokenize.ByteTokenizer;
import org.neuralattention.train.Evaluation;
import org.neuralattention.train.Init;
import picocli.CommandLine;

/** eval on a small random byte model with roles. */
class EvalCommandTest {

    @TempDir
    Path folder;

    private Path model;
    private Path first;
    private Path second;

    @BeforeEach
    void save() throws Exception {
        model = Files.createDirectory(folder.resolve("model"));
        Weights weights = new Weights(ModelConfig.llama(256, 64, 2, 4, 2, 64, 512).withRoleWindows(4, 16));
        Init.LIVELY.apply(weights, 1, Team.serial());
        ModelWriter.save(model, weights);
        new ByteTokenizer().save(model);
        first = Files.writeString(folder.resolve("first.txt"), "It was the best of times, it was the worst of times. ".repeat(10));
        second = Files.writeString(folder.resolve("second.txt"), "Call me Ishmael.");
    }

    private String run(String... more) {
        StringWriter out = new StringWriter();
        String[] args = Stream.concat(Stream.of("--model", model.toString(), "--text", first.toString(), second.toString(), "--context", "100"),
                Arrays.stream(more)).toArray(String[]::new);
        CommandLine line = new CommandLine(new EvalCommand()).setOut(new PrintWriter(out, true)).setErr(new PrintWriter(new StringWriter()));
        assertEquals(0, line.execute(args));
        return out.toString();
    }

    private static double number(String line, String field) {
        return Double.parseDouble(line.replaceAll(".*\"" + field + "\":([^,}]*).*", "$1"));
    }

    @Test
    void machinesGetTheLossOfEachTextAndOfAll() throws Exception {
        List<String> lines = run("--json").lines().filter(line -> !line.contains("\"progress\"") && !line.contains("\"memory\"")).toList();
        assertEquals(3, lines.size(), lines.toString());
        Transformer transformer = new Transformer(ModelLoader.load(model), Team.serial());
        double[] nll = new double[2];
        int[] tokens = {500, 15};
        for (int i = 0; i < 2; i++) {
            int[] ids = new ByteTokenizer().encode(Files.readString(i == 0 ? first : second));
            Evaluation.Result expected = new Evaluation(transformer, ids, Math.min(100, ids.length - 1), 1, 1000).run(RoleChoice.BEST);
            nll[i] = expected.nll();
            assertEquals(nll[i], number(lines.get(i), "nll"), 1e-5);
            assertEquals(Math.exp(nll[i]), number(lines.get(i), "perplexity"), 1e-2);
            assertEquals(tokens[i], number(lines.get(i), "tokens"));
            assertEquals(expected.share(), number(lines.get(i), "kvShare"), 1e-9);
            assertEquals(nll[i] / Math.log(2), number(lines.get(i), "bitsPerByte"), 1e-5, "a token is a byte");
        }
        assertTrue(lines.get(0).contains("\"text\":\"first.txt\",\"context\":100"), lines.get(0));
        assertTrue(lines.get(1).contains("\"text\":\"second.txt\",\"context\":15"), lines.get(1));
        assertTrue(lines.get(2).startsWith("{\"event\":\"total\",\"model\":\"model\",\"dtype\":\"f32\",\"tokens\":515"), lines.get(2));
        assertEquals((nll[0] * 500 + nll[1] * 15) / 515, number(lines.get(2), "nll"), 1e-5);
    }

    @Test
    void formsAreComparedWithTheFirst() {
        List<String> totals = run("--json", "--dtype", "f32,q8_0", "--max-blocks", "2").lines().filter(line -> line.contains("\"total\"")).toList();
        assertEquals(2, totals.size());
        assertEquals(1, number(totals.get(0), "ratio"));
        assertEquals(number(totals.get(1), "perplexity") / number(totals.get(0), "perplexity"), number(totals.get(1), "ratio"), 1e-12);
        assertEquals(215, number(totals.get(1), "tokens"));
        assertTrue(number(totals.get(1), "weightBytes") < 0.3 * number(totals.get(0), "weightBytes"));
        long all = run("--json", "--dtype", "all").lines().filter(line -> line.contains("\"total\"")).count();
        assertEquals(Dtype.values().length, all);
    }

    @Test
    void theTableAndThePageHaveARowForEach() throws Exception {
        Path page = folder.resolve("pages/eval.html");
        String table = run("--dtype", "f32,q4_0", "--html", page.toString(), "--kv-dtype", "q8", "--full-cache");
        assertEquals(2 + 3 * 3, table.lines().count(), table);
        assertEquals(3, table.lines().filter(line -> line.matches("q4_0 +\\d+\\.\\d{4} .* 100\\.0 % .*")).count(), table);
        assertTrue(table.lines().anyMatch("all texts"::equals), table);
        String html = Files.readString(page);
        assertTrue(html.contains("<svg") && html.contains("second.txt") && html.contains("q4_0"), html);
    }

    @Test
    void oneFormIsATableOfTexts() {
        List<String> table = run().lines().toList();
        assertEquals(2 + 3, table.size(), table.toString());
        assertTrue(table.get(2).startsWith("first.txt ") && table.get(4).startsWith("all texts "), table.toString());
    }
}
