package org.neuralattention.train;

import java.util.LinkedHashMap;
import java.util.Map;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFormatException;

/** How the price of the cache (spec 4.1) is found at each step: given beforehand, or moved until a wanted share is kept. */
public sealed interface Price permits PriceSchedule, KvTarget {

    /**
     * What a run remembers of its price between two steps.
     *
     * @param price of the next step, in nats for keeping everything
     * @param error by how much the last step's share was above the wanted one; 0 where none is wanted
     * @param from the share that was kept when the run began; 0 before its first step, and where none is wanted
     */
    record State(double price, double error, double from) {

        /** As a JSON object for {@link org.neuralattention.io.Json}, which keeps every bit. */
        Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("price", price);
            json.put("error", error);
            json.put("from", from);
            return json;
        }

        static State fromJson(JsonObject json) {
            return new State(json.doubleValue("price"), json.doubleValue("error"), json.has("from") ? json.doubleValue("from") : 1); // older ones lack it: all began with a full cache
        }
    }

    /** The state of a run that goes on with this price from {@code step}. */
    State start(long step);

    /**
     * The state behind a step.
     *
     * @param before that of the step
     * @param share KV share of its roles, as they were drawn
     * @param bestShare KV share of the most likely ones
     */
    State next(State before, long step, double share, double bestShare);

    /** As a JSON object for {@link org.neuralattention.io.Json}. */
    default Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        switch (this) {
            case PriceSchedule(double price, long start, long ramp) -> {
                json.put("kind", "schedule");
                json.put("price", price);
                json.put("start", start);
                json.put("ramp", ramp);
            }
            case KvTarget(double share, double firstPrice, long rampSteps) -> {
                json.put("kind", "kv_target");
                json.put("share", share);
                json.put("first_price", firstPrice);
                json.put("ramp_steps", rampSteps);
            }
        }
        return json;
    }

    /** Reads what {@link #toJson} writes. */
    static Price fromJson(JsonObject json) {
        String kind = json.string("kind");
        return switch (kind) {
            case "schedule" -> new PriceSchedule(json.doubleValue("price"), json.longValue("start"), json.longValue("ramp"));
            case "kv_target" -> new KvTarget(json.doubleValue("share"), json.doubleValue("first_price"), json.longValue("ramp_steps"));
            default -> throw new ModelFormatException(json.source(), "\"kind\" is \"" + kind + "\": known are schedule and kv_target");
        };
    }
}
