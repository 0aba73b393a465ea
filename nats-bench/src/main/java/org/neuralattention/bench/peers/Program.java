package org.neuralattention.bench.peers;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.neuralattention.bench.cli.UserError;

/**
 * A program of somebody else that the user names, run as a child process: it ends with us, and when its time is over.
 *
 * @param option that named it
 * @param most how long a run may take
 */
record Program(String option, Path path, Duration most) {

    /** @throws UserError if it cannot be run */
    static Program of(String option, Path path) {
        if (!Files.isRegularFile(path) || !Files.isExecutable(path)) {
            throw new UserError(option + " " + path + (Files.exists(path) ? " is not a file that can be run." : ": there is no such file."));
        }
        return new Program(option, path.toAbsolutePath(), Duration.ofMinutes(10));
    }

    /** One sentence about this program. */
    UserError error(String what) {
        return new UserError(option + " " + path + " " + what + ".");
    }

    /**
     * Runs it.
     *
     * @param folder to work in; null for ours
     * @param environment in addition to ours
     * @param enough of its lines: it is ended then
     * @return the lines of its standard output
     * @throws UserError if it cannot be run, fails, or takes too long
     */
    List<String> run(Path folder, Map<String, String> environment, List<String> arguments, Predicate<List<String>> enough) {
        List<String> command = new ArrayList<>(List.of(path.toString()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        builder.environment().putAll(environment);
        if (folder != null) {
            builder.directory(folder.toFile());
        }
        try {
            Path errors = Files.createTempFile("nats-", ".log");
            try {
                return run(builder.redirectError(errors.toFile()), errors, enough);
            } finally {
                Files.deleteIfExists(errors);
            }
        } catch (IOException e) {
            throw error("could not be run: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + path + " ran", e);
        }
    }

    private List<String> run(ProcessBuilder builder, Path errors, Predicate<List<String>> enough) throws IOException, InterruptedException {
        Process process = builder.start();
        Thread hook = new Thread(() -> kill(process), "nats-child");
        Runtime.getRuntime().addShutdownHook(hook);
        AtomicBoolean late = new AtomicBoolean();
        Thread.ofVirtual().start(() -> {
            if (!ends(process)) {
                late.set(true);
                kill(process);
            }
        });
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            List<String> lines = new ArrayList<>();
            for (String line; !enough.test(lines) && (line = out.readLine()) != null; ) {
                lines.add(line);
            }
            if (!enough.test(lines)) {
                checkEnd(process.waitFor(), late.get(), errors, lines);
            }
            return lines;
        } finally {
            kill(process);
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException endsAnyway) {
                // we are ending: the hook runs
            }
        }
    }

    private boolean ends(Process process) {
        try {
            return process.waitFor(most);
        } catch (InterruptedException e) {
            return false;
        }
    }

    private void checkEnd(int code, boolean late, Path errors, List<String> lines) throws IOException {
        if (late) {
            throw error("was ended: it took more than " + most.toSeconds() + " s");
        }
        if (code != 0) {
            String said = last(new String(Files.readAllBytes(errors), StandardCharsets.UTF_8).lines().toList());
            throw error("failed with exit code " + code + ": " + (said.isEmpty() ? last(lines) : said));
        }
    }

    private static String last(List<String> lines) {
        return lines.stream().filter(line -> !line.isBlank()).reduce("", (before, line) -> line).strip();
    }

    /** Through the handle: a reader of its output sees the end of it, not a closed stream. */
    private static void kill(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.toHandle().destroyForcibly();
    }
}
