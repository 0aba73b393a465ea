package org.neuralattention.bench.cli;

import java.io.PrintWriter;
import java.util.concurrent.atomic.AtomicBoolean;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Turns the first Ctrl-C into a wish that an answer hears, and ends the program with the second. A shutdown hook cannot do this: it hears the signal when
 * the end is decided. The JDK has no other way than this class of jdk.unsupported, which programs that read from terminals have used for decades.
 */
final class CtrlC implements AutoCloseable {

    private final PrintWriter err;
    private final AtomicBoolean pressed = new AtomicBoolean();
    private final SignalHandler before;
    private volatile boolean answering;

    CtrlC(PrintWriter err) {
        this.err = err;
        this.before = Signal.handle(new Signal("INT"), signal -> press());
    }

    /** Heard on the JVM's own thread. */
    void press() {
        if (pressed.getAndSet(true)) {
            System.exit(Interrupt.EXIT_CODE);
        }
        if (!answering) {
            err.println();
            err.println("Ctrl-C again, or /quit, ends the chat.");
            err.flush();
        }
    }

    /** Whether there was one since {@link #reset}. */
    boolean pressed() {
        return pressed.get();
    }

    /** From here on the next one is the first. */
    void reset(boolean answering) {
        this.answering = answering;
        pressed.set(false);
    }

    /** There is no answer any more that could hear it. */
    void answered() {
        answering = false;
    }

    @Override
    public void close() {
        Signal.handle(new Signal("INT"), before);
    }
}
