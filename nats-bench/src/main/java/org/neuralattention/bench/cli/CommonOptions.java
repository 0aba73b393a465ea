package org.neuralattention.bench.cli;

import java.io.PrintWriter;
import java.util.Locale;
import org.neuralattention.kernels.Team;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Options of every command that computes; a {@code @Mixin}. */
public final class CommonOptions {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--json", description = "print lines of JSON, for machines")
    private boolean json;

    @Option(names = "--threads", paramLabel = "N", description = "threads to use (as many as there are cores); results do not depend on it")
    private void setThreads(int threads) {
        if (threads < 1 || threads > 1024) {
            throw new ParameterException(command.commandLine(), "--threads " + threads + ": must be in [1, 1024].");
        }
        this.threads = threads;
    }

    public int threads() {
        return threads;
    }

    /** The threads asked for; the caller closes the team. */
    public Team team() {
        return Team.of(threads);
    }

    /** Where results go in lines of JSON, or null if people read them. */
    public JsonLines json() {
        return json ? new JsonLines(out()) : null;
    }

    public PrintWriter out() {
        return command.commandLine().getOut();
    }

    /** A name and a value, for people. */
    void row(String name, String value) {
        out().printf(Locale.ROOT, "%-14s%s%n", name, value);
    }

    /** Whether what was printed did not arrive, so that there is no use in printing more. */
    boolean outputFailed() {
        return out().checkError();
    }

    public PrintWriter err() {
        return command.commandLine().getErr();
    }

    public Progress progress(String task, long steps) {
        return Progress.of(task, steps, json(), err());
    }
}
