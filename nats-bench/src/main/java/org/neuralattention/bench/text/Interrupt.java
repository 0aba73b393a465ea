package org.neuralattention.bench.text;

import java.util.concurrent.CountDownLatch;

/**
 * Turns Ctrl-C (and a polite kill) into a wish that the work can hear: the JVM then waits with its end until the work has closed this.
 */
final class Interrupt implements AutoCloseable {

    private final CountDownLatch done = new CountDownLatch(1);
    private final Thread hook = new Thread(this::wish, "nats-interrupt");
    private volatile boolean requested;

    Interrupt() {
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

    boolean requested() {
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
