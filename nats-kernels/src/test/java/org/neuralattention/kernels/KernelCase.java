package org.neuralattention.kernels;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One call of one kernel: random inputs, its outputs, and its definition. What a kernel promises for any input (accuracy, the same bits for any team) is then
 * tested for all of them by one test ({@link AccuracyTest}, {@link RaceTest}).
 */
abstract class KernelCase {

    /** Draws a case; sizes are small enough to compute the definition, or large enough for many tasks. */
    @FunctionalInterface
    interface Maker {
        KernelCase make(SplittableRandom random, boolean large);
    }

    /** An array the kernel writes, or adds to if it is a gradient; {@code start} is what it holds before the call. */
    record Output(String name, Slice slice, float[] start, boolean gradient) {}

    final SplittableRandom random;
    private final boolean large;
    final List<Output> outputs = new ArrayList<>();
    private final StringBuilder sizes = new StringBuilder();

    KernelCase(SplittableRandom random, boolean large) {
        this.random = random;
        this.large = large;
    }

    /** Calls the kernel. */
    abstract void run(Team team);

    /** What each output should hold, in their order. */
    abstract double[][] define(Precision p);

    /**
     * A size in [1, most], most often just around a multiple of what kernels unroll by or cut at; near the upper end in a large case. It is named in
     * {@link #toString}.
     */
    final int size(String name, int most) {
        if (large) {
            return named(name, most - random.nextInt(1 + most / 8));
        }
        int[] edges = {4, 8, 12, 16, 24, 32, 48, 64, 120, 128, 256, 512, 1024, 4096};
        int edge = edges[random.nextInt(edges.length)];
        int n = edge > most || random.nextInt(3) == 0 ? 1 + random.nextInt(most) : edge + random.nextInt(-1, 2);
        return named(name, Math.min(n, most));
    }

    final int named(String name, int value) {
        sizes.append(sizes.isEmpty() ? "" : ", ").append(name).append(' ').append(value);
        return value;
    }

    /** Normal numbers. */
    final Slice input(int n, double deviation) {
        double[] values = new double[n];
        for (int i = 0; i < n; i++) {
            values[i] = deviation * random.nextGaussian();
        }
        return Slice.of(values);
    }

    final Slice output(String name, int n) {
        double[] unread = new double[n];
        Arrays.fill(unread, Double.NaN);
        return add(name, Slice.of(unread), false);
    }

    final Slice gradient(String name, int n) {
        return add(name, input(n, 1), true);
    }

    final Slice add(String name, Slice slice, boolean gradient) {
        outputs.add(new Output(name, slice, slice.array.clone(), gradient));
        return slice;
    }

    /** Outputs as before the call. */
    final void reset() {
        for (Output output : outputs) {
            System.arraycopy(output.start, 0, output.slice.array, 0, output.start.length);
        }
    }

    /** What the gradient {@code index} holds before the call, to add to. */
    final double[] start(int index) {
        Output output = outputs.get(index);
        double[] start = new double[output.slice.n];
        Arrays.setAll(start, i -> output.start[output.slice.offset + i]);
        return start;
    }

    @Override
    public String toString() {
        return sizes.toString();
    }
}
