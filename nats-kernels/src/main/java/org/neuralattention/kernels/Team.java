package org.neuralattention.kernels;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * A persistent team of threads that runs numbered tasks, with scratch memory that lives as long as the team.
 *
 * <p>An op cuts its work into tasks of a size that does <em>not</em> depend on the number of threads, and each task writes
 * places of its own; so results have the same bits for any team. Workers take the next number when they are free, spin
 * briefly when there is nothing to do and then park. The calling thread is worker 0 and works too.
 *
 * <p>A team serves one caller at a time: a second thread that calls {@link #run} while it works gets an
 * {@link IllegalStateException}, as does a task that calls it again. Only calls that overlap are found out: an op keeps what
 * it has between two rounds in the team's scratch, so a team, and with it a Transformer that runs on it, serves one thread at
 * a time. Threads are daemons and are started by the first
 * {@link #run} that has more than one task.
 */
public final class Team implements AutoCloseable {

    /** A piece of work: {@code task} in [0, tasks), {@code worker} in [0, size). */
    @FunctionalInterface
    public interface Task {
        void run(int task, int worker);
    }

    /** Turns of a wait before it parks: longer than the gap between two ops of a step, short enough to leave a busy machine alone. */
    private static final int SPINS = 2_000;

    /** Low bits of {@link #gate}: how many helpers have joined the round, and above them whether it is closed. */
    private static final int JOINED = (1 << 10) - 1;
    private static final int CLOSED = 1 << 10;
    private static final int ROUND_SHIFT = 11;

    private enum Phase { IDLE, BUSY, CLOSE_WHEN_DONE, CLOSED }

    private final int size;
    private final Worker[] workers;
    private final Map<Class<?>, float[][]> scratch = new HashMap<>();
    private final Map<Class<?>, double[]> scratchDoubles = new HashMap<>();
    private final Map<Class<?>, float[][]> workerFloats = new HashMap<>();
    private final Map<Class<?>, int[][]> workerInts = new HashMap<>();
    private final Map<Class<?>, byte[][]> workerBytes = new HashMap<>();
    private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.IDLE);
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger finished = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    /**
     * Number of the round, whether it is closed, and how many helpers joined. Opening it publishes task and tasks; the caller
     * closes it when no task is left, so that it waits for those who joined and not for one that is still waking up.
     */
    private final AtomicLong gate = new AtomicLong(CLOSED);

    /** The caller, once it has parked to wait for the last helper. */
    private volatile Thread waiting;

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

    /**
     * Runs {@code task} for each number in [0, tasks) and returns when all are done. What a task throws is thrown here,
     * after the tasks already begun have ended; the others are left out.
     *
     * @throws IllegalStateException if the team is closed or at work
     */
    public void run(int tasks, Task task) {
        Check.notNegative("tasks", tasks);
        enter();
        try {
            if (size == 1 || tasks <= 1) {
                for (int i = 0; i < tasks; i++) {
                    task.run(i, 0);
                }
            } else {
                runShared(tasks, task);
            }
        } finally {
            leave();
        }
    }

    /**
     * Takes the team for work the caller does alone, until {@link #leave}.
     *
     * @throws IllegalStateException if the team is closed or at work
     */
    void enter() {
        if (!phase.compareAndSet(Phase.IDLE, Phase.BUSY)) {
            throw new IllegalStateException(phase.get() == Phase.CLOSED
                    ? "the team is closed"
                    : "the team is at work for another caller; give each its own Team");
        }
    }

    void leave() {
        if (!phase.compareAndSet(Phase.BUSY, Phase.IDLE)) {
            end();
        }
    }

    private void runShared(int tasks, Task task) {
        if (workers[workers.length - 1] == null) {
            start();
        }
        this.task = task;
        this.tasks = tasks;
        next.set(0);
        finished.set(0);
        gate.set((gate.get() >>> ROUND_SHIFT) + 1 << ROUND_SHIFT);
        for (int i = 0; i < Math.min(workers.length, tasks - 1); i++) {
            workers[i].wake();
        }
        work(0);
        awaitHelpers((int) gate.getAndAdd(CLOSED) & JOINED);
        this.task = null;
        Throwable thrown = failure.getAndSet(null);
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
            failure.compareAndSet(null, t);
            next.set(tasks);
        }
    }

    /** Spins, then parks: a helper may have lost its core to another program. */
    private void awaitHelpers(int joined) {
        for (int spin = 0; spin < SPINS; spin++) {
            if (finished.get() == joined) {
                return;
            }
            Thread.onSpinWait();
        }
        boolean interrupted = false;
        waiting = Thread.currentThread();
        while (finished.get() < joined) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted(); // park returns at once while it is set
        }
        waiting = null;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void rethrow(Throwable t) throws T {
        throw (T) t;
    }

    private void start() {
        for (int i = 0; i < workers.length; i++) {
            if (workers[i] == null) { // not so if an earlier start ran out of threads midway
                Worker worker = new Worker(i + 1, gate.get() >>> ROUND_SHIFT);
                worker.start();
                workers[i] = worker;
            }
        }
    }

    /**
     * Scratch of at least {@code length} floats for the op {@code owner}, shared by its tasks; contents are undefined. An op may
     * hold several, numbered from 0. Call it outside of tasks; what each worker has to itself comes from {@link #workerFloats}.
     */
    float[] scratch(Class<?> owner, int slot, int length) {
        float[][] slots = scratch.get(owner);
        if (slots == null || slot >= slots.length) {
            slots = slots == null ? new float[slot + 1][] : Arrays.copyOf(slots, slot + 1);
            scratch.put(owner, slots);
        }
        int before = slots[slot] == null ? 0 : slots[slot].length;
        if (slots[slot] == null || before < length) {
            slots[slot] = new float[(int) Math.clamp(before + before / 2L, length, Integer.MAX_VALUE - 8)]; // not a new one for each piece of a long text
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

    /** A scratch of at least {@code length} floats for each worker; contents are undefined. Call it outside of tasks. */
    float[][] workerFloats(Class<?> owner, int length) {
        float[][] held = workerFloats.get(owner);
        if (held == null || held[0].length < length) {
            held = new float[size][length];
            workerFloats.put(owner, held);
        }
        return held;
    }

    /** The same of ints. */
    int[][] workerInts(Class<?> owner, int length) {
        int[][] held = workerInts.get(owner);
        if (held == null || held[0].length < length) {
            held = new int[size][length];
            workerInts.put(owner, held);
        }
        return held;
    }

    /** The same of bytes. */
    byte[][] workerBytes(Class<?> owner, int length) {
        byte[][] held = workerBytes.get(owner);
        if (held == null || held[0].length < length) {
            held = new byte[size][length];
            workerBytes.put(owner, held);
        }
        return held;
    }

    /**
     * Ends the threads, at once or when the work in hand is done; the team cannot be used afterwards.
     * Closing twice does nothing.
     */
    @Override
    public void close() {
        Phase before = phase.getAndUpdate(now -> switch (now) {
            case IDLE, CLOSED -> Phase.CLOSED;
            case BUSY, CLOSE_WHEN_DONE -> Phase.CLOSE_WHEN_DONE;
        });
        if (before == Phase.IDLE) {
            end();
        }
    }

    private void end() {
        phase.set(Phase.CLOSED);
        for (Worker worker : workers) {
            if (worker != null) {
                LockSupport.unpark(worker);
            }
        }
    }

    private final class Worker extends Thread {
        private final int index;
        private volatile boolean parked;
        private long seen;

        Worker(int index, long seen) {
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
            while (joinRound()) {
                work(index);
                finished.incrementAndGet();
                LockSupport.unpark(waiting); // null while the caller spins: does nothing
            }
        }

        /** Waits for a round that is open and joins it: true to work, false to end. */
        private boolean joinRound() {
            for (int spin = 0; ; spin++) {
                long now = gate.get();
                if (now >>> ROUND_SHIFT != seen) {
                    if ((now & CLOSED) == 0 && !gate.compareAndSet(now, now + 1)) {
                        continue; // another helper joined at the same time, or the caller closed it
                    }
                    seen = now >>> ROUND_SHIFT;
                    if ((now & CLOSED) == 0) {
                        return true;
                    }
                }
                if (spin < SPINS) {
                    Thread.onSpinWait();
                    continue;
                }
                parked = true;
                if (gate.get() >>> ROUND_SHIFT == seen && phase.get() != Phase.CLOSED) {
                    LockSupport.park(this);
                }
                parked = false;
                if (phase.get() == Phase.CLOSED) {
                    return false;
                }
            }
        }
    }
}
