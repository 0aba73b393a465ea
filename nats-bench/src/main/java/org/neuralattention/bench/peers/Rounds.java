package org.neuralattention.bench.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Times several sides in alternation: in each round every side works once, and the order turns around from round to round, so that what
 * else the machine does, and its clock, meet all sides alike.
 */
final class Rounds {

    /** Nanoseconds of one measurement, at least: shorter calls are repeated. */
    private static final long SLOT = 5_000_000;

    /** Nanoseconds of calls before the first round, for the compilers. */
    private static final long WARM_UP = 600_000_000;

    /**
     * Nanoseconds of calls, at least, after a rest: a system may leave a thread that wakes on its caller's core until the next tick,
     * 10 ms here, so that a side's first calls run on one core.
     */
    private static final long WAKE_UP = 25_000_000;

    private final LongSupplier clock;
    private final long nanos;
    private final int least;
    private final int most;

    /**
     * @param nanos of rounds to aim at
     * @param least rounds, whatever they take
     * @param most rounds
     */
    Rounds(LongSupplier clock, long nanos, int least, int most) {
        this.clock = clock;
        this.nanos = nanos;
        this.least = least;
        this.most = most;
    }

    /**
     * Seconds of a call: [side][round].
     *
     * @param check called when every side has a result, before anything is timed
     */
    double[][] time(List<? extends Entrant> sides, Runnable check) {
        long[] first = new long[sides.size()];
        for (int i = 0; i < first.length; i++) {
            first[i] = measure(sides.get(i), 1);
        }
        check.run();
        int[] calls = new int[sides.size()];
        for (int i = 0; i < calls.length; i++) {
            calls[i] = warmUp(sides.get(i), first[i]);
        }
        List<double[]> rounds = new ArrayList<>();
        long start = clock.getAsLong();
        while (rounds.size() < least || rounds.size() < most && clock.getAsLong() - start < nanos) {
            rounds.add(round(sides, calls, rounds.size() % 2 == 1));
        }
        double[][] seconds = new double[calls.length][rounds.size()];
        for (int i = 0; i < calls.length; i++) {
            for (int r = 0; r < rounds.size(); r++) {
                seconds[i][r] = rounds.get(r)[i];
            }
        }
        return seconds;
    }

    private double[] round(List<? extends Entrant> sides, int[] calls, boolean reversed) {
        double[] seconds = new double[calls.length];
        for (int i = 0; i < calls.length; i++) {
            int side = reversed ? calls.length - 1 - i : i;
            if (rested(sides)) {
                wakeUp(sides.get(side));
            }
            seconds[side] = measure(sides.get(side), calls[side]) * 1e-9 / calls[side];
            rest(sides.get(side));
        }
        return seconds;
    }

    /** How many calls fill a slot. A first call that took longer than the warm-up is all of it. */
    private int warmUp(Entrant side, long first) {
        long spent = first;
        long fastest = first;
        while (spent < Math.min(WARM_UP, nanos)) {
            long took = measure(side, 1);
            fastest = Math.min(fastest, took);
            spent += Math.max(took, 1);
        }
        rest(side);
        return (int) Math.max(1, SLOT / Math.max(fastest, 1));
    }

    /** Nanoseconds of so many calls; what precedes a call is left out. */
    private long measure(Entrant side, int calls) {
        long sum = 0;
        for (int i = 0; i < calls; i++) {
            side.prepare();
            long start = clock.getAsLong();
            side.run();
            sum += clock.getAsLong() - start;
        }
        return sum;
    }

    private void wakeUp(Entrant side) {
        for (long spent = 0; spent < WAKE_UP; ) {
            spent += Math.max(measure(side, 1), 1);
        }
    }

    private static boolean rested(List<? extends Entrant> sides) {
        return sides.stream().anyMatch(side -> side.idleMillis() > 0);
    }

    private static void rest(Entrant side) {
        if (side.idleMillis() > 0) {
            try {
                Thread.sleep(side.idleMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while a peer's threads came to rest", e);
            }
        }
    }
}
