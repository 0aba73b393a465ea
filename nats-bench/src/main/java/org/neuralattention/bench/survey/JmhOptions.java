package org.neuralattention.bench.survey;

import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/** What all runs of JMH have in common. */
public final class JmhOptions {

    private static final String MODULE = "jdk.incubator.vector";

    private JmhOptions() {}

    /** A failure ends the run; forks get the flags of this JVM, and the Vector API also where this one was started without it. */
    public static ChainedOptionsBuilder common() {
        ChainedOptionsBuilder options = new OptionsBuilder().shouldFailOnError(true);
        if (ModuleLayer.boot().findModule(MODULE).isEmpty()) { // not started by the launcher
            options.jvmArgsPrepend("--add-modules", MODULE);
        }
        return options;
    }

    /** One fork of so many short iterations. */
    public static void iterations(ChainedOptionsBuilder options, int warmup, int warmupMillis, int measured, int millis) {
        options.forks(1).warmupIterations(warmup).warmupTime(TimeValue.milliseconds(warmupMillis))
                .measurementIterations(measured).measurementTime(TimeValue.milliseconds(millis));
    }
}
