package org.neuralattention.bench.evaluate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.bench.tasks.Mqar;
import org.neuralattention.eval.Budget;
import org.neuralattention.eval.PolicyPerplexity;
import org.neuralattention.eval.Roles;
import org.neuralattention.eval.Tova;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.ByteTokenizer;
import org.neuralattention.train.Init;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;
import picocli.CommandLine;

/** evaluate on small random byte models, one with roles. */
class EvaluateCommandTest {

    @TempDir
    Path folder;

    private Path dense;
    private Path roles;
    private Path text;
    private Exception failure;

    @BeforeEach
    void save() throws Exception {
        dense = save("dense");
        roles = save("roles", 4, 16);
        text = Files.writeString(folder.resolve("text.txt"), "It was the best of times, it was the worst of times. ".repeat(10));
    }

    private Path save(String name, int... windows) throws Exception {
        Path model = Files.createDirectory(folder.resolve(name));
        Weights weights = new Weights(ModelConfig.llama(256, 32, 2, 4, 2, 64, 512).withRoleWindows(windows));
        Init.LIVELY.apply(weights, 1, Team.serial());
        ModelWriter.save(model, weights);
        new ByteTokenizer().save(model);
        return model;
    }

    private String run(int exitCode, Object... args) {
        StringWriter out = new StringWriter();
        CommandLine line = new CommandLine(new EvaluateCommand()).setOut(new PrintWriter(out, true)).setErr(new PrintWriter(new StringWriter()));
        line.setExecutionExceptionHandler((e, command, parsed) -> {
            failure = e;
            return e instanceof UserError ? 2 : 1;
        });
        int code = line.execute(Stream.of(args).map(Object::toString).toArray(String[]::new));
        assertEquals(exitCode, code, () -> String.valueOf(failure));
        return out.toString();
    }

    private List<String> scores(Object... args) {
        Object[] all = Stream.concat(Stream.of(args), Stream.of("--json", "--threads", "1")).toArray();
        return run(0, all).lines().filter(line -> line.contains("\"event\":\"score\"")).toList();
    }

    private static double number(String line, String field) {
        return Double.parseDouble(line.replaceAll(".*\"" + field + "\":([^,}]*).*", "$1"));
    }

    private static String word(String line, String field) {
        return line.replaceAll(".*\"" + field + "\":\"?([^,}\"]*).*", "$1");
    }

    @Test
    void machinesGetALineForEveryModelTaskPolicyAndBudget() {
        List<String> lines = scores("--model", dense, roles, "--text", text, "--tasks", "text,mqar:2", "--context", "64", "--sequences", "2", "--seeds", "2",
                "--budgets", "0.25,0.5,roles");
        List<String> textPolicies = List.of("window", "sink", "h2o", "tova");
        List<String> questionPolicies = List.of("window", "sink", "h2o", "tova", "snapkv", "oracle");
        assertEquals(1 + 2 * textPolicies.size() + 1 + 2 * questionPolicies.size(), count(lines, "model", "dense"), lines.toString());
        assertEquals(3 + 3 * textPolicies.size() + 3 + 3 * questionPolicies.size(), count(lines, "model", "roles"), lines.toString());
        assertEquals(0, count(lines.stream().filter(line -> word(line, "model").equals("dense")).toList(), "budget", "roles"));
        assertEquals(6 + 4, count(lines.stream().filter(line -> word(line, "model").equals("roles")).toList(), "budget", "roles"));
        assertTrue(lines.stream().noneMatch(line -> word(line, "model").equals("dense") && List.of("learned", "random").contains(word(line, "policy"))));
    }

    private static long count(List<String> lines, String field, String value) {
        return lines.stream().filter(line -> word(line, field).equals(value)).count();
    }

    @Test
    void scoresAreThoseOfThePoliciesOnTheModel() throws Exception {
        List<String> lines = scores("--model", roles, "--text", text, "--tasks", "text,mqar:2", "--context", "64", "--sequences", "3", "--seeds", "2",
                "--budgets", "0.25", "--policies", "learned,tova");
        Transformer model = new Transformer(ModelLoader.load(roles), Team.serial());
        int[] ids = new ByteTokenizer().encode(Files.readString(text));
        PolicyPerplexity.Result learned = PolicyPerplexity.of(model, Roles.learned(), ids, 64, 3, now -> {});
        assertEquals(learned.nll(), number(lines.get(0), "value"), 1e-6);
        assertEquals(learned.use().share(), number(lines.get(0), "kvShare"), 1e-12);
        Tova tova = new Tova(new Budget.Share(0.25));
        assertEquals(PolicyPerplexity.of(model, tova, ids, 64, 3, now -> {}).nll(), number(lines.get(1), "value"), 1e-6);
        double[] recall = new double[2];
        for (int seed = 0; seed < 2; seed++) {
            recall[seed] = Mqar.of(2, 64).evaluate(model, tova, seed, 3, now -> {}).value();
        }
        assertEquals((recall[0] + recall[1]) / 2, number(lines.get(3), "value"), 1e-12);
        assertEquals(Math.abs(recall[0] - recall[1]) / 2, number(lines.get(3), "spread"), 1e-12);
    }

    @Test
    void theBudgetOfTheRolesIsTheirBytesAndAtMostOneKeyMore() {
        List<String> lines = scores("--model", roles, "--text", text, "--tasks", "text,mqar:2", "--context", "64", "--sequences", "2", "--seeds", "1",
                "--budgets", "roles", "--policies", "window,h2o,tova,random");
        for (String task : List.of("text.txt in 64", "MQAR 2 of 64")) {
            List<String> ofTask = lines.stream().filter(line -> word(line, "task").equals(task)).toList();
            double learned = number(ofTask.getFirst(), "meanBytes");
            int key = 2 * 2 * 2 * 8 * Float.BYTES; // of two layers with two heads of 8
            for (String line : ofTask) {
                double bytes = number(line, "meanBytes");
                if (word(line, "budget").equals("roles")) {
                    assertTrue(bytes >= learned - 1e-6 && bytes <= learned + key, line + " against " + learned);
                }
            }
            assertEquals(5, ofTask.size());
        }
    }

    @Test
    void thePageIsWellFormedAndColoursTheWords() throws Exception {
        Path page = folder.resolve("pages/page.html");
        String table = run(0, "--model", dense, roles, "--text", text, "--tasks", "text,needle", "--context", "40", "--sequences", "1", "--seeds", "2", "--budgets",
                "0.5", "--html", page);
        assertTrue(table.contains("roles: text.txt in 40\n") && table.contains("dense: needle in 40\n"), table);
        Document document = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(Files.readString(page))));
        assertEquals(1, document.getElementsByTagName("script").getLength());
        assertEquals(4, document.getElementsByTagName("option").getLength(), "two layers of two heads");
        String roleOfTokens = ((Element) document.getElementsByTagName("option").item(0)).getAttribute("data-roles");
        Element words = (Element) ((Element) document.getElementsByTagName("script").item(0).getParentNode()).getElementsByTagName("p").item(1);
        assertEquals(40, words.getElementsByTagName("span").getLength());
        assertEquals("It was the best of times, it was the wor", words.getTextContent());
        for (int i = 0; i < 40; i++) {
            assertEquals("w" + roleOfTokens.charAt(i), ((Element) words.getElementsByTagName("span").item(i)).getAttribute("class"));
        }
        assertEquals('0', roleOfTokens.charAt(0), "the first token is global");
    }

    /** The runs' file, the table and the page of an evaluation on which {@code --out} has {@code before}. */
    private List<String> resumed(byte[] before, String... more) throws Exception {
        Path runs = Files.write(folder.resolve("runs.jsonl"), before);
        Path page = folder.resolve("page.html");
        List<Object> args = new ArrayList<>(List.of("--model", dense, roles, "--text", text, "--tasks", "text,mqar:2", "--context", "64", "--sequences", "2", "--seeds", "2",
                "--budgets", "0.25,roles", "--policies", "learned,random,tova,oracle", "--out", runs, "--html", page));
        args.addAll(List.of(more));
        String table = run(0, args.toArray());
        return List.of(Files.readString(runs), table, Files.readString(page).replaceAll("\\d{4}-\\d\\d-\\d\\dT[0-9:]+Z", "TIME"));
    }

    @Test
    void anEvaluationThatWasKilledGoesOnToTheSameTableAndPage() throws Exception {
        List<String> whole = resumed(new byte[0]);
        byte[] runs = whole.getFirst().getBytes(StandardCharsets.UTF_8);
        int first = whole.getFirst().indexOf('\n') + 1;
        for (int kept : new int[] {5, first - 1, first, first + 1, runs.length / 2, runs.length - 1, runs.length}) {
            assertEquals(whole, resumed(Arrays.copyOf(runs, kept)), "after " + kept + " of " + runs.length + " bytes");
        }
    }

    @Test
    void whatIsFinishedIsNotRunAgain() throws Exception {
        String whole = resumed(new byte[0]).getFirst();
        assertTrue(whole.lines().allMatch(line -> line.matches("\\{\"event\":\"run\".*\"points\":[0-9.]+,.*")), whole);
        byte[] changed = whole.replaceFirst("\"points\":[0-9.]+", "\"points\":126.0").getBytes(StandardCharsets.UTF_8); // of 2 x 63 targets
        List<String> lines = resumed(changed, "--json").get(1).lines().toList();
        assertEquals(1, number(lines.stream().filter(line -> line.contains("score")).findFirst().orElseThrow(), "value"), 0.02, "as the file says");
        assertEquals(0, number(lines.getFirst(), "steps"), "tokens left");
    }

    @Test
    void anotherQuestionMayAskInTheSameFile() throws Exception {
        Path runs = folder.resolve("runs.jsonl");
        Object[] few = {"--model", roles, "--tasks", "mqar:2", "--context", "64", "--sequences", "2", "--seeds", "1", "--budgets", "0.25", "--policies", "tova", "--out", runs};
        Object[] more = {"--model", roles, "--tasks", "mqar:2", "--context", "64", "--sequences", "2", "--seeds", "3", "--budgets", "0.25,0.5", "--policies", "tova,full", "--out", runs};
        run(0, few);
        assertEquals(1, Files.readAllLines(runs).size());
        run(0, more);
        List<String> lines = Files.readAllLines(runs);
        assertEquals(9, lines.size());
        assertEquals(9, lines.stream().distinct().count());
    }

    @ParameterizedTest
    @ValueSource(strings = {"model", "text", "garbage", "line", "lock"})
    void aFileOfRunsOfAnotherQuestionIsRefusedAndLeftAsItIs(String wrong) throws Exception {
        Path runs = folder.resolve("runs.jsonl");
        Object[] args = {"--model", dense, "--text", text, "--context", "64", "--sequences", "1", "--budgets", "0.5", "--policies", "tova", "--out", runs};
        run(0, args);
        switch (wrong) {
            case "model" -> {
                Weights weights = ModelLoader.load(dense);
                Init.LIVELY.apply(weights, 2, Team.serial());
                ModelWriter.save(dense, weights);
            }
            case "text" -> Files.writeString(text, "It was the age of wisdom, it was the age of foolishness. ".repeat(10));
            case "garbage" -> Files.writeString(runs, "{\"event\":\"ruin\"");
            case "line" -> Files.writeString(runs, "{\"event\":\"run\",\"model\":7}\n");
            default -> { }
        }
        byte[] before = Files.readAllBytes(runs);
        try (FileChannel other = FileChannel.open(runs, StandardOpenOption.WRITE); FileLock held = wrong.equals("lock") ? other.lock() : null) {
            CommandLine line = new CommandLine(new EvaluateCommand()).setExecutionExceptionHandler((e, command, parsed) -> {
                failure = e;
                return 2;
            });
            assertEquals(2, line.execute(Stream.of(args).map(Object::toString).toArray(String[]::new)));
            assertEquals(wrong.equals("lock"), held != null);
        }
        assertTrue(failure.getMessage().contains(Map.of("model", "another model called 'dense'", "text", "of another text or tokenizer", "garbage", "is not a file of runs",
                "line", "line 1: \"model\" is 7", "lock", "Another nats is at work").get(wrong)), failure.getMessage());
        assertTrue(failure instanceof UserError || failure instanceof ModelFormatException);
        assertArrayEquals(before, Files.readAllBytes(runs));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"--tasks text | --text is missing", "--tasks nonsense | --tasks nonsense: must be one of text, mqar",
        "--tasks needle:3 | all but text and needle", "--tasks mqar --policies lru | --policies lru", "--tasks mqar --budgets 1.5 | --budgets 1.5",
        "--tasks mqar --budgets many | --budgets many", "--tasks mqar --context 66 | length = 66", "--tasks mqar:40 --context 64 | pairs = 40",
        "--tasks mqar --seeds 0 | --seeds 0", "--tasks mqar --sequences 0 | --sequences 0", "--tasks mqar --context 0 | --context 0",
        "--tasks mqar --html . | is a folder", "--tasks mqar --out . | is a folder", "--tasks mqar --policies learned | Nothing is left to run", "--tasks mqar --text TEXT | none of the tasks",
        "--tasks text --text TEXT --context 5000 | has only 530 tokens", "--tasks facts --text TEXT --context 64 | more than a half has room for"})
    void whatCannotBeRunIsRefusedBeforehand(String args, String told) {
        String out = run(2, Stream.concat(Stream.of("--model", dense), Stream.of(args.replace("TEXT", text.toString()).split(" "))).toArray());
        assertEquals("", out);
        assertTrue(failure.getMessage().contains(told), failure.getMessage());
        assertFalse(failure.getMessage().contains("\n"));
    }

    @Test
    void aModelOfTooFewIdsIsRefused() throws Exception {
        Path small = Files.createDirectory(folder.resolve("small"));
        Weights weights = new Weights(ModelConfig.llama(100, 32, 1, 4, 2, 64, 512));
        Init.LIVELY.apply(weights, 1, Team.serial());
        ModelWriter.save(small, weights);
        run(2, "--model", small, "--tasks", "variables", "--context", "128");
        assertTrue(failure.getMessage().contains("256 ids, but " + small + " knows only 100"), failure.getMessage());
    }
}
