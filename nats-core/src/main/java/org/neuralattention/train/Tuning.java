package org.neuralattention.train;

import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFormatException;

/** What of a model learns; the role scorers, where there are any, always do. What does not has no gradient and no moments, and costs no time. */
public sealed interface Tuning {

    /** Every tensor. */
    record All() implements Tuning {}

    /** The role scorers: no weight of the model itself changes. */
    record ScorersOnly() implements Tuning {}

    /**
     * The role scorers, and a change of low rank to some projections of each layer (Hu et al. 2021, arXiv 2106.09685):
     * W = W0 + (alpha / rank) B A, where A [rank, in] is random and B [out, rank] zero at first. The model's weights are always the sum.
     *
     * @param rank columns of B
     * @param alpha weight of the change, times rank
     * @param projections which ones
     */
    record Lora(int rank, double alpha, Set<Projection> projections) implements Tuning {

        public Lora {
            if (rank < 1) {
                throw new IllegalArgumentException("rank = " + rank + ": must be at least 1");
            }
            if (!(alpha > 0) || alpha == Double.POSITIVE_INFINITY) {
                throw new IllegalArgumentException("alpha = " + alpha + ": must be positive and finite");
            }
            if (projections.isEmpty()) {
                throw new IllegalArgumentException("no projections: choose some of " + List.of(Projection.values()));
            }
            projections = Set.copyOf(projections);
        }

        /** alpha / rank. */
        public float scale() {
            return (float) (alpha / rank);
        }
    }

    /** As a JSON object for {@link org.neuralattention.io.Json}. */
    default Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        switch (this) {
            case All _ -> json.put("kind", "all");
            case ScorersOnly _ -> json.put("kind", "scorers");
            case Lora(int rank, double alpha, Set<Projection> projections) -> {
                json.put("kind", "lora");
                json.put("rank", rank);
                json.put("alpha", alpha);
                json.put("projections", projections.stream().sorted().map(Projection::key).toList());
            }
        }
        return json;
    }

    /** Reads what {@link #toJson} writes. */
    static Tuning fromJson(JsonObject json) {
        String kind = json.string("kind");
        return switch (kind) {
            case "all" -> new All();
            case "scorers" -> new ScorersOnly();
            case "lora" -> {
                Set<Projection> projections = EnumSet.noneOf(Projection.class);
                json.strings("projections").forEach(key -> projections.add(Projection.of(key)));
                yield new Lora(json.intValue("rank"), json.doubleValue("alpha"), projections);
            }
            default -> throw new ModelFormatException(json.source(), "\"kind\" is \"" + kind + "\": known are all, scorers and lora");
        };
    }
}
