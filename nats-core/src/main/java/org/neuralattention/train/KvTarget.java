package org.neuralattention.train;

/**
 * A wanted KV share instead of a price: after each step the price moves so that the share of the most likely roles, which is what
 * evaluation and the cache will report, follows a line from what it was at first, 1 for a model with new roles, to {@code share} and then stays there.
 *
 * <p>A PI controller in velocity form on u, the price on a scale that is even around 0 and logarithmic far from it:
 * <pre>
 *   price  = {@value #UNIT} sinh(u)
 *   error  = share that counts - path(step, from)
 *   u     += {@value #PROPORTIONAL} (error - last error) + {@value #INTEGRAL} error        within the limits of the price
 * </pre>
 *
 * <p>Where less is held than wanted the price may fall below 0 and pay for keeping: a text may give the roles no reason of their own to
 * keep more, and a budget is there to be used.
 *
 * <p>While a bonus holds all roles global, the share of the most likely ones tells nothing: it stays 1 until most tokens change at once. So
 * the share that counts is at first that of the drawn roles, and along the path goes over to that of the most likely ones. A model that
 * begins with less than all is so far along.
 *
 * <p>The rate of the scorers must leave them the time to follow: {@link RoleLearning#fineTune} has values that do. A share below that of the
 * smallest window cannot be reached, nor one above that of the role that keeps longest; the price then ends at its limit.
 *
 * @param share the KV share to end at, in (0, 1)
 * @param firstPrice the price at first, in nats for keeping everything
 * @param rampSteps steps in which the path reaches it
 */
public record KvTarget(double share, double firstPrice, long rampSteps) implements Price {

    /** The price below which it hardly matters how small it is. */
    static final double UNIT = 0.1;

    static final double PROPORTIONAL = 40;
    static final double INTEGRAL = 1;

    /** Beyond them little but the price would count. */
    static final double LOWEST = -1;

    static final double HIGHEST = 30;

    public KvTarget {
        if (!(share > 0 && share < 1)) {
            throw new IllegalArgumentException("share = " + share + ": must be between 0 and 1");
        }
        if (!(firstPrice >= 0 && firstPrice <= HIGHEST)) {
            throw new IllegalArgumentException("firstPrice = " + firstPrice + ": must be in [0, " + HIGHEST + "]");
        }
        if (rampSteps < 0) {
            throw new IllegalArgumentException("rampSteps = " + rampSteps + ": must not be negative");
        }
    }

    /** The share wanted of a step, counted from 0, of a run that began with the share {@code from}. */
    public double path(long step, double from) {
        return step >= rampSteps ? share : from + (share - from) * ramp(step);
    }

    /** The part of the path that is done behind a step. */
    private double ramp(long step) {
        return step >= rampSteps ? 1 : (step + 1.0) / (rampSteps + 1);
    }

    @Override
    public State start(long step) {
        return new State(firstPrice, 0, 0);
    }

    @Override
    public State next(State before, long step, double share, double bestShare) {
        double from = before.from() == 0 ? bestShare : before.from();
        double done = Math.min(1, (1 - from) / (1 - this.share));
        double counts = share + (done + (1 - done) * ramp(step)) * (bestShare - share);
        double error = counts - path(step, from);
        double x = before.price() / UNIT;
        double u = StrictMath.log(x + Math.sqrt(x * x + 1)) + PROPORTIONAL * (error - before.error()) + INTEGRAL * error;
        return new State(Math.clamp(UNIT * StrictMath.sinh(u), LOWEST, HIGHEST), error, from);
    }
}
