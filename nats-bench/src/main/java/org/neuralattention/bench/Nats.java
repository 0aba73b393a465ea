package org.neuralattention.bench;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.neuralattention.bench.cli.BenchCommand;
import org.neuralattention.bench.cli.ChatCommand;
import org.neuralattention.bench.cli.ConvertCommand;
import org.neuralattention.bench.cli.EvalCommand;
import org.neuralattention.bench.cli.GenerateCommand;
import org.neuralattention.bench.cli.InspectCommand;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.bench.demo.DemoCommand;
import org.neuralattention.bench.evaluate.EvaluateCommand;
import org.neuralattention.bench.results.ResultsCommand;
import org.neuralattention.bench.text.SearchCommand;
import org.neuralattention.bench.text.TrainCommand;
import org.neuralattention.cache.KvBudgetExceededException;
import org.neuralattention.generate.NotFiniteException;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.kernels.Kernels;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The {@code nats} command. Exit codes: 0 done, 1 failed, 2 wrong input, 130 interrupted. A mistake or a failure is told
 * in one sentence on standard error; with {@code NATS_DEBUG=1} the stack trace follows.
 */
@Command(
        name = "nats",
        mixinStandardHelpOptions = true,
        versionProvider = Nats.Version.class,
        header = "Neural Attention Search: transformers whose tokens learn how long they must be remembered.",
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        footer = {"", "'nats COMMAND --help' says more about a command."})
public final class Nats implements Runnable {

    private static final Map<String, Supplier<Object>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("demo", DemoCommand::new);
        COMMANDS.put("train", TrainCommand::new);
        COMMANDS.put("search", SearchCommand::new);
        COMMANDS.put("generate", GenerateCommand::new);
        COMMANDS.put("chat", ChatCommand::new);
        COMMANDS.put("eval", EvalCommand::new);
        COMMANDS.put("evaluate", EvaluateCommand::new);
        COMMANDS.put("inspect", InspectCommand::new);
        COMMANDS.put("convert", ConvertCommand::new);
        COMMANDS.put("bench", BenchCommand::new);
        COMMANDS.put("results", () -> new ResultsCommand((out, err, args) -> run(out, err, false, args)));
    }

    @Spec
    private CommandSpec spec;

    private Nats() {}

    public static void main(String[] args) {
        boolean debug = "1".equals(System.getenv("NATS_DEBUG"));
        // A locale without letters beyond ASCII must not spoil a text.
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        System.exit(run(out, err, debug, args));
    }

    /** Runs the command and returns its exit code. */
    static int run(PrintWriter out, PrintWriter err, boolean debug, String... args) {
        CommandLine line = line(args);
        line.setOut(out);
        line.setErr(err);
        line.setUsageHelpAutoWidth(true);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setParameterExceptionHandler((e, given) -> {
            CommandLine command = e.getCommandLine();
            return fail(err, debug, e, sentence(e.getMessage()) + " See '" + command.getCommandSpec().qualifiedName() + " --help'.", 2);
        });
        line.setExecutionExceptionHandler((e, command, parsed) -> told(err, debug, e));
        int exitCode;
        try {
            exitCode = line.execute(args);
        } catch (Error e) { // picocli passes these through
            exitCode = told(err, debug, e);
        }
        if (out.checkError() && exitCode == 0) { // a writer keeps a failure to itself until it is asked
            err.println("nats: Standard output cannot be written: its disk is full, or its reader is gone.");
            return 1;
        }
        return exitCode;
    }

    /** With the command that is asked for, or with all: to build them all takes a tenth of a second of a cold start. */
    private static CommandLine line(String... args) {
        CommandLine line = new CommandLine(new Nats());
        Supplier<Object> asked = args.length == 0 ? null : COMMANDS.get(args[0]);
        for (Supplier<Object> command : asked == null ? COMMANDS.values() : List.of(asked)) {
            line.addSubcommand(command.get());
        }
        return line;
    }

    /** Without a command: what commands there are. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getErr());
        throw new ParameterException(spec.commandLine(), "A command is missing.");
    }

    /** Tells a failure in one sentence; returns its exit code. */
    static int told(PrintWriter err, boolean debug, Throwable e) {
        return switch (e) {
            case UserError user -> fail(err, debug, e, sentence(user.getMessage()), 2);
            case ModelFormatException model -> fail(err, debug, e, sentence(model.getMessage()), 2);
            case ExceptionInInitializerError init when init.getCause() instanceof IllegalStateException wrongFlag ->
                    fail(err, debug, e, sentence(wrongFlag.getMessage()), 2);
            case KvBudgetExceededException budget -> fail(err, debug, e, sentence(budget.getMessage()), 1);
            case NotFiniteException broken -> fail(err, debug, e, sentence(broken.getMessage()), 1);
            case NoSuchFileException file -> fail(err, debug, e, "There is no file " + file.getFile() + ".", 2);
            case AccessDeniedException file -> fail(err, debug, e, file.getFile() + " cannot be read or written: permission denied.", 2);
            case OutOfMemoryError memory -> fail(err, debug, e, String.format(Locale.ROOT,
                    "The heap of %d MB is too small; NATS_JAVA_OPTS=-Xmx... sets another size.", Runtime.getRuntime().maxMemory() >> 20), 1);
            default -> fail(err, debug, e, sentence(e.getClass().getSimpleName()
                    + (e.getMessage() == null ? "" : ": " + e.getMessage())) + " NATS_DEBUG=1 shows where.", 1);
        };
    }

    private static int fail(PrintWriter err, boolean debug, Throwable e, String sentence, int exitCode) {
        err.println("nats: " + sentence);
        if (debug) {
            e.printStackTrace(err);
        }
        return exitCode;
    }

    /** On one line, with a full stop. */
    private static String sentence(String message) {
        String line = message.strip().replaceAll("\\s*\\R\\s*", " ");
        return line.endsWith(".") || line.endsWith("?") || line.endsWith("!") ? line : line + ".";
    }

    /** Everything a report of a problem needs. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Nats.class.getPackage().getImplementationVersion();
            return new String[] {
                "nats " + (version == null ? "(not built into a jar)" : version),
                String.format(Locale.ROOT, "Java %s (%s), %s %s, %d cores, heap up to %d MB",
                        System.getProperty("java.version"), System.getProperty("java.vendor"), System.getProperty("os.name"),
                        System.getProperty("os.arch"), Runtime.getRuntime().availableProcessors(), Runtime.getRuntime().maxMemory() >> 20),
                "kernels: " + Kernels.describe()
            };
        }
    }
}
