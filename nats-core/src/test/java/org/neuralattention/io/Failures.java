package org.neuralattention.io;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;

/** Lets a step of {@link AtomicFiles} fail, for tests of whatever writes through it. */
public final class Failures {

    private Failures() {}

    /** The step of that index from now on fails; the others succeed. */
    public static void atStep(int index) {
        AtomicInteger next = new AtomicInteger();
        AtomicFiles.hook = step -> {
            if (next.getAndIncrement() == index) {
                throw new IOException("planted failure of " + step);
            }
        };
    }

    /** Nothing fails. */
    public static void none() {
        AtomicFiles.hook = step -> {};
    }
}
