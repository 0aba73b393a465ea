package org.neuralattention.bench.results;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.neuralattention.io.Json;
import org.neuralattention.io.JsonObject;

/**
 * How many planted facts a model recalls under a cache policy, as {@code nats evaluate} measures it.
 *
 * @param policy as the command line has it
 * @param budget share of a full cache, as the command line has it; null for a policy without one
 * @param recall share of the numbers of which all digits are right
 * @param share KV share behind the prompt, while the numbers are asked for
 */
record FactScore(String policy, String budget, double recall, double share) {

    /** Asks a model, under policies and with budgets that are separated by commas. */
    static List<String> command(Place place, Path model, FactQuestion.Size size, String policies, String budgets) {
        List<String> args = new ArrayList<>(List.of("evaluate", "--json", "--model", model.toString(), "--tasks", "facts:" + size.facts(), "--context", String.valueOf(size.length()),
                "--sequences", place.quick() ? "1" : "25", "--seeds", "1", "--policies", policies, "--budgets", budgets, "--text"));
        args.addAll(BookScore.ends(place));
        return args;
    }

    /** Reads what a job left. */
    static List<FactScore> of(Path file, String lines) {
        List<FactScore> scores = new ArrayList<>();
        for (String line : lines.lines().toList()) {
            JsonObject json = JsonObject.of(file, Json.parse(file, line.getBytes(StandardCharsets.UTF_8)));
            if (json.string("event").equals("score")) {
                scores.add(new FactScore(json.string("policy"), json.string("budget", null), json.doubleValue("value"), json.doubleValue("kvShareBehindPrompt")));
            }
        }
        return scores;
    }
}
