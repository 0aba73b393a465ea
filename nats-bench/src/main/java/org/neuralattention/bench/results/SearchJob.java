package org.neuralattention.bench.results;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.neuralattention.io.Json;

/**
 * {@code nats search}, and what {@code nats eval} then says of the model.
 *
 * @param options of the search, but for {@code --out}
 */
record SearchJob(String name, List<String> options) implements Job {

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
        String scores = ended ? place.ask(BookScore.command(place, folder)) : null;
        if (scores == null) {
            return null;
        }
        Map<String, Object> job = new LinkedHashMap<>();
        job.put("event", "job");
        job.put("command", command(place));
        job.put("seconds", watch.seconds());
        return Json.compact(job) + "\n" + scores;
    }

    private List<String> search(Place place, boolean resume) {
        List<String> args = new ArrayList<>(List.of("search"));
        if (resume) {
            args.add("--resume");
        } else {
            args.addAll(options);
            if (place.quick()) {
                args.addAll(List.of("--steps", "4", "--batch", "2", "--seq-len", "64"));
            }
        }
        args.addAll(List.of("--out", place.folder(name).toString()));
        return args;
    }
}
