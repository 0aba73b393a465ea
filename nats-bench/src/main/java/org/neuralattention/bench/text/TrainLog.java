package org.neuralattention.bench.text;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.neuralattention.io.AtomicFiles;
import org.neuralattention.io.Json;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.train.Evaluation;
import org.neuralattention.train.StepReport;

/**
 * The run's losses, a line of JSON for each step and each evaluation. Nothing in it depends on time or machine, and numbers are
 * written so that they are read back to the bit: the log of a run that was resumed is, byte for byte, that of one that never stopped.
 */
final class TrainLog implements Closeable {

    private final Path path;
    private final FileChannel file;

    private TrainLog(Path path, FileChannel file) {
        this.path = path;
        this.file = file;
    }

    /** Opens the log of a run that stands after {@code steps} steps; what it did beyond them before it was cut off is removed. */
    static TrainLog open(Path path, long steps) throws IOException {
        StringBuilder kept = new StringBuilder();
        if (Files.exists(path)) {
            String[] lines = Files.readString(path, StandardCharsets.UTF_8).split("(?<=\n)");
            for (String line : lines) {
                if (!isWithin(path, line, steps)) {
                    break;
                }
                kept.append(line);
            }
        }
        AtomicFiles.write(path, kept.toString());
        return new TrainLog(path, FileChannel.open(path, StandardOpenOption.WRITE, StandardOpenOption.APPEND));
    }

    private static boolean isWithin(Path path, String line, long steps) {
        if (!line.endsWith("\n")) {
            return false;
        }
        try {
            return JsonObject.of(path, Json.parse(path, line.getBytes(StandardCharsets.UTF_8))).longValue("steps") <= steps;
        } catch (ModelFormatException cutOff) {
            return false;
        }
    }

    /** What was written by {@link #dense}, if it was. */
    Optional<Dense> dense() throws IOException {
        try (Stream<String> lines = Files.lines(path)) {
            Optional<JsonObject> first = lines.findFirst().map(line -> JsonObject.of(path, Json.parse(path, line.getBytes(StandardCharsets.UTF_8))));
            return first.filter(json -> json.string("event").equals("dense"))
                    .map(json -> new Dense(json.doubleValue("lookNll"), json.doubleValue("nll"), json.longValue("tokens")));
        }
    }

    /** The first line of a search. */
    void dense(Dense dense) throws IOException {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("event", "dense");
        line.put("steps", 0);
        line.put("lookNll", dense.lookNll());
        line.put("nll", dense.nll());
        line.put("tokens", dense.tokens());
        write(line);
    }

    /**
     * What the model that a search begins with reaches with a full cache on the held-out text.
     *
     * @param lookNll on that of a look between the steps
     * @param nll on that of the end
     * @param tokens how many these are
     */
    record Dense(double lookNll, double nll, long tokens) {}

    void step(StepReport step) throws IOException {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("event", "step");
        line.put("steps", step.step() + 1);
        line.put("loss", step.loss());
        line.put("gradNorm", step.gradNorm());
        line.put("lr", step.lr());
        line.put("price", step.price());
        line.put("kvShare", step.share());
        line.put("bestKvShare", step.bestShare());
        write(line);
    }

    void evaluation(long steps, Evaluation.Result result) throws IOException {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("event", "evaluation");
        line.put("steps", steps);
        line.put("nll", result.nll());
        line.put("tokens", result.tokens());
        line.put("kvShare", result.share());
        line.put("roles", result.roles());
        write(line);
    }

    private void write(Map<String, Object> line) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap((Json.compact(line) + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
    }

    /** To the disk; before a checkpoint, so that the log is never behind it. */
    void force() throws IOException {
        file.force(false);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
