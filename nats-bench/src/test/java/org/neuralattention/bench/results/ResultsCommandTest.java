package org.neuralattention.bench.results;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.bench.cli.Interrupt;
import org.neuralattention.kernels.Team;
import org.neuralattention.roles.Lifetimes;
import org.neuralattention.roles.RoleSpace;
import picocli.CommandLine;

/** The queue: what is done stays done, what is interrupted goes on, and the tables say what the runs left. */
class ResultsCommandTest {

    @TempDir
    Path folder;

    private final List<List<String>> ran = new ArrayList<>();
    private final StringWriter out = new StringWriter();
    private int searches = Integer.MAX_VALUE; // until one is interrupted

    @BeforeEach
    void models() throws IOException {
        Files.createDirectories(folder.resolve("shared/models"));
    }

    /** Stands for {@code nats}: a search makes its folder, eval tells made-up losses. */
    private int nats(PrintWriter out, PrintWriter err, String... args) {
        ran.add(List.of(args));
        if (args[0].equals("search")) {
            assertTrue(Path.of(args[args.length - 1]).toFile().mkdirs() || args[1].equals("--resume"), "a folder that is there is resumed: " + Arrays.toString(args));
            return searches-- > 0 ? 0 : Interrupt.EXIT_CODE;
        }
        for (String text : List.of("moby-dick-end.txt", "pride-and-prejudice-end.txt", "war-and-peace-end.txt", "alice.txt")) {
            out.println("{\"event\":\"progress\",\"step\":1}");
            out.println("{\"event\":\"text\",\"text\":\"" + text + "\",\"nll\":" + (text.length() + ran.size()) + ",\"kvShare\":0.25}");
        }
        out.flush();
        return 0;
    }

    private int run(String... args) {
        CommandLine line = new CommandLine(new ResultsCommand(this::nats)).setOut(new PrintWriter(out)).setErr(new PrintWriter(new StringWriter()));
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of("--shared", folder.resolve("shared").toString(), "--out", folder.resolve("out").toString()));
        return line.execute(all.toArray(String[]::new));
    }

    @Test
    void whatIsDoneIsNotDoneAgain() {
        assertEquals(0, run("budgets", "--seeds", "1"));
        int runs = ran.size();
        assertEquals(2 * 9, runs, "dense, and two rows for each of four budgets; searched, and then measured");
        assertEquals(0, run("budgets", "--seeds", "1"));
        assertEquals(runs, ran.size());
        assertEquals(0, run("budgets", "--seeds", "2"));
        assertEquals(2 * runs, ran.size());
        assertTrue(out.toString().contains("± "), out.toString());
    }

    @Test
    void anInterruptedRunGoesOn() {
        searches = 3;
        assertEquals(Interrupt.EXIT_CODE, run("budgets", "--seeds", "1"));
        List<String> interrupted = ran.getLast();
        assertFalse(Files.exists(Path.of(interrupted.getLast() + ".jsonl")));
        searches = Integer.MAX_VALUE;
        assertEquals(0, run("budgets", "--seeds", "1"));
        assertTrue(ran.contains(List.of("search", "--resume", "--out", interrupted.getLast())), ran.toString());
        assertEquals(9, ran.stream().filter(args -> args.getFirst().equals("eval")).count());
    }

    @Test
    void aListRunsNothing() {
        assertEquals(0, run("--list"));
        assertTrue(ran.isEmpty());
        List<String> lines = out.toString().lines().filter(line -> !line.isEmpty()).toList();
        assertEquals(lines.size(), new HashSet<>(lines).size(), "a run that two questions share is done once");
    }

    @Test
    void aRowSaysWhatItsRunsLeft() {
        BookScore score = BookScore.of(folder, """
                {"event":"job","command":"nats search","seconds":12.5}
                {"event":"text","text":"moby-dick-end.txt","nll":3,"kvShare":0.1}
                {"event":"text","text":"pride-and-prejudice-end.txt","nll":4,"kvShare":0.2}
                {"event":"text","text":"war-and-peace-end.txt","nll":5,"kvShare":0.3}
                {"event":"text","text":"alice.txt","nll":6,"kvShare":0.4}
                {"event":"total","nll":100,"kvShare":1}
                """);
        assertEquals(4, score.inDomain(), 1e-12);
        assertEquals(6, score.alice());
        assertEquals(0.2, score.share(), 1e-12);
        assertEquals(0.4, score.aliceShare());
        assertEquals(12.5, score.seconds());
    }

    /** Against the pairs that a text of one role really has. */
    @Test
    void aWindowHoldsTheBudget() {
        int window = Books.window(0.2);
        double[] shares = new double[3];
        for (int i = 0; i < 3; i++) {
            RoleSpace space = RoleSpace.of(window - 1 + i);
            int[] roles = new int[1024];
            Arrays.fill(roles, 4, 1024, 2);
            int[] lastRow = new int[1024];
            Lifetimes.lastRow(lastRow, 0, roles, 0, space, 0, 1, 1, 1024, Team.serial());
            long pairs = 0;
            for (int n = 0; n < 1024; n++) {
                pairs += Math.min(1023, lastRow[n]) - n + 1;
            }
            shares[i] = pairs / (1024 * 1025 / 2.0);
        }
        assertEquals(0.2, shares[1], 0.001);
        assertTrue(Math.abs(shares[1] - 0.2) <= Math.min(Math.abs(shares[0] - 0.2), Math.abs(shares[2] - 0.2)));
    }
}
