package org.neuralattention.bench.results;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.io.Json;
import org.neuralattention.io.JsonObject;

/**
 * What a model that learns from scratch keeps in order to recall.
 *
 * @param seeds of each number of pairs
 */
record RecallQuestion(int seeds) implements Question {

    private static final List<Integer> PAIRS = List.of(8, 16);

    private static final List<String> HEADER = List.of("pairs", "tokens", "seed", "recall", "bytes", "KV share", "oracle: recall", "bytes", "window: recall", "bytes", "time");

    private static final String CAPTION = "Pairs scattered in the first half of a sequence, each key asked once in the second. Recall: share of the values that are right; bytes: of keys and "
            + "values in float32 in all layers and heads, mean of all steps. Oracle: the same model, but every layer and head holds the first token, all tokens of pairs and the last four. "
            + "Window: a model trained as long with four sinks and the smallest window that holds at least as many bytes at 256 tokens. Trained at 256 tokens; time of both trainings.";

    @Override
    public String name() {
        return "recall";
    }

    @Override
    public String title() {
        return "Recall from scratch, beside an oracle and a window of equal bytes";
    }

    @Override
    public List<Job> jobs(Place place) {
        return IntStream.rangeClosed(1, seeds).boxed().<Job>flatMap(seed -> PAIRS.stream().map(pairs -> new RecallJob(pairs, seed))).toList();
    }

    @Override
    public Table table(Place place) throws IOException {
        List<List<String>> rows = new ArrayList<>();
        for (int pairs : PAIRS) {
            for (int length : RecallJob.LENGTHS) {
                for (int seed = 1; seed <= seeds; seed++) {
                    Path file = place.file(new RecallJob(pairs, seed).name());
                    if (Files.exists(file)) {
                        rows.add(row(pairs, length, seed, lines(file)));
                    }
                }
            }
        }
        return new Table(CAPTION, HEADER, rows);
    }

    private static List<JsonObject> lines(Path file) throws IOException {
        return Files.readAllLines(file).stream().map(line -> JsonObject.of(file, Json.parse(file, line.getBytes(StandardCharsets.UTF_8)))).toList();
    }

    private static List<String> row(int pairs, int length, int seed, List<JsonObject> lines) {
        List<String> row = new ArrayList<>(List.of(String.valueOf(pairs), String.valueOf(length), String.valueOf(seed)));
        for (String policy : List.of("learned", "oracle", "window")) {
            JsonObject asked = lines.stream().filter(line -> line.string("event").equals("recall") && line.string("policy").equals(policy)
                    && line.intValue("length") == length).findFirst().orElseThrow();
            row.add(Numbers.fixed(asked.doubleValue("recall"), 4));
            row.add(Numbers.fixed(asked.doubleValue("meanBytes"), 0));
            if (policy.equals("learned")) {
                row.add(Numbers.percent(asked.doubleValue("kvShare")));
            }
        }
        row.add(Numbers.duration(lines.stream().filter(line -> line.string("event").equals("trained")).mapToDouble(line -> line.doubleValue("seconds")).sum()));
        return row;
    }
}
