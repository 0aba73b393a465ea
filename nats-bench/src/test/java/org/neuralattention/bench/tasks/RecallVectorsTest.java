package org.neuralattention.bench.tasks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.neuralattention.io.Json;

/** vectors/mqar.json holds what the recall tasks give; {@code main} writes it. */
class RecallVectorsTest {

    private static final long SEED = 20251123;

    @Test
    void theFileIsWhatTheTasksGive() throws IOException {
        assertEquals(text(), Files.readString(Path.of(System.getProperty("nats.root", ".."), "vectors", "mqar.json")));
    }

    /** Writes the file {@code args[0]}. */
    public static void main(String[] args) throws IOException {
        Files.writeString(Path.of(args[0]), text());
    }

    private static String text() {
        List<Object> scattered = new ArrayList<>();
        scattered.add(scattered(new Mqar(8, 8, 16, 3, 24), true, 0));
        scattered.add(scattered(new Mqar(8, 8, 16, 3, 24), true, 1));
        scattered.add(scattered(new Mqar(8, 8, 16, 3, 24), false, 0));
        scattered.add(scattered(Mqar.of(8, 64), false, 5));
        List<Object> zoology = new ArrayList<>();
        zoology.add(zoology(new ZoologyMqar(64, 24, 4, 1), 0));
        zoology.add(zoology(new ZoologyMqar(128, 48, 6, 0.01), 3));
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("about", "Sequences of the recall tasks: docs/vectors.md, section mqar.json");
        tree.put("scattered", scattered);
        tree.put("zoology", zoology);
        return Json.pretty(tree);
    }

    private static Map<String, Object> scattered(Mqar task, boolean training, long index) {
        int[] ids = new int[task.length()];
        int[] targets = new int[task.length()];
        if (training) {
            task.training(ids, 0, targets, 0, SEED, index);
        } else {
            task.evaluation(ids, 0, targets, 0, SEED, index);
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("keys", task.keys());
        fields.put("values", task.values());
        fields.put("filler", task.filler());
        fields.put("pairs", task.pairs());
        fields.put("length", task.length());
        fields.put("form", training ? "training" : "evaluation");
        return sequence(fields, index, ids, targets);
    }

    private static Map<String, Object> zoology(ZoologyMqar task, long index) {
        int[] ids = new int[task.length()];
        int[] targets = new int[task.length()];
        task.sequence(ids, 0, targets, 0, SEED, index);
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("vocab_size", task.vocabSize());
        fields.put("length", task.length());
        fields.put("pairs", task.pairs());
        fields.put("a", task.a());
        return sequence(fields, index, ids, targets);
    }

    private static Map<String, Object> sequence(Map<String, Object> fields, long index, int[] ids, int[] targets) {
        fields.put("seed", SEED);
        fields.put("index", index);
        fields.put("ids", Arrays.stream(ids).boxed().toList());
        fields.put("targets", Arrays.stream(targets).boxed().toList());
        return fields;
    }
}
