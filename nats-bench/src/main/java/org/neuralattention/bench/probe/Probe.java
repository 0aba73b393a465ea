package org.neuralattention.bench.probe;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import org.neuralattention.bench.probe.Limits.Rates;
import org.neuralattention.kernels.Kernels;
import org.neuralattention.kernels.Team;

/**
 * Measures the {@link Limits} of this machine in about two seconds for one thread and two. A limit is what a quarter of the rounds exceed: whatever else runs only
 * slows them, but a single one may have been lucky.
 */
public final class Probe {

    /** Rounds of one measurement, at least; and nanoseconds, for on a busy machine it takes a while until every thread has a core. */
    private static final int REPEATS = 8;
    private static final long NANOS = 150_000_000;

    /** Rounds of the arithmetic loop in one measurement: some ten milliseconds at 2 x 12 x 16 operations each. */
    private static final int ROUNDS = 4_000_000;

    /** Bytes that one thread reads in one measurement, at least: the cached ones again and again. */
    private static final long BYTES = 256L << 20;

    private final Team team;
    private final int threads;
    private final float[] memory;
    private volatile float sink;

    private Probe(Team team, int threads, float[] memory) {
        this.team = team;
        this.threads = threads;
        this.memory = memory;
    }

    /**
     * With each of these numbers of threads.
     *
     * @throws IllegalStateException if plain loops run: their limit is not the machine's
     */
    public static Limits measure(Collection<Integer> threads) {
        if (!Kernels.vector()) {
            throw new IllegalStateException("the limits are measured with vectors, and this JVM runs plain loops");
        }
        Caches caches = Caches.here();
        // Four times the last level; with several threads each has its own part.
        float[] memory = new float[(int) Math.min(4 * caches.l3() / Float.BYTES, 1 << 28)];
        SortedMap<Integer, Rates> rates = new TreeMap<>();
        for (int n : threads) {
            try (Team team = Team.of(n)) {
                rates.put(n, new Probe(team, n, memory).rates(caches));
            }
        }
        return new Limits(caches, Collections.unmodifiableSortedMap(rates));
    }

    /** A set of half a cache's size is in it; for the last level, beyond the second of all threads. */
    private Rates rates(Caches caches) {
        double flops = rounds(task -> sink = ProbeLoops.multiplyAdd(ROUNDS, 1e-6f)) * threads * ROUNDS * ProbeLoops.FLOPS;
        return new Rates(flops * 1e-9, read(caches.l2() / 2),
                read(Math.max(caches.l3() / 4, 2 * caches.l2() * threads) / threads), read((long) memory.length * Float.BYTES / threads));
    }

    /** 10^9 bytes per second that all threads together read, each from {@code set} bytes of its own. */
    private double read(long set) {
        int floats = (int) (set / Float.BYTES) / 1024 * 1024;
        int times = (int) Math.ceilDiv(BYTES / threads, (long) floats * Float.BYTES);
        double perSecond = rounds(task -> {
            for (int i = 0; i < times; i++) {
                sink = ProbeLoops.read(memory, task * floats, floats / ProbeLoops.STREAMS);
            }
        });
        return perSecond * times * floats * Float.BYTES * threads * 1e-9;
    }

    /** Rounds per second, each thread one task: a quarter of the rounds were faster. */
    private double rounds(IntConsumer task) {
        List<Long> times = new ArrayList<>();
        for (long spent = 0; times.size() < REPEATS || spent < NANOS; ) {
            long start = System.nanoTime();
            team.run(threads, (index, _) -> task.accept(index));
            times.add(System.nanoTime() - start);
            spent += times.getLast();
        }
        Collections.sort(times);
        return 1e9 / times.get(times.size() / 4);
    }
}
