package org.neuralattention.bench.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import org.neuralattention.bench.growth.Growth;
import org.neuralattention.bench.jmh.ContextBench;
import org.neuralattention.bench.peers.PeerRun;
import org.neuralattention.bench.probe.Caches;
import org.neuralattention.bench.probe.Limits;
import org.neuralattention.bench.probe.Probe;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.bench.result.Machine;
import org.neuralattention.bench.result.Picture;
import org.neuralattention.bench.result.ResultWriter;
import org.neuralattention.bench.result.Results;
import org.neuralattention.bench.result.Row;
import org.neuralattention.bench.survey.Crossover;
import org.neuralattention.bench.survey.JmhOptions;
import org.neuralattention.bench.survey.JmhRows;
import org.neuralattention.bench.survey.Survey;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.kernels.Kernels;
import org.neuralattention.tokenize.Tokenizers;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures this machine: a survey of all kernels and of growth, or the JMH suites that are asked for. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        header = "Measures the kernels and the model on this machine.",
        description = {"Without REGEX: a line for every kernel and the whole model, beside the limits of this machine, and how time and memory grow; "
                + "some ten minutes, two with --quick.",
            "With REGEX: all JMH benchmarks whose names contain a match, each in a JVM of its own that gets the flags of this one; '.' for every one."},
        parameterListHeading = "%n",
        optionListHeading = "%nOptions:%n",
        footer = {"", "Examples:", "  nats bench --quick --html bench.html", "  nats bench --growth", "  nats bench --list", "  nats bench MatMul --quick",
            "  nats bench Decode --json decode.json", "  nats bench Context --model DIR --text book.txt", "  nats bench --peers MatMul"})
public final class BenchCommand implements Callable<Integer> {

    @Parameters(paramLabel = "REGEX", arity = "0..*", description = "which benchmarks; see --list")
    private List<String> names = List.of();

    @Option(names = "--list", description = "only list the benchmarks")
    private boolean list;

    @Option(names = "--growth", description = "only how time and memory grow")
    private boolean growth;

    @Option(names = "--quick", description = "fewer, shorter measurements, for a first look")
    private boolean quick;

    @Option(names = "--width", paramLabel = "BITS", description = "vectors of 128, 256 or 512 bits (the widest the JVM prefers)")
    private Integer width;

    @Option(names = "--model", paramLabel = "MODEL", description = "with REGEX: the model with learned roles whose speed Context measures (one with random weights and roles)")
    private Path searched;

    @Option(names = "--text", paramLabel = "FILE", description = "with --model: the text of its contexts, again and again (random tokens, which take other roles than text)")
    private Path text;

    @Option(names = "--out", paramLabel = "FILE", description = "with REGEX: also write the results to FILE, in JMH's own JSON")
    private Path out;

    @Option(names = "--peers",
            description = "other people's libraries (OpenBLAS, MKL, libtorch) and ours in alternation, some fifteen minutes, less with --quick; "
                    + "REGEX chooses among these cases. ./nats fetches the libraries, once")
    private boolean peers;

    @Option(names = "--llama-bench", paramLabel = "FILE",
            description = "with --peers: llama.cpp's llama-bench, which is run on the whole-model benchmarks' model, in f32, q8 and q4 beside ours")
    private Path llamaBench;

    @Option(names = "--llm-c", paramLabel = "FILE",
            description = "with --peers: llm.c's train_gpt2 (the one for the CPU), which is run on GPT-2 124M with random weights beside our training step")
    private Path llmC;

    @Mixin
    private WriteModelOptions model = new WriteModelOptions();

    @Mixin
    private ResultOptions results;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws RunnerException, IOException {
        check();
        setWidth();
        setModel();
        if (model.asked()) {
            model.write(spec.commandLine().getErr());
        } else if (peers) {
            peers();
        } else if (list) {
            new Runner(options().build()).list();
        } else if (names.isEmpty()) {
            survey();
        } else {
            Runner runner = new Runner(options().build());
            checkNames();
            List<Row> rows = JmhRows.of(runner.run());
            rows.addAll(Crossover.of(rows));
            report(rows, List.of());
        }
        return 0;
    }

    private void check() {
        if (peers && (growth || out != null)) {
            throw new UserError((growth ? "--growth" : "--out") + " is not for --peers; --json, --markdown and --html write its results.");
        }
        if (!peers && (llamaBench != null || llmC != null)) {
            throw new UserError((llamaBench != null ? "--llama-bench" : "--llm-c") + " needs --peers.");
        }
        if (names.isEmpty() && out != null) {
            throw new UserError("--out needs a REGEX; --json writes the results of a survey.");
        }
        if (growth && !names.isEmpty()) {
            throw new UserError("--growth measures the same whatever is named: leave out " + String.join(" ", names) + ".");
        }
        if (searched != null && names.isEmpty() || text != null && searched == null) {
            throw new UserError(searched != null ? "--model needs a REGEX, such as Context." : "--text needs --model.");
        }
        if (width != null && width != 128 && width != 256 && width != 512) {
            throw new UserError("--width " + width + " is not one of 128, 256 and 512.");
        }
        results.check();
    }

    /** For this JVM, which measures growth, before its kernels are loaded; JMH's forks get the same. */
    private void setWidth() {
        if (width == null) {
            return;
        }
        String wish = width.toString();
        String given = System.setProperty(JmhOptions.WIDTH, wish);
        try {
            if (given != null && !given.equals(wish)) {
                throw new UserError("--width " + wish + " contradicts -D" + JmhOptions.WIDTH + "=" + given + ".");
            }
            if (Kernels.vectorBits() != width) {
                throw new UserError("--width " + wish + ": the kernels of this JVM are " + Kernels.describe() + ".");
            }
        } catch (ExceptionInInitializerError e) {
            throw new UserError("--width " + wish + ": " + e.getCause().getMessage() + ".", e);
        }
    }

    /** For this JVM, which counts what its suites must move; JMH's forks get the same. */
    private void setModel() throws IOException {
        if (searched == null) {
            return;
        }
        if (!ModelLoader.config(searched).hasRoles()) {
            throw new UserError("--model " + searched + " has no roles: one of 'nats search' or 'nats train' is needed.");
        }
        System.setProperty(ContextBench.MODEL, searched.toAbsolutePath().toString());
        if (text != null) {
            Tokenizers.load(searched).encode(TextFiles.read(text));
            System.setProperty(ContextBench.TEXT, text.toAbsolutePath().toString());
        }
    }

    /** Before the runner, which refuses all work while another one is at it on this machine. */
    private void checkNames() {
        OutputFormat silent = OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT);
        if (BenchmarkList.defaultList().find(silent, names, List.of()).isEmpty()) {
            throw new UserError("No benchmark matches " + String.join(" or ", names) + "; 'nats bench --list' shows them.");
        }
    }

    private ChainedOptionsBuilder options() {
        ChainedOptionsBuilder options = JmhOptions.common();
        for (String name : names) {
            options.include(checked(name));
        }
        if (quick) {
            JmhOptions.iterations(options, 4, 500, 3, 500);
        }
        if (out != null) {
            TextFiles.checkOutput("--out", out);
            if (!Files.exists(out.toAbsolutePath().getParent())) { // JMH makes none
                throw new UserError("--out " + out + ": there is no folder " + out.toAbsolutePath().getParent() + ".");
            }
            options.result(out.toString()).resultFormat(ResultFormatType.JSON);
        }
        return options;
    }

    private static String checked(String regex) {
        try {
            return Pattern.compile(regex).pattern();
        } catch (PatternSyntaxException e) {
            throw new UserError("'" + regex + "' is not a regular expression: " + e.getDescription() + ".", e);
        }
    }

    private void peers() throws IOException {
        List<Pattern> patterns = names.stream().map(BenchCommand::checked).map(Pattern::compile).toList();
        if (llamaBench == null && llmC == null && !PeerRun.peersAreThere()) {
            throw new UserError("There are no peers on the class path; './nats bench --peers' in the source tree fetches them.");
        }
        PeerRun run = new PeerRun(patterns, quick, llamaBench, llmC);
        if (run.names().isEmpty()) {
            throw new UserError("No contest matches " + String.join(" or ", names) + "; 'nats bench --peers --list' shows them.");
        }
        if (list) {
            run.names().forEach(spec.commandLine().getOut()::println);
            return;
        }
        long start = System.nanoTime();
        List<Row> rows = run.run(spec.commandLine().getErr()::println);
        spec.commandLine().getErr().println("It took " + Numbers.duration((System.nanoTime() - start) * 1e-9) + ".");
        report(rows, List.of());
    }

    private void survey() throws RunnerException, IOException {
        long start = System.nanoTime();
        int cores = Runtime.getRuntime().availableProcessors();
        Survey kernels = new Survey(quick, cores);
        Growth growing = new Growth(quick);
        double expected = (growth ? 0 : kernels.seconds()) + growing.seconds();
        spec.commandLine().getErr().println("This takes some " + Numbers.duration(10 * Math.round(expected / 10)) + " on two cores.");
        int steps = (growth ? 0 : kernels.steps()) + growing.steps(cores);
        List<Row> rows;
        List<Picture> pictures;
        try (Progress progress = Progress.of("Measuring", steps, null, spec.commandLine().getErr())) {
            AtomicInteger done = new AtomicInteger();
            Runnable step = () -> progress.update(done.incrementAndGet(), Progress.Values.NONE);
            rows = growth ? List.of() : kernels.run(step);
            pictures = growing.measure(cores, step);
        }
        spec.commandLine().getErr().println("It took " + Numbers.duration((System.nanoTime() - start) * 1e-9) + ".");
        report(rows, pictures);
    }

    /** Rows of plain loops have no limit of the machine to be held against. */
    private void report(List<Row> rows, List<Picture> pictures) throws IOException {
        SortedSet<Integer> threads = rows.stream().map(Row::threads).collect(Collectors.toCollection(TreeSet::new));
        Limits limits = Kernels.vector() ? Probe.measure(threads) : new Limits(Caches.here(), Collections.emptySortedMap());
        List<String> given = spec.commandLine().getParseResult().originalArgs();
        Results measured = new Results(Machine.here(), "nats " + String.join(" ", given),
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(), limits.describe(), rows.stream().map(limits::apply).toList(), pictures);
        spec.commandLine().getOut().println(ResultWriter.text(measured));
        results.write(measured);
    }
}
