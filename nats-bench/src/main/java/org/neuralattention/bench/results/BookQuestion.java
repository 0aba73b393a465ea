package org.neuralattention.bench.results;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.neuralattention.bench.report.Numbers;

/**
 * What searches make of a model of books.
 *
 * @param rows one under the other
 */
record BookQuestion(String name, String title, List<Row> rows) implements Question {

    private static final List<String> HEADER = List.of("", "seeds", "loss", "other book", "KV share", "there", "time");

    private static final String CAPTION = "Mean loss of a token in nats, first on the ends of three books whose beginnings were trained on, then on a book of its own; "
            + "and the KV share on both. ± half of what lies between the seeds. Blocks of 1,024 tokens, the first 16 of each text; time of a training, mean of the seeds.";

    /**
     * Searches that differ in their seed only.
     *
     * @param label for the table; with no options, a heading
     * @param name of the jobs, without the seed
     * @param options of the search, but for model, texts and seed
     */
    record Row(String label, String name, int seeds, List<String> options) {

        Job job(Place place, int seed) {
            List<String> all = new ArrayList<>(Books.search(place, place.model("books-llama"), seed));
            all.addAll(options);
            return new SearchJob(name + "-" + seed, all, null);
        }
    }

    @Override
    public List<Job> jobs(Place place) {
        int most = rows.stream().mapToInt(Row::seeds).max().orElse(0);
        return IntStream.rangeClosed(1, most).boxed()
                .flatMap(seed -> rows.stream().filter(row -> row.seeds() >= seed).map(row -> row.job(place, seed))).toList();
    }

    @Override
    public Table table(Place place) throws IOException {
        List<List<String>> lines = new ArrayList<>();
        for (Row row : rows) {
            List<BookScore> scores = scores(row, place);
            if (!scores.isEmpty()) {
                lines.add(List.of(row.label(), String.valueOf(scores.size()), spread(scores, BookScore::inDomain), spread(scores, BookScore::alice),
                        Numbers.percent(mean(scores, BookScore::share)), Numbers.percent(mean(scores, BookScore::aliceShare)),
                        Numbers.duration(mean(scores, BookScore::seconds))));
            }
        }
        return new Table(CAPTION, HEADER, lines);
    }

    private static List<BookScore> scores(Row row, Place place) throws IOException {
        List<BookScore> scores = new ArrayList<>();
        for (int seed = 1; seed <= row.seeds(); seed++) {
            Path file = place.file(row.job(place, seed).name());
            if (Files.exists(file)) {
                scores.add(BookScore.of(file, Files.readString(file)));
            }
        }
        return scores;
    }

    private static double mean(List<BookScore> scores, ToDoubleFunction<BookScore> of) {
        return scores.stream().mapToDouble(of).average().orElseThrow();
    }

    private static String spread(List<BookScore> scores, ToDoubleFunction<BookScore> of) {
        double[] sorted = scores.stream().mapToDouble(of).sorted().toArray();
        String mean = Numbers.fixed(mean(scores, of), 4);
        return sorted.length == 1 ? mean : mean + " ± " + Numbers.fixed((sorted[sorted.length - 1] - sorted[0]) / 2, 4);
    }
}
