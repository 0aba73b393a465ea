package org.neuralattention.bench.results;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.neuralattention.bench.report.Numbers;

/**
 * What a model forgets that can recall: one that was taught to is searched, or tuned to a window of equal bytes, or run under policies that need no training.
 *
 * @param seeds of the searches
 */
record FactQuestion(int seeds) implements Question {

    /** Facts in a sequence, and its tokens. */
    record Size(int facts, int length) {}

    static final Size SIZE = new Size(8, 1024);

    /** Of a full cache. */
    private static final List<String> BUDGETS = List.of("0.2", "0.1");

    private static final List<String> HEADER = List.of("", "seed", "recall", "KV share", "loss", "other book", "KV share", "time");

    private static final String CAPTION = "Eight facts stand in the first half of 1,024 tokens of book text, and all are asked for at the end: recall is the share of numbers of which all five digits are "
            + "right, of 200 in books that were not trained on; the KV share beside it is what is held meanwhile. Then as in the other tables: losses on plain text, its KV share, time of training.";

    @Override
    public String name() {
        return "facts";
    }

    @Override
    public String title() {
        return "A model that recalls facts, with less and less cache";
    }

    private static Job taught() {
        return new TeachJob(SIZE);
    }

    private static SearchJob searched(Place place, String budget, int seed) {
        return search(place, "facts-roles-" + percent(budget) + "-" + seed, seed, "--target-kv", budget);
    }

    private static SearchJob window(Place place, String budget, int seed) {
        int window = Books.window(Double.parseDouble(budget));
        return search(place, "facts-window-" + window + "-" + seed, seed, "--sinks", String.valueOf(Books.SINKS), "--windows", String.valueOf(window), "--without", "global,local");
    }

    private static SearchJob search(Place place, String name, int seed, String... options) {
        List<String> all = new ArrayList<>(Books.search(place, place.folder(taught().name()), seed));
        all.addAll(List.of("--facts", String.valueOf(SIZE.facts()), "--steps", "400"));
        all.addAll(List.of(options));
        return new SearchJob(name, all, SIZE);
    }

    private static long percent(String budget) {
        return Math.round(100 * Double.parseDouble(budget));
    }

    @Override
    public List<Job> jobs(Place place) {
        List<Job> jobs = new ArrayList<>(List.of(taught()));
        IntStream.rangeClosed(1, seeds).forEach(seed -> BUDGETS.forEach(budget -> jobs.add(searched(place, budget, seed))));
        BUDGETS.forEach(budget -> jobs.add(window(place, budget, 1)));
        return jobs;
    }

    @Override
    public Table table(Place place) throws IOException {
        List<List<String>> rows = new ArrayList<>();
        Path taught = place.file(taught().name());
        if (Files.exists(taught)) {
            String lines = Files.readString(taught);
            List<FactScore> scores = FactScore.of(taught, lines);
            rows.add(row("taught, full attention", "", scores.getFirst(), BookScore.of(taught, lines)));
            for (FactScore score : scores) {
                if (score.budget() != null) {
                    rows.add(List.of("  " + score.policy() + ", " + percent(score.budget()) + " %", "", Numbers.fixed(score.recall(), 3), Numbers.percent(score.share()), "", "", "", ""));
                }
            }
        }
        for (String budget : BUDGETS) {
            for (int seed = 1; seed <= seeds; seed++) {
                add(rows, "roles: " + percent(budget) + " %", seed, place.file(searched(place, budget, seed).name()));
            }
            add(rows, "window, tuned: " + percent(budget) + " %", 1, place.file(window(place, budget, 1).name()));
        }
        return new Table(CAPTION, HEADER, rows);
    }

    private static void add(List<List<String>> rows, String label, int seed, Path file) throws IOException {
        if (Files.exists(file)) {
            String lines = Files.readString(file);
            rows.add(row(label, String.valueOf(seed), FactScore.of(file, lines).getFirst(), BookScore.of(file, lines)));
        }
    }

    private static List<String> row(String label, String seed, FactScore facts, BookScore book) {
        return List.of(label, seed, Numbers.fixed(facts.recall(), 3), Numbers.percent(facts.share()), Numbers.fixed(book.inDomain(), 4), Numbers.fixed(book.alice(), 4),
                Numbers.percent(book.share()), Numbers.duration(book.seconds()));
    }
}
