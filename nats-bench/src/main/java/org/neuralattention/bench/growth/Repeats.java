package org.neuralattention.bench.growth;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.neuralattention.bench.result.Sample;
import org.neuralattention.bench.result.Unit;

/** Measures a call in this JVM: sizes from microseconds to seconds, each in about the same time. */
final class Repeats {

    private static final com.sun.management.ThreadMXBean THREADS = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int MOST = 1000;

    private Repeats() {}

    /** Calls for half as many seconds that do not count, and then for so many; a single call that takes as long counts itself. */
    static Sample seconds(double budget, Runnable call) {
        double first = warm(budget / 2, call);
        if (first >= budget) {
            return Sample.of(Unit.SECONDS, first);
        }
        List<Double> times = new ArrayList<>();
        for (double spent = 0; spent < budget && times.size() < MOST || times.isEmpty(); spent += times.getLast()) {
            times.add(once(call));
        }
        return Sample.of(Unit.SECONDS, times.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /** Seconds in which a new call is compiled: the largest kernels take about one. */
    static double compiled(double budget) {
        return 0.5 + 4 * budget;
    }

    /** Calls for so many seconds, at least once, so that the code is compiled; returns the time of the first. */
    static double warm(double budget, Runnable call) {
        double first = once(call);
        for (double spent = first; spent < budget; ) {
            spent += once(call);
        }
        return first;
    }

    private static double once(Runnable call) {
        long start = System.nanoTime();
        call.run();
        return (System.nanoTime() - start) * 1e-9;
    }

    /** Bytes that all threads together allocate during a call: all it makes, scratch included, even if it is garbage soon. */
    static double allocatedBytes(Runnable call) {
        long before = THREADS.getTotalThreadAllocatedBytes();
        call.run();
        return THREADS.getTotalThreadAllocatedBytes() - before;
    }
}
