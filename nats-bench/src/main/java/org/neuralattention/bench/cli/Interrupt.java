package org.neuralattention.bench.cli;

import java.util.concurrent.CountDownLatch;

/**
 * Turns Ctrl-C (and a polite kill) into a wish that the work can hear: the JVM then waits with its end until the work has closed this.
 */
public final class Interrupt implements AutoCloseable {

    /** Of a program that Ctrl-C has ended: 128 and the signal's number. */
    public static final int EXIT_CODE = 130;

    private final CountDownLatch done = new CountDownLatch(1);
    private final Thread hook = new Thread(this::wish, "nats-interrupt");
    private volatile boolean requested;

    public Interrupt() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private void wish() {
        requested = true;
        try {
            done.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether the program is to end. */
    public boolean requested() {
        return requested;
    }

    /** The work is at a good place to end. */
    @Override
    public void close() {
        done.countDown();
        if (!requested) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException endsAnyway) {
                // the signal came just now; the hook waits no more
            }
        }
    }
}
