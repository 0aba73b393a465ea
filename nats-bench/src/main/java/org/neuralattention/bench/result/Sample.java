package org.neuralattention.bench.result;

import java.util.Arrays;

/**
 * Repeated measurements of one thing: their median and their quartiles, between which half of them lie.
 *
 * @param low first quartile
 * @param high third quartile
 */
public record Sample(double median, double low, double high, Unit unit) {

    /** Of one or more values, in any order. */
    public static Sample of(Unit unit, double... values) {
        if (values.length == 0) {
            throw new IllegalArgumentException("a sample of no values");
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return new Sample(quantile(sorted, 0.5), quantile(sorted, 0.25), quantile(sorted, 0.75), unit);
    }

    /**
     * How many times as fast ours is, pair by pair: measured in alternation, the two times of a pair share what else the machine did.
     *
     * @param ours seconds of each call of ours
     * @param theirs seconds of the peer's call beside it
     */
    public static Sample ratio(double[] ours, double[] theirs) {
        if (ours.length != theirs.length) {
            throw new IllegalArgumentException(ours.length + " times of ours, " + theirs.length + " of the peer's");
        }
        double[] ratios = new double[ours.length];
        Arrays.setAll(ratios, i -> theirs[i] / ours[i]);
        return of(Unit.RATIO, ratios);
    }

    /** Half the distance of the quartiles, as a share of the median. */
    public double spread() {
        return (high - low) / 2 / median;
    }

    private static double quantile(double[] sorted, double q) {
        double at = q * (sorted.length - 1);
        int below = (int) at;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }
}
