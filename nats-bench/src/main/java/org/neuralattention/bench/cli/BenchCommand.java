package org.neuralattention.bench.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs the JMH suites of this jar; each benchmark in a JVM of its own that gets the flags of this one. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        header = "Measures the kernels and the model on this machine (JMH).",
        description = "Runs the benchmarks whose names contain a match of REGEX, or all of them.",
        parameterListHeading = "%n",
        optionListHeading = "%nOptions:%n",
        footer = {"", "Examples:", "  nats bench --list", "  nats bench MatMul --quick", "  nats bench Decode --out decode.json"})
public final class BenchCommand implements Callable<Integer> {

    private static final String MODULE = "jdk.incubator.vector";

    @Parameters(paramLabel = "REGEX", arity = "0..*", description = "which benchmarks; see --list")
    private List<String> names = List.of();

    @Option(names = "--list", description = "only list the benchmarks")
    private boolean list;

    @Option(names = "--quick", description = "one fork, some four seconds per benchmark, for a first look")
    private boolean quick;

    @Option(names = "--out", paramLabel = "FILE", description = "also write the results to FILE, in JMH's JSON")
    private Path out;

    @Override
    public Integer call() throws RunnerException {
        Runner runner = new Runner(options().build());
        if (list) {
            runner.list();
            return 0;
        }
        checkNames();
        runner.run();
        return 0;
    }

    /** Before the runner, which refuses all work while another one is at it on this machine. */
    private void checkNames() {
        OutputFormat silent = OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT);
        if (!names.isEmpty() && BenchmarkList.defaultList().find(silent, names, List.of()).isEmpty()) {
            throw new UserError("No benchmark matches " + String.join(" or ", names) + "; 'nats bench --list' shows them.");
        }
    }

    private ChainedOptionsBuilder options() {
        ChainedOptionsBuilder options = new OptionsBuilder().shouldFailOnError(true);
        for (String name : names) {
            options.include(checked(name));
        }
        if (quick) {
            TimeValue half = TimeValue.milliseconds(500);
            options.forks(1).warmupIterations(4).warmupTime(half).measurementIterations(3).measurementTime(half);
        }
        if (out != null) {
            TextFiles.checkOutput("--out", out);
            if (!Files.exists(out.toAbsolutePath().getParent())) { // JMH makes none
                throw new UserError("--out " + out + ": there is no folder " + out.toAbsolutePath().getParent() + ".");
            }
            options.result(out.toString()).resultFormat(ResultFormatType.JSON);
        }
        if (ModuleLayer.boot().findModule(MODULE).isEmpty()) { // not started by the launcher
            options.jvmArgsPrepend("--add-modules", MODULE);
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
}
