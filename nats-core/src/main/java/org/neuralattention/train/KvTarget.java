package org.neuralattention.train;

/**
 * A wanted KV share instead of a price: after each step the price moves so that the share of the most likely roles, which is what
 * evaluation and the cache will report, follows a line from 1 down to {@code share} and then stays there.
 *
 * <p>A PI controller in velocity form on the logarithm of the price, since a price acts by its ratio to what keeping is worth:
 * <pre>
 *   error     = share that counts - path(step)
 *   ln price += {@value #PROPORTIONAL} (error - last error) + {@value #INTEGRAL} error      within the limits of the price
 * </pre>
 *
 * <p>While a bonus holds all roles global, that of the most likely roles tells nothing: it stays 1 until most tokens change at once. So the
 * share that counts is at first that of the drawn roles, and along the path goes over to that of the most likely ones.
 *
 * @param share the KV share to end at, in (0, 1)
 * @param firstPrice the price at first, in nats for keeping everything
 * @param rampSteps steps in which the path comes down
 */
public record KvTarget(double share, double firstPrice, long rampSteps) implements Price {

    static final double PROPORTIONAL = 6;
    static final double INTEGRAL = 0.6;

    /** Below it no role is moved, above it nothing but the price counts: no reason for the controller to wind up beyond. */
    static final double LOWEST = 1e-3;

    static final double HIGHEST = 1e3;

    public KvTarget {
        if (!(share > 0 && share < 1)) {
            throw new IllegalArgumentException("share = " + share + ": must be between 0 and 1");
        }
        if (!(firstPrice >= LOWEST && firstPrice <= HIGHEST)) {
            throw new IllegalArgumentException("firstPrice = " + firstPrice + ": must be in [" + LOWEST + ", " + HIGHEST + "]");
        }
        if (rampSteps < 0) {
            throw new IllegalArgumentException("rampSteps = " + rampSteps + ": must not be negative");
        }
    }

    /** The share wanted of a step, counted from 0. */
    public double path(long step) {
        return step >= rampSteps ? share : 1 + (share - 1) * (step + 1) / (rampSteps + 1);
    }

    @Override
    public State start(long step) {
        return new State(firstPrice, 0);
    }

    @Override
    public State next(State before, long step, double share, double bestShare) {
        double best = step >= rampSteps ? 1 : (step + 1.0) / (rampSteps + 1);
        double error = share + best * (bestShare - share) - path(step);
        double price = before.price() * StrictMath.exp(PROPORTIONAL * (error - before.error()) + INTEGRAL * error);
        return new State(Math.clamp(price, LOWEST, HIGHEST), error);
    }
}
