package org.neuralattention.train;

/**
 * The learning rate as a function of the step: up in a line over the warm-up, then down a half cosine to the floor, and the floor
 * from then on.
 *
 * @param lr the highest rate
 * @param minLr the floor; equal to {@code lr} for a constant rate
 * @param warmup steps before the highest rate is reached
 * @param steps where the cosine ends
 */
public record LrSchedule(double lr, double minLr, long warmup, long steps) {

    public LrSchedule {
        if (!(lr > 0) || lr == Double.POSITIVE_INFINITY || !(minLr >= 0) || minLr > lr) {
            throw new IllegalArgumentException("lr = " + lr + ", minLr = " + minLr + ": must be 0 <= minLr <= lr, with lr positive and finite");
        }
        if (warmup < 0 || steps < warmup) {
            throw new IllegalArgumentException("warmup = " + warmup + ", steps = " + steps + ": must be 0 <= warmup <= steps");
        }
    }

    /** The same rate at every step. */
    public static LrSchedule constant(double lr) {
        return new LrSchedule(lr, lr, 0, 0);
    }

    /** Warm-up over {@code warmup} steps, then a cosine to {@code minLr} at {@code steps}. */
    public static LrSchedule cosine(double lr, double minLr, long warmup, long steps) {
        return new LrSchedule(lr, minLr, warmup, steps);
    }

    /** The rate of a step, counted from 0. */
    public double at(long step) {
        if (step < warmup) {
            return lr * (step + 1) / (warmup + 1);
        }
        if (step >= steps) {
            return minLr;
        }
        double part = (step - warmup) / (double) (steps - warmup);
        return minLr + (lr - minLr) * 0.5 * (1 + StrictMath.cos(Math.PI * part));
    }
}
