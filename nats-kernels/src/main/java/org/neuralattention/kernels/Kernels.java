package org.neuralattention.kernels;

import org.neuralattention.kernels.vector.Lanes;

/**
 * Which code runs: the plain loops or their twins on the Vector API. Decided once, when this class is loaded.
 *
 * <p>The vector kernels run if the module {@code jdk.incubator.vector} is there, the JVM is HotSpot with its C2 compiler
 * (elsewhere the Vector API is many times slower than plain loops) and the hardware has vectors of at least 128 bits.
 * Two system properties force the choice; forcing what is not available is an error:
 * <ul>
 *   <li>{@code -Dnats.kernels=auto|scalar|vector}
 *   <li>{@code -Dnats.vectorBits=128|256|512}; without it, the widest the JVM prefers
 * </ul>
 */
public final class Kernels {

    /** True where the vector kernels run; constant, so that the compiler drops the other branch. */
    static final boolean VECTOR = choose();

    private Kernels() {}

    /** Whether the vector kernels run in this JVM. */
    public static boolean vector() {
        return VECTOR;
    }

    /** Width of the vectors in bits; 0 where the plain loops run. */
    public static int vectorBits() {
        return VECTOR ? Lanes.BITS : 0;
    }

    /** One line for logs and reports, such as {@code vector, 512 bits} or {@code scalar}. */
    public static String describe() {
        return VECTOR ? "vector, " + Lanes.BITS + " bits" : "scalar";
    }

    private static boolean choose() {
        String wish = System.getProperty("nats.kernels", "auto");
        String missing = missing();
        return switch (wish) {
            case "scalar" -> false;
            case "vector" -> {
                if (missing != null) {
                    throw new IllegalStateException("-Dnats.kernels=vector, but " + missing);
                }
                yield true;
            }
            case "auto" -> {
                if (missing != null) {
                    if (System.getProperty("nats.vectorBits") != null) {
                        throw new IllegalStateException("-Dnats.vectorBits is set, but " + missing);
                    }
                    System.getLogger(Kernels.class.getName())
                            .log(System.Logger.Level.WARNING, "Plain Java kernels run, several times slower than vector kernels: " + missing);
                }
                yield missing == null;
            }
            default -> throw new IllegalStateException("-Dnats.kernels=" + wish + ": must be auto, scalar or vector");
        };
    }

    /** What stands in the way of the vector kernels and what to do about it, or null. */
    private static String missing() {
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            return "the module jdk.incubator.vector is not loaded; start Java with --add-modules jdk.incubator.vector";
        }
        String vm = System.getProperty("java.vm.name", "");
        if (!vm.contains("HotSpot") && !vm.contains("OpenJDK")) {
            return "this JVM (" + vm + ") is not HotSpot; run on an OpenJDK build with the C2 compiler";
        }
        if (System.getProperty("java.vm.info", "").contains("interpreted")) {
            return "this JVM only interprets (-Xint); run it with the C2 compiler";
        }
        return Lanes.missing();
    }
}
