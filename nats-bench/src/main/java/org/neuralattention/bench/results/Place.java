package org.neuralattention.bench.results;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.neuralattention.bench.cli.Interrupt;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.io.Json;

/**
 * Where jobs find what they need and leave what they make.
 *
 * @param shared the folder with models and books
 * @param out the folder for results
 * @param quick whether jobs are cut down to seconds, to see that they run
 * @param nats runs a command of {@code nats}
 * @param err where progress goes
 */
public record Place(Path shared, Path out, boolean quick, Commands nats, PrintWriter err) {

    private static final String PROGRESS = "{\"event\":\"progress\"";

    /** Runs {@code nats} with arguments and returns its exit code. */
    public interface Commands {
        int run(PrintWriter out, PrintWriter err, String... args);
    }

    Path model(String name) {
        return shared.resolve("models").resolve(name);
    }

    Path book(String name) {
        return shared.resolve("books").resolve(name);
    }

    /** The folder of a job that has one. */
    Path folder(String job) {
        return out.resolve(job);
    }

    /** What a job left when it was done. */
    Path file(String job) {
        return out.resolve(job + ".jsonl");
    }

    boolean done(Job job) {
        return Files.exists(file(job.name()));
    }

    /** Runs a command whose words are for people; returns whether it was not interrupted. */
    boolean tell(List<String> args) {
        return run(args, err);
    }

    /**
     * What a job leaves: a line about itself, and the lines of commands that ask the model it made.
     *
     * @return null if one was interrupted
     */
    @SafeVarargs
    final String ask(Job job, double seconds, List<String>... questions) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("event", "job");
        line.put("command", job.command(this));
        line.put("seconds", seconds);
        StringBuilder lines = new StringBuilder(Json.compact(line)).append('\n');
        for (List<String> question : questions) {
            String answer = ask(question);
            if (answer == null) {
                return null;
            }
            lines.append(answer);
        }
        return lines.toString();
    }

    /** Runs a command with {@code --json} and returns its lines without progress; null if it was interrupted. */
    private String ask(List<String> args) {
        StringWriter printed = new StringWriter();
        PrintWriter out = new PrintWriter(printed);
        if (!run(args, out)) {
            return null;
        }
        out.flush();
        return printed.toString().lines().filter(line -> !line.startsWith(PROGRESS)).collect(Collectors.joining("\n", "", "\n"));
    }

    private boolean run(List<String> args, PrintWriter out) {
        int code = nats.run(out, err, args.toArray(String[]::new));
        if (code != 0 && code != Interrupt.EXIT_CODE) {
            throw new UserError("'nats " + String.join(" ", args) + "' ended with exit code " + code + "; the runs before it are kept.");
        }
        return code == 0;
    }
}
