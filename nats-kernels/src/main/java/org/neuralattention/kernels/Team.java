package org.neuralattention.kernels;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A persistent team of threads that runs numbered tasks, with scratch memory that lives as long as the team.
 *
 * <p>An op cuts its work into tasks of a size that does <em>not</em> depend on the number of threads, and each task writes
 * places of its own; so results have the same bits for any team. Workers take the next number when they are free, spin
 * briefly when there is nothing to do and then park. The calling thread is worker 0 and works too.
 *
 * <p>A team serves one caller at a time: a second thread that calls {@link #run} while it works gets an
 * {@link IllegalStateException}, as does a task that calls it again. Threads are daemons and are started by the first
 * {@link #run} that has more than one task.
 */
public final class Team implements AutoCloseable {

    /** A piece of work: {@code task} in [0, tasks), {@code worker} in [0, size). */
    @FunctionalInterface
    public interface Task {
        void run(int task, int worker);
    }

    /** About 20 microseconds: longer than the gap between two ops of a step, short enough to leave a busy machine alone. */
    private static final int SPINS = 2_000;

    private final int size;
    private final Worker[] workers;
    private final Map<Class<?>, float[][]> scratch = new HashMap<>();
    private final Map<Class<?>, double[]> scratchDoubles = new HashMap<>();
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger pending = new AtomicInteger();
    private final AtomicInteger busy = new AtomicInteger();

    private volatile int round;
    private volatile boolean closed;
    private volatile Throwable failure;
    private Task task;
    private int tasks;

    private Team(int size) {
        this.size = size;
        this.workers = new Worker[size - 1];
    }

    /**
     * A team of the given number of threads, the caller's included.
     *
     * @throws IllegalArgumentException if {@code threads} is not in [1, 1024]
     */
    public static Team of(int threads) {
        if (threads < 1 || threads > 1024) {
            throw new IllegalArgumentException("threads = " + threads + ": must be in [1, 1024]");
        }
        return new Team(threads);
    }

    /** A team of one: the caller's thread. */
    public static Team serial() {
        return new Team(1);
    }

    /** Number of workers, the caller included. */
    public int size() {
        return size;
    }

    /** Runs {@code task} for each number in [0, tasks) and returns when all are done; rethrows what a task threw. */
    public void run(int tasks, Task task) {
        if (closed) {
            throw new IllegalStateException("the team is closed");
        }
        if (!busy.compareAndSet(0, 1)) {
            throw new IllegalStateException("the team is at work for another caller; give each its own Team");
        }
        try {
            if (size == 1 || tasks <= 1) {
                for (int i = 0; i < tasks; i++) {
                    task.run(i, 0);
                }
                return;
            }
            runShared(tasks, task);
        } finally {
            busy.set(0);
        }
    }

    private void runShared(int tasks, Task task) {
        if (workers[0] == null) {
            start();
        }
        this.task = task;
        this.tasks = tasks;
        failure = null;
        next.set(0);
        int helpers = Math.min(workers.length, tasks - 1);
        pending.set(workers.length);
        round++; // publishes the fields above
        for (int i = 0; i < helpers; i++) {
            workers[i].wake();
        }
        for (int i = helpers; i < workers.length; i++) {
            workers[i].wake();
        }
        work(0);
        while (pending.get() > 0) {
            Thread.onSpinWait();
        }
        Throwable thrown = failure;
        this.task = null;
        if (thrown != null) {
            rethrow(thrown);
        }
    }

    private void work(int worker) {
        try {
            for (int i = next.getAndIncrement(); i < tasks; i = next.getAndIncrement()) {
                task.run(i, worker);
            }
        } catch (Throwable t) {
            failure = t;
            next.set(tasks);
        }
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void rethrow(Throwable t) throws T {
        throw (T) t;
    }

    private void start() {
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(i + 1, round);
            workers[i].start();
        }
    }

    /**
     * Scratch of at least {@code length} floats for the op {@code owner}; contents are undefined.
     * Slot 0 is shared by the op's tasks; tasks may use slot {@code 1 + worker} as their own. Call it outside of tasks.
     */
    float[] scratch(Class<?> owner, int slot, int length) {
        float[][] slots = scratch.computeIfAbsent(owner, c -> new float[size + 1][]);
        if (slot >= slots.length) {
            slots = Arrays.copyOf(slots, slot + 1);
            scratch.put(owner, slots);
        }
        if (slots[slot] == null || slots[slot].length < length) {
            slots[slot] = new float[length];
        }
        return slots[slot];
    }

    /** Scratch of at least {@code length} doubles for the op {@code owner}, shared by its tasks; contents are undefined. */
    double[] scratchDoubles(Class<?> owner, int length) {
        double[] held = scratchDoubles.get(owner);
        if (held == null || held.length < length) {
            held = new double[length];
            scratchDoubles.put(owner, held);
        }
        return held;
    }

    /** Ends the threads; the team cannot be used afterwards. Closing twice does nothing. */
    @Override
    public void close() {
        closed = true;
        for (Worker worker : workers) {
            if (worker != null) {
                LockSupport.unpark(worker);
            }
        }
    }

    private final class Worker extends Thread {
        private final int index;
        private volatile boolean parked;
        private int seen;

        Worker(int index, int seen) {
            super("nats-worker-" + index);
            setDaemon(true);
            this.index = index;
            this.seen = seen;
        }

        void wake() {
            if (parked) {
                LockSupport.unpark(this);
            }
        }

        @Override
        public void run() {
            while (await()) {
                work(index);
                pending.decrementAndGet();
            }
        }

        /** Waits for the next round: true to work, false to end. */
        private boolean await() {
            for (int spin = 0; round == seen && !closed; spin++) {
                if (spin < SPINS) {
                    Thread.onSpinWait();
                } else {
                    parked = true;
                    if (round == seen && !closed) {
                        LockSupport.park(this);
                    }
                    parked = false;
                }
            }
            seen = round;
            return !closed;
        }
    }
}
