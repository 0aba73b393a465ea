package org.neuralattention.bench.results;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code nats search}, and what {@code nats eval} then says of the model, and {@code nats evaluate} if it is asked for facts.
 *
 * @param options of the search, but for {@code --out}
 * @param facts what it is asked for; null for nothing
 */
record SearchJob(String name, List<String> options, FactQuestion.Size facts) implements Job {

    SearchJob {
        options = List.copyOf(options);
    }

    @Override
    public String command(Place place) {
        return "nats " + String.join(" ", search(place, false));
    }

    @Override
    public String run(Place place) throws IOException {
        Path folder = place.folder(name);
        Stopwatch watch = new Stopwatch(place.out().resolve(name + ".seconds"));
        boolean ended = place.tell(search(place, Files.exists(folder)));
        watch.keep();
        if (!ended) {
            return null;
        }
        List<String> books = BookScore.command(place, folder);
        return facts == null ? place.ask(this, watch.seconds(), books)
                : place.ask(this, watch.seconds(), books, FactScore.command(place, folder, facts, "learned", "0.5"));
    }

    private List<String> search(Place place, boolean resume) {
        List<String> args = new ArrayList<>(List.of("search"));
        if (resume) {
            args.add("--resume");
        } else {
            args.addAll(options);
            if (place.quick()) {
                args.addAll(List.of("--steps", "4", "--batch", "2"));
                args.addAll(facts == null ? List.of("--seq-len", "64") : List.of());
            }
        }
        args.addAll(List.of("--out", place.folder(name).toString()));
        return args;
    }
}
