package org.neuralattention.bench.results;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.neuralattention.io.Json;
import org.neuralattention.io.JsonObject;

/**
 * How well a model knows books that it was not trained on, as {@code nats eval} measures it through the cache of generation.
 *
 * @param inDomain mean loss of a token over the ends of three books whose beginnings it was trained on, in nats
 * @param alice of another book
 * @param share KV share on the ends
 * @param aliceShare and on the other book
 * @param seconds that it was trained
 */
record BookScore(double inDomain, double alice, double share, double aliceShare, double seconds) {

    private static final List<String> ENDS = List.of("moby-dick-end.txt", "pride-and-prejudice-end.txt", "war-and-peace-end.txt");
    private static final String OTHER = "alice.txt";

    static List<String> ends(Place place) {
        return ENDS.stream().map(name -> place.book("valid").resolve(name).toString()).toList();
    }

    /** Asks a model. */
    static List<String> command(Place place, Path model) {
        List<String> args = new ArrayList<>(List.of("eval", "--json", "--model", model.toString(), "--context", place.quick() ? "64" : "1024",
                "--max-blocks", place.quick() ? "1" : "16", "--text"));
        args.addAll(ends(place));
        args.add(place.book("valid").resolve(OTHER).toString());
        return args;
    }

    /** Reads what a job left. */
    static BookScore of(Path file, String lines) {
        double inDomain = 0;
        double alice = 0;
        double share = 0;
        double aliceShare = 0;
        double seconds = 0;
        for (String line : lines.lines().toList()) {
            JsonObject json = JsonObject.of(file, Json.parse(file, line.getBytes(StandardCharsets.UTF_8)));
            String event = json.string("event");
            if (event.equals("job")) {
                seconds = json.doubleValue("seconds");
            } else if (event.equals("text") && json.string("text").equals(OTHER)) {
                alice = json.doubleValue("nll");
                aliceShare = json.doubleValue("kvShare");
            } else if (event.equals("text")) {
                inDomain += json.doubleValue("nll") / ENDS.size();
                share += json.doubleValue("kvShare") / ENDS.size();
            }
        }
        return new BookScore(inDomain, alice, share, aliceShare, seconds);
    }
}
