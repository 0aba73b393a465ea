package org.neuralattention.bench.results;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.bench.results.BookQuestion.Row;

/** What is asked of models/books-llama. Rows that are the same in two questions have the same name, and are run once. */
final class Books {

    /** Tokens of a sequence, and of a block that is measured. */
    private static final int LENGTH = 1024;

    static final int SINKS = 4;

    private static final double[] BUDGETS = {0.05, 0.1, 0.2, 0.4};

    private Books() {}

    /** Learned roles beside a window that always has the same size, at equal bytes, both trained as long. */
    static BookQuestion budgets(int seeds) {
        List<Row> rows = new ArrayList<>();
        rows.add(dense(seeds));
        for (double budget : BUDGETS) {
            rows.add(roles(budget, seeds));
            int window = window(budget);
            rows.add(new Row(SINKS + " sinks and a window of " + window, "window-" + window, seeds,
                    List.of("--sinks", String.valueOf(SINKS), "--windows", String.valueOf(window), "--without", "global,local")));
        }
        return new BookQuestion("budgets", "Learned roles beside a fixed window trained as long, at equal bytes", rows);
    }

    /** One window of 16, at the shares of the reference. */
    static BookQuestion oneWindow(int seeds) {
        List<Row> rows = new ArrayList<>();
        for (double share : new double[] {0.38, 0.19, 0.12}) {
            rows.add(new Row("global, local, a window of 16: " + Numbers.percent(share), "one-window-" + percent(share), seeds,
                    List.of("--windows", "16", "--target-kv", String.valueOf(share))));
        }
        return new BookQuestion("one-window", "One window of 16, as in the reference", rows);
    }

    /** What has to be changed in a model so that its cache can be small. */
    static BookQuestion tuning() {
        List<Row> rows = new ArrayList<>();
        for (double budget : new double[] {0.2, 0.4, 0.6}) {
            rows.add(roles(budget, 1));
            for (String loss : List.of("lm", "kl", "hidden")) {
                rows.add(tuned("only the roles, loss " + loss, "scorers-" + loss, budget, "--tune", "scorers", "--loss", loss));
            }
            rows.add(tuned("low-rank changes", "lora", budget, "--tune", "lora", "--lr", "0.001"));
        }
        return new BookQuestion("tuning", "Only the roles, low-rank changes, or all weights", rows);
    }

    /** What a part of the method is good for. */
    static BookQuestion ablations() {
        double budget = 0.2;
        return new BookQuestion("ablations", "What each part is good for, at " + Numbers.percent(budget), List.of(
                dense(1),
                roles(budget, 1),
                tuned("without local", "no-local", budget, "--without", "local"),
                tuned("without sliding", "no-sliding", budget, "--without", "sliding"),
                tuned("one window of 16", "one-window", budget, "--windows", "16"),
                tuned("one window of 128", "window-of-128", budget, "--windows", "128"),
                tuned("role gradient of one tile in four", "gradient-4", budget, "--role-gradient", "1/4"),
                tuned("role gradient of the published kernels", "gradient-published", budget, "--role-gradient", "published"),
                tuned("scorers not detached", "through", budget, "--scorer-gradient", "through")));
    }

    private static Row dense(int seeds) {
        return new Row("full attention", "dense", seeds, List.of("--without", "local,sliding"));
    }

    private static Row roles(double budget, int seeds) {
        return new Row("roles: " + Numbers.percent(budget), "roles-" + percent(budget), seeds, List.of("--target-kv", String.valueOf(budget)));
    }

    private static Row tuned(String label, String name, double budget, String... options) {
        List<String> all = new ArrayList<>(List.of("--target-kv", String.valueOf(budget)));
        all.addAll(List.of(options));
        return new Row(label + ": " + Numbers.percent(budget), name + "-" + percent(budget), 1, all);
    }

    /** Options of every search. */
    static List<String> search(Place place, Path model, int seed) {
        List<String> options = new ArrayList<>(List.of("--model", model.toString(), "--text", place.book("train").toString(), "--valid"));
        options.addAll(BookScore.ends(place));
        options.addAll(List.of("--seed", String.valueOf(seed), "--eval-every", "100"));
        return options;
    }

    private static long percent(double share) {
        return Math.round(100 * share);
    }

    /** The window that with the sinks holds as near to a share as can be. */
    static int window(double share) {
        int window = 1;
        while (Math.abs(shareOf(window + 1) - share) < Math.abs(shareOf(window) - share)) {
            window++;
        }
        return window;
    }

    private static double shareOf(int window) {
        long pairs = 0;
        for (int row = 0; row < LENGTH; row++) {
            pairs += Math.min(row + 1, window + 1 + SINKS);
        }
        return pairs / (LENGTH * (LENGTH + 1) / 2.0);
    }
}
