package org.neuralattention.train;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.neuralattention.io.JsonObject;

/**
 * How a model learns its roles; without a meaning for one that has none.
 *
 * @param price of the cache
 * @param gradientOneIn the role gradient looks at one query tile of 64 rows in so many, drawn anew each step and weighted so that it is right
 *     on average; 1: at all of them, the exact gradient
 * @param lrFactor learning rate of the role scorers over that of the rest
 * @param globalBonus added to the logit of global at step 0, so that a model that is fine-tuned begins with nearly all it knew
 * @param bonusSteps steps in which the bonus falls to 0 in a line
 */
public record RoleLearning(Price price, int gradientOneIn, double lrFactor, double globalBonus, long bonusSteps) {

    /** Keeping is free, the exact gradient, one rate for all, no bonus. */
    public static final RoleLearning FREE = of(PriceSchedule.FREE);

    public RoleLearning {
        Objects.requireNonNull(price, "price");
        if (gradientOneIn < 1) {
            throw new IllegalArgumentException("gradientOneIn = " + gradientOneIn + ": must be at least 1");
        }
        if (!(lrFactor > 0) || lrFactor == Double.POSITIVE_INFINITY) {
            throw new IllegalArgumentException("lrFactor = " + lrFactor + ": must be positive and finite");
        }
        if (!(globalBonus >= 0) || globalBonus == Double.POSITIVE_INFINITY || bonusSteps < 0) {
            throw new IllegalArgumentException("globalBonus = " + globalBonus + ", bonusSteps = " + bonusSteps + ": must be finite and not negative");
        }
    }

    /** The exact gradient, one rate for all, no bonus. */
    public static RoleLearning of(Price price) {
        return new RoleLearning(price, 1, 1, 0, 0);
    }

    /**
     * For a fine-tune of {@code steps} steps that ends at a KV share, from weights with new scorers ({@link org.neuralattention.model.Weights#withRoleSpace}):
     * down to the share in the first half, the scorers at ten times the rate of the rest, a bonus of 4 on global in the beginning, the exact
     * gradient.
     */
    public static RoleLearning fineTune(double share, long steps) {
        return new RoleLearning(new KvTarget(share, 0.1, steps / 2), 1, 10, 4, steps / 2);
    }

    public RoleLearning withPrice(Price price) {
        return new RoleLearning(price, gradientOneIn, lrFactor, globalBonus, bonusSteps);
    }

    public RoleLearning withGradientOneIn(int oneIn) {
        return new RoleLearning(price, oneIn, lrFactor, globalBonus, bonusSteps);
    }

    public RoleLearning withLrFactor(double factor) {
        return new RoleLearning(price, gradientOneIn, factor, globalBonus, bonusSteps);
    }

    public RoleLearning withGlobalBonus(double bonus, long steps) {
        return new RoleLearning(price, gradientOneIn, lrFactor, bonus, steps);
    }

    /** The bonus of a step, counted from 0. */
    public double bonus(long step) {
        return step >= bonusSteps ? 0 : globalBonus * (bonusSteps - step) / bonusSteps;
    }

    /** As a JSON object for {@link org.neuralattention.io.Json}. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("price", price.toJson());
        json.put("gradient_one_in", gradientOneIn);
        json.put("lr_factor", lrFactor);
        json.put("global_bonus", globalBonus);
        json.put("bonus_steps", bonusSteps);
        return json;
    }

    /** Reads what {@link #toJson} writes. */
    public static RoleLearning fromJson(JsonObject json) {
        return new RoleLearning(Price.fromJson(json.object("price")), json.intValue("gradient_one_in"), json.doubleValue("lr_factor"),
                json.doubleValue("global_bonus"), json.longValue("bonus_steps"));
    }
}
