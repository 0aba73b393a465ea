package org.neuralattention.bench.results;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.io.Json;
import org.neuralattention.io.JsonObject;

/**
 * What a model of books that was taught to recall planted facts keeps of them.
 *
 * @param seeds of each search
 */
record FactsQuestion(int seeds) implements Question {

    private static final double[] SHARES = {0.2, 0.1};

    private static final List<String> HEADER = List.of("", "recall", "KV share", "bytes", "loss", "other book", "time");

    private static final String CAPTION = "Eight facts in the first half of 1,024 tokens of books, all asked at the end; recall: share of facts with all five digits right, KV share and mean bytes "
            + "on the same sequences. Mean loss of a token in nats, first on the ends of three books whose beginnings were trained on, then on a book of its own.";

    @Override
    public String name() {
        return "facts";
    }

    @Override
    public String title() {
        return "Planted facts in books: what is kept so that they are recalled";
    }

    @Override
    public List<Job> jobs(Place place) {
        List<Job> jobs = new ArrayList<>(List.of(FactsJob.teach())); // the others begin with its model
        for (int seed = 1; seed <= seeds; seed++) {
            for (double share : SHARES) {
                jobs.add(new FactsJob(share, seed));
            }
        }
        return jobs;
    }

    @Override
    public Table table(Place place) throws IOException {
        List<List<String>> rows = new ArrayList<>();
        for (Job job : jobs(place)) {
            if (place.done(job)) {
                rows.add(row(job.command(place), place.file(job.name())));
            }
        }
        return new Table(CAPTION, HEADER, rows);
    }

    private static List<String> row(String label, Path file) throws IOException {
        String lines = Files.readString(file);
        BookScore score = BookScore.of(file, lines);
        JsonObject facts = lines.lines().map(line -> JsonObject.of(file, Json.parse(file, line.getBytes(StandardCharsets.UTF_8))))
                .filter(line -> line.string("event").equals("facts")).findFirst().orElseThrow();
        return List.of(label, Numbers.fixed(facts.doubleValue("recall"), 4), Numbers.percent(facts.doubleValue("kvShare")), Numbers.fixed(facts.doubleValue("meanBytes"), 0),
                Numbers.fixed(score.inDomain(), 4), Numbers.fixed(score.alice(), 4), Numbers.duration(score.seconds()));
    }
}
