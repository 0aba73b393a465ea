package org.neuralattention.train;

/**
 * The price of the cache as a function of the step (spec 4.1): nothing at first, so that the model learns what to look for, then up in a
 * line to its full height.
 *
 * @param price nats for keeping everything
 * @param start the step from which it rises from 0
 * @param ramp steps it takes to rise; 0 for at once
 */
public record PriceSchedule(double price, long start, long ramp) implements Price {

    /** Keeping is free. */
    public static final PriceSchedule FREE = new PriceSchedule(0, 0, 0);

    public PriceSchedule {
        if (!(price >= 0) || price == Double.POSITIVE_INFINITY) {
            throw new IllegalArgumentException("price = " + price + ": must be finite and not negative");
        }
        if (start < 0 || ramp < 0) {
            throw new IllegalArgumentException("start = " + start + ", ramp = " + ramp + ": must not be negative");
        }
    }

    /** The price of a step, counted from 0. */
    public double at(long step) {
        if (step < start) {
            return 0;
        }
        return step - start >= ramp ? price : price * (step - start) / ramp;
    }

    @Override
    public State start(long step) {
        return new State(at(step), 0, 0);
    }

    @Override
    public State next(State before, long step, double share, double bestShare) {
        return start(step + 1);
    }
}
