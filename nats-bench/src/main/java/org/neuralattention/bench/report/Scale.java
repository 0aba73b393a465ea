package org.neuralattention.bench.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Maps values to pixels on one axis, with ticks at round values.
 *
 * @param min value at {@code from}; above 0 on a logarithmic axis
 * @param max value at {@code to}, more than {@code min}
 * @param base 2 or 10: logarithmic, with ticks at its powers; 0: linear
 */
record Scale(double min, double max, int base, double from, double to) {

    private static final int MOST_POWERS = 8;

    /** Covers all finite values given; where they leave no room, a little around them. */
    static Scale around(double low, double high, int base, double from, double to) {
        boolean log = base > 0;
        if (!(low <= high)) { // nothing finite was seen
            low = log ? 1 : 0;
            high = log ? 10 : 1;
        }
        if (low == high) {
            double room = log || low == 0 ? 1 : Math.abs(low) * 0.1;
            low = log ? low / 2 : low - room;
            high = log ? high * 2 : high + room;
        }
        return new Scale(low, high, base, from, to);
    }

    /** The same, widened to the next tick at either end. */
    Scale toTicks() {
        if (log()) {
            double[] around = powers((int) Math.floor(power(min) + 1e-9), (int) Math.ceil(power(max) - 1e-9)).toArray();
            double low = Arrays.stream(around).filter(tick -> tick <= min * (1 + 1e-9)).max().orElse(min);
            double high = Arrays.stream(around).filter(tick -> tick >= max * (1 - 1e-9)).min().orElse(max);
            return new Scale(low, high, base, from, to);
        }
        double step = step();
        return new Scale(Math.floor(min / step + 1e-9) * step, Math.ceil(max / step - 1e-9) * step, 0, from, to);
    }

    double at(double value) {
        double share = log() ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
        return from + share * (to - from);
    }

    boolean shows(double value) {
        return Double.isFinite(value) && (!log() || value > 0);
    }

    /** Round values inside the axis: multiples of 1, 2 or 5 times a power of ten; on a logarithmic axis powers of its base. */
    List<Double> ticks() {
        List<Double> ticks = new ArrayList<>();
        if (!log()) {
            double step = step();
            long last = (long) Math.floor(max / step + 1e-9);
            for (long i = (long) Math.ceil(min / step - 1e-9); i <= last; i++) {
                ticks.add(i * step);
            }
            return ticks;
        }
        powers((int) Math.floor(power(min)), (int) Math.ceil(power(max))).filter(tick -> tick >= min * (1 - 1e-9) && tick <= max * (1 + 1e-9))
                .forEach(ticks::add);
        return ticks;
    }

    /** Powers of the base from one exponent to another, not all where they are many; of ten, where they are few, also 2 and 5 times them. */
    private DoubleStream powers(int first, int last) {
        int step = 1 + (last - first - 1) / MOST_POWERS;
        DoubleStream powers = IntStream.rangeClosed(0, (last - first) / step).mapToDouble(i -> Math.pow(base, first + i * step));
        boolean few = base == 10 && Math.log10(max / min) < 2;
        return few ? powers.flatMap(power -> DoubleStream.of(power, 2 * power, 5 * power)).filter(tick -> tick <= Math.pow(base, last) * (1 + 1e-9)) : powers;
    }

    private boolean log() {
        return base > 0;
    }

    /** The power of the base that is {@code value}. */
    private double power(double value) {
        return Math.log(value) / Math.log(base);
    }

    /** The round step that gives four to nine ticks. */
    private double step() {
        double rough = (max - min) / 5;
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        double lead = rough / power;
        return (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10) * power;
    }
}
