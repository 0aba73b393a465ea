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
 * @param globalBonus added to the logit of global at step 0 (in a layer without it, of the role that keeps longest), so that a model that is
 *     fine-tuned begins with nearly all it knew
 * @param bonusSteps steps in which the bonus falls to 0 in a line
 * @param settleFrom the step from which the noise of the draws falls in a line
 * @param settledAt the step from which there is none: roles are the most likely ones, as in use, and still learn
 * @param detached whether what the scores learn stays in the scorers, as in the paper's code; else their gradient also reaches the features they read
 */
public record RoleLearning(Price price, int gradientOneIn, double lrFactor, double globalBonus, long bonusSteps, long settleFrom, long settledAt,
        boolean detached) {

    private static final long NEVER = Long.MAX_VALUE;

    /** Keeping is free, the exact gradient, one rate for all, no bonus, noise to the end, detached. */
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
        if (settleFrom < 0 || settledAt < settleFrom) {
            throw new IllegalArgumentException("settleFrom = " + settleFrom + ", settledAt = " + settledAt + ": must be ascending and not negative");
        }
    }

    /** The exact gradient, one rate for all, no bonus, noise to the end, detached. */
    public static RoleLearning of(Price price) {
        return new RoleLearning(price, 1, 1, 0, 0, NEVER, NEVER, true);
    }

    /**
     * For a fine-tune of {@code steps} steps that ends at a KV share, from weights with new scorers ({@link org.neuralattention.model.Weights#withRoleSpace}):
     * down to the share in the first three tenths, the scorers at ten times the rate of the rest, a bonus of 4 on global in the beginning, the exact
     * gradient; until half of the steps the noise of the draws falls to nothing, so that weights and price settle on the roles of use.
     */
    public static RoleLearning fineTune(double share, long steps) {
        long down = 3 * steps / 10;
        return new RoleLearning(new KvTarget(share, 0.1, down), 1, 10, 4, down, down, steps / 2, true);
    }

    public RoleLearning withPrice(Price price) {
        return new RoleLearning(price, gradientOneIn, lrFactor, globalBonus, bonusSteps, settleFrom, settledAt, detached);
    }

    public RoleLearning withGradientOneIn(int oneIn) {
        return new RoleLearning(price, oneIn, lrFactor, globalBonus, bonusSteps, settleFrom, settledAt, detached);
    }

    public RoleLearning withLrFactor(double factor) {
        return new RoleLearning(price, gradientOneIn, factor, globalBonus, bonusSteps, settleFrom, settledAt, detached);
    }

    public RoleLearning withGlobalBonus(double bonus, long steps) {
        return new RoleLearning(price, gradientOneIn, lrFactor, bonus, steps, settleFrom, settledAt, detached);
    }

    /** Noise that falls from step {@code from} on and is gone at step {@code at}. */
    public RoleLearning withSettling(long from, long at) {
        return new RoleLearning(price, gradientOneIn, lrFactor, globalBonus, bonusSteps, from, at, detached);
    }

    public RoleLearning withDetached(boolean detached) {
        return new RoleLearning(price, gradientOneIn, lrFactor, globalBonus, bonusSteps, settleFrom, settledAt, detached);
    }

    /** What the noise of a step, counted from 0, is multiplied by. */
    public double noise(long step) {
        return step < settleFrom ? 1 : step >= settledAt ? 0 : (settledAt - step) / (settledAt - settleFrom + 1.0);
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
        json.put("settle_from", settleFrom);
        json.put("settled_at", settledAt);
        json.put("detached", detached);
        return json;
    }

    /** Reads what {@link #toJson} writes; detached where it does not say. */
    public static RoleLearning fromJson(JsonObject json) {
        return new RoleLearning(Price.fromJson(json.object("price")), json.intValue("gradient_one_in"), json.doubleValue("lr_factor"),
                json.doubleValue("global_bonus"), json.longValue("bonus_steps"),
                json.longValue("settle_from"), json.longValue("settled_at"), json.booleanValue("detached", true));
    }
}
