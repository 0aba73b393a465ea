package org.neuralattention.bench.survey;

import java.util.ArrayList;
import java.util.List;
import org.neuralattention.bench.jmh.ContextBench;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/** What all runs of JMH have in common. */
public final class JmhOptions {

    /** The width of the vectors, where it is not the one the JVM prefers. */
    public static final String WIDTH = "nats.vectorBits";

    private static final String MODULE = "jdk.incubator.vector";

    private JmhOptions() {}

    /** A failure ends the run; forks get the flags of this JVM, its vectors' width and the model it was given, and the Vector API also where this one was started without it. */
    public static ChainedOptionsBuilder common() {
        List<String> flags = new ArrayList<>();
        if (ModuleLayer.boot().findModule(MODULE).isEmpty()) { // not started by the launcher
            flags.addAll(List.of("--add-modules", MODULE));
        }
        for (String property : List.of(WIDTH, ContextBench.MODEL, ContextBench.TEXT)) {
            if (System.getProperty(property) != null) {
                flags.add("-D" + property + "=" + System.getProperty(property));
            }
        }
        return new OptionsBuilder().shouldFailOnError(true).jvmArgsPrepend(flags.toArray(String[]::new));
    }

    /** One fork of so many short iterations. */
    public static void iterations(ChainedOptionsBuilder options, int warmup, int warmupMillis, int measured, int millis) {
        options.forks(1).warmupIterations(warmup).warmupTime(TimeValue.milliseconds(warmupMillis))
                .measurementIterations(measured).measurementTime(TimeValue.milliseconds(millis));
    }
}
