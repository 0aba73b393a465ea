package org.neuralattention.bench.text;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.io.AtomicFiles;
import org.neuralattention.io.Json;
import org.neuralattention.io.JsonObject;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * {@code run.json}: all options that a run began with, and the checksum of its text. It makes a folder one of a run, and is what
 * {@code --resume} goes by.
 *
 * @param command {@code train} or {@code search}
 * @param options values by the option's name, defaults included
 * @param text checksum of the text
 */
record RunFile(String command, Map<String, List<String>> options, String text) {

    static final String NAME = "run.json";

    /** Options that do not decide the result. */
    private static final List<String> OF_THE_MOMENT = List.of("--out", "--resume", "--threads", "--json", "--help", "--version");

    /** Of the options a command was given. */
    static RunFile of(CommandSpec command, String text) {
        Map<String, List<String>> options = new LinkedHashMap<>();
        for (OptionSpec option : command.options()) {
            List<String> values = values(option);
            if (!OF_THE_MOMENT.contains(option.longestName()) && !values.isEmpty()) {
                options.put(option.longestName(), values);
            }
        }
        return new RunFile(command.name(), options, text);
    }

    /** As they are written on a command line; paths hold from any folder. */
    private static List<String> values(OptionSpec option) {
        Object value = option.getValue();
        List<?> all = value instanceof List<?> list ? list : value == null ? List.of() : List.of(value);
        return all.stream().map(v -> v instanceof Path path ? path.toAbsolutePath().normalize().toString() : v.toString()).toList();
    }

    static RunFile read(Path directory) throws IOException {
        Path file = directory.resolve(NAME);
        if (!Files.exists(file)) {
            throw new UserError(directory + " holds no run to resume: it has no " + NAME + ".");
        }
        JsonObject json = JsonObject.read(file);
        Map<String, List<String>> options = new LinkedHashMap<>();
        JsonObject given = json.object("options");
        for (String name : given.fields().keySet()) {
            options.put(name, given.strings(name));
        }
        return new RunFile(json.string("command", "train"), options, json.string("text")); // older ones lack the command
    }

    void write(Path directory) throws IOException {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("command", command);
        json.put("options", options);
        json.put("text", text);
        AtomicFiles.write(directory.resolve(NAME), Json.pretty(json));
    }

    /** The options as a command line. */
    String[] arguments() {
        List<String> arguments = new ArrayList<>();
        options.forEach((name, values) -> values.forEach(value -> arguments.add(name + "=" + value)));
        return arguments.toArray(String[]::new);
    }

    /** Refuses a command line that contradicts the run in {@code directory}; what it does not mention is as it was. */
    void checkAgrees(CommandSpec given, Path directory) {
        if (!given.name().equals(command)) {
            throw new UserError("The run in " + directory + " is one of 'nats " + command + "', which can go on with it.");
        }
        for (OptionSpec option : given.options()) {
            boolean asked = given.commandLine().getParseResult().hasMatchedOption(option);
            List<String> began = options.getOrDefault(option.longestName(), List.of());
            if (asked && !OF_THE_MOMENT.contains(option.longestName()) && !values(option).equals(began)) {
                throw new UserError("The run began with " + (began.isEmpty() ? "no " + option.longestName() : option.longestName() + " " + String.join(" ", began))
                        + ", not with " + String.join(" ", values(option)) + "; --resume needs only --out.");
            }
        }
    }

    /** Keeps other processes from working in the same folder until it is closed. */
    static FileChannel lock(Path directory) throws IOException {
        FileChannel channel = FileChannel.open(directory.resolve(NAME), StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return channel;
            }
        } catch (OverlappingFileLockException e) {
            // held in this process
        }
        channel.close();
        throw new UserError("Another nats is at work in " + directory + ".");
    }
}
