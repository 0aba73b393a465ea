package org.neuralattention.bench.result;

import java.util.Objects;

/**
 * One measured case. Immutable: the {@code with} methods return a copy that says more.
 *
 * @param group the kernel or stage, such as {@code MatMul}
 * @param name what of it was run, such as {@code forward}
 * @param parameters its sizes, such as {@code abt 1024 1024 1024}; may be empty
 * @param threads that worked
 * @param bits width of the vectors; 0 where plain loops ran
 * @param sample what was measured
 * @param work what a call must move; {@link Work#NONE} where nothing was counted
 * @param limit null if it is not known
 * @param versus null without a peer
 * @param goal null without one
 */
public record Row(String group, String name, String parameters, int threads, int bits, Sample sample, Work work, Limit limit,
        Versus versus, Goal goal) {

    public Row {
        Objects.requireNonNull(group, "group");
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(parameters, "parameters");
        Objects.requireNonNull(sample, "sample");
        Objects.requireNonNull(work, "work");
    }

    public static Row of(String group, String name, String parameters, int threads, int bits, Sample sample) {
        return new Row(group, name, parameters, threads, bits, sample, Work.NONE, null, null, null);
    }

    public Row withWork(Work work) {
        return new Row(group, name, parameters, threads, bits, sample, work, limit, versus, goal);
    }

    public Row withLimit(Limit limit) {
        return new Row(group, name, parameters, threads, bits, sample, work, limit, versus, goal);
    }

    public Row withVersus(Versus versus) {
        return new Row(group, name, parameters, threads, bits, sample, work, limit, versus, goal);
    }

    public Row withGoal(Goal goal) {
        return new Row(group, name, parameters, threads, bits, sample, work, limit, versus, goal);
    }

    /** 10^9 multiplications and additions per second; 0 if none were counted. */
    public double gflops() {
        return perSecond(work.flops()) * 1e-9;
    }

    /** 10^9 bytes per second; 0 if none were counted. */
    public double gbs() {
        return perSecond(work.bytes()) * 1e-9;
    }

    private double perSecond(double amount) {
        return switch (sample.unit()) {
            case SECONDS -> amount / sample.median();
            case TOKENS_PER_SECOND -> amount * sample.median();
            case TOKENS, BYTES, RATIO -> 0;
        };
    }
}
