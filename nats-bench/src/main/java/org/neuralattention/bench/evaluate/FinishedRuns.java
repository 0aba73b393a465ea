package org.neuralattention.bench.evaluate;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.bench.tasks.TaskScore;
import org.neuralattention.eval.KvUse;
import org.neuralattention.io.AtomicFiles;
import org.neuralattention.io.Json;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFormatException;

/**
 * The runs of evaluations that are finished, a line of JSON each, which is on the disk before the next one begins: an evaluation that was interrupted
 * goes on behind the last of them. Nothing in it depends on time or machine, and numbers are read back to the bit.
 */
final class FinishedRuns implements Closeable {

    /** Keeps nothing. */
    static final FinishedRuns NONE = new FinishedRuns(null, null);

    private static final String START = "{\"event\":\"run\",";

    /** How a run is called. What was asked is told by two checksums: that of the model's files, and that of the task's sequences. */
    private record Name(String model, String task, int context, int sequences, String policy, String budget, int seed) {}

    private record Run(String modelChecksum, String sequencesChecksum, TaskScore score) {}

    /** What a seed makes of a task. */
    private record Asked(Trial trial, int seed) {}

    private final Path path;
    private final FileChannel file;
    private final Map<Name, Run> runs = new HashMap<>();
    private final Map<Path, String> models = new HashMap<>(); // their checksums
    private final Map<Asked, String> sequences = new HashMap<>();

    private FinishedRuns(Path path, FileChannel file) {
        this.path = path;
        this.file = file;
    }

    /**
     * Reads a file of runs, or begins one. What a process was writing when it was killed is removed.
     *
     * @throws UserError if the file is something else, or another process is at work on it
     * @throws ModelFormatException if a line is not what was written there
     */
    static FinishedRuns open(Path path) throws IOException {
        AtomicFiles.createDirectories(path.toAbsolutePath().getParent());
        FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            lock(path, file);
            FinishedRuns finished = new FinishedRuns(path, file);
            finished.read();
            return finished;
        } catch (Throwable failure) {
            file.close();
            throw failure;
        }
    }

    private static void lock(Path path, FileChannel file) throws IOException {
        try {
            if (file.tryLock() != null) {
                return;
            }
        } catch (OverlappingFileLockException e) {
            // held in this process
        }
        throw new UserError("Another nats is at work on " + path + ".");
    }

    private void read() throws IOException {
        byte[] start = START.getBytes(StandardCharsets.UTF_8);
        byte[] first = bytes((int) Math.min(start.length, file.size()));
        if (!Arrays.equals(first, Arrays.copyOf(start, first.length))) { // also of a large file, before memory is taken
            throw new UserError("--out " + path + " is not a file of runs of nats evaluate; give another name.");
        }
        if (file.size() > Integer.MAX_VALUE - 8) {
            throw new ModelFormatException(path, "has " + file.size() + " bytes: must be less than 2 GiB");
        }
        byte[] all = bytes((int) file.size());
        int from = 0;
        int number = 1;
        for (int i = 0; i < all.length; i++) {
            if (all[i] == '\n') {
                take(JsonObject.of(path + ", line " + number, Json.parse(path + ", line " + number, Arrays.copyOfRange(all, from, i))));
                from = i + 1;
                number++;
            }
        }
        file.truncate(from).position(from);
    }

    /** From the beginning of the file. */
    private byte[] bytes(int n) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(n);
        while (bytes.hasRemaining() && file.read(bytes, bytes.position()) >= 0) {
            // the rest
        }
        return bytes.array();
    }

    private void take(JsonObject line) {
        Name name = new Name(line.string("model"), line.string("task"), line.intValue("context"), line.intValue("sequences"), line.string("policy"),
                line.string("budget", ""), line.intValue("seed"));
        JsonObject use = line.object("use");
        int heads = longs(use, use.list("headPairs")).size();
        List<List<Long>> roles = use.list("roleCounts").stream().map(counts -> longs(use, counts instanceof List<?> list ? list : List.of(""))).toList();
        if (heads == 0 || roles.size() != heads) {
            throw new ModelFormatException(use.source(), "\"headPairs\" of " + heads + " heads, \"roleCounts\" of " + roles.size() + ": must be of the same");
        }
        KvUse kvUse = new KvUse(use.longValue("sequences"), use.longValue("steps"), longs(use, use.list("headPairs")), use.longValue("causalPairs"),
                use.longValue("behindPairs"), use.longValue("behindCausalPairs"), use.longValue("behindSteps"), use.longValue("peakKeys"), use.intValue("keyBytes"), roles);
        List<Double> losses = line.list("losses").stream().map(loss -> loss instanceof Number number ? number.doubleValue() : wrong(line, loss, Double.class)).toList();
        TaskScore score = new TaskScore(measure(line), line.longValue("asked"), line.doubleValue("points"), losses, kvUse);
        runs.put(name, new Run(line.string("modelChecksum"), line.string("sequencesChecksum"), score));
    }

    private static TaskScore.Measure measure(JsonObject line) {
        return Arrays.stream(TaskScore.Measure.values()).filter(measure -> measure.name().equals(line.string("measure"))).findFirst()
                .orElseThrow(() -> new ModelFormatException(line.source(), "\"measure\" is " + line.string("measure") + ": must be " + Arrays.toString(TaskScore.Measure.values())));
    }

    private static List<Long> longs(JsonObject in, List<?> list) {
        return list.stream().map(element -> element instanceof Long value ? value : wrong(in, element, Long.class)).toList();
    }

    private static <T> T wrong(JsonObject in, Object element, Class<T> wanted) {
        throw new ModelFormatException(in.source(), "holds a list with " + element + ": must be numbers (" + wanted.getSimpleName() + ")");
    }

    /**
     * What came out of a run; null if it is still to be done.
     *
     * @throws UserError if the file has one of that name in which another model or other sequences were asked
     */
    TaskScore score(Plan plan, Trial trial, Trial.Cell cell, int seed) throws IOException {
        Run run = runs.get(name(plan, trial, cell, seed));
        if (run == null) {
            return null;
        }
        boolean sameModel = run.modelChecksum.equals(checksum(plan));
        if (!sameModel || !run.sequencesChecksum.equals(checksum(trial, seed))) {
            throw new UserError("--out " + path + " belongs to another question: it has runs of " + (sameModel ? "'" + trial.name() + "' with other sequences, of another text or tokenizer"
                    : "another model called '" + plan.name() + "', or of an earlier state of it") + ". Give another name.");
        }
        return run.score;
    }

    /** Tokens of those runs of a plan that are still to be done. */
    long tokensLeft(Plan plan) throws IOException {
        long tokens = 0;
        for (Trial trial : plan.trials()) {
            for (Trial.Cell cell : trial.cells()) {
                for (int seed = 0; seed < cell.seeds(); seed++) {
                    tokens += score(plan, trial, cell, seed) == null ? trial.tokens() : 0;
                }
            }
        }
        return tokens;
    }

    /** A run that is complete; one whose score is no number is not kept. */
    void add(Plan plan, Trial trial, Trial.Cell cell, int seed, TaskScore score) throws IOException {
        if (file == null || !Double.isFinite(score.points())) {
            return;
        }
        Name name = name(plan, trial, cell, seed);
        KvUse use = score.use();
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("event", "run");
        line.put("model", name.model);
        line.put("modelChecksum", checksum(plan));
        line.put("task", name.task);
        line.put("sequencesChecksum", checksum(trial, seed));
        line.put("context", name.context);
        line.put("sequences", name.sequences);
        line.put("policy", name.policy);
        line.put("budget", name.budget.isEmpty() ? null : name.budget);
        line.put("seed", name.seed);
        line.put("measure", score.measure().name());
        line.put("asked", score.asked());
        line.put("points", score.points());
        line.put("losses", score.losses());
        line.put("use", json(use));
        ByteBuffer bytes = ByteBuffer.wrap((Json.compact(line) + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
        file.force(false);
    }

    private static Map<String, Object> json(KvUse use) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("sequences", use.sequences());
        json.put("steps", use.steps());
        json.put("headPairs", use.headPairs());
        json.put("causalPairs", use.causalPairs());
        json.put("behindPairs", use.behindPairs());
        json.put("behindCausalPairs", use.behindCausalPairs());
        json.put("behindSteps", use.behindSteps());
        json.put("peakKeys", use.peakKeys());
        json.put("keyBytes", use.keyBytes());
        json.put("roleCounts", use.roleCounts());
        return json;
    }

    private static Name name(Plan plan, Trial trial, Trial.Cell cell, int seed) {
        return new Name(plan.name(), trial.name(), trial.context(), trial.sequences(), cell.policy().option(), cell.budget(), seed);
    }

    private String checksum(Plan plan) throws IOException {
        String known = models.get(plan.path());
        if (known == null) {
            known = Checksums.ofModel(plan.path());
            models.put(plan.path(), known);
        }
        return known;
    }

    private String checksum(Trial trial, int seed) {
        return sequences.computeIfAbsent(new Asked(trial, seed), asked -> Checksums.ofSequences(trial.task(), seed, trial.sequences()));
    }

    @Override
    public void close() throws IOException {
        if (file != null) {
            file.close();
        }
    }
}
