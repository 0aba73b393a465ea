package org.neuralattention.bench.result;

import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.neuralattention.kernels.Kernels;

/**
 * Where something was measured.
 *
 * @param cpu its model
 * @param cores this JVM may use
 * @param jdk version and vendor
 * @param kernels which run, with the width of their vectors
 * @param collector the garbage collector
 * @param system operating system and architecture
 */
public record Machine(String cpu, int cores, String jdk, String kernels, String collector, String system) {

    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    /** This JVM's. */
    public static Machine here() {
        return new Machine(cpuModel(), Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.version") + " (" + System.getProperty("java.vendor") + ")", Kernels.describe(), collectors(),
                System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    }

    /** The kernel's word for it; where it has none, the architecture. */
    private static String cpuModel() {
        if (Files.isReadable(CPU_INFO)) {
            try (Stream<String> lines = Files.lines(CPU_INFO)) {
                return lines.filter(line -> line.startsWith("model name")).findFirst()
                        .map(line -> line.substring(line.indexOf(':') + 1).strip()).orElseGet(Machine::architecture);
            } catch (IOException e) {
                return architecture();
            }
        }
        return architecture();
    }

    private static String architecture() {
        return System.getProperty("os.arch");
    }

    /** The first word of its beans' names, which all have in common, as the flags spell it. */
    private static String collectors() {
        return ManagementFactory.getGarbageCollectorMXBeans().stream().map(GarbageCollectorMXBean::getName)
                .map(name -> name.split(" ")[0].replace("PS", "Parallel").replace("Copy", "Serial").replace("MarkSweepCompact", "Serial"))
                .distinct().collect(Collectors.joining(", "));
    }

    /** All of it on one line. */
    public String describe() {
        return cpu + ", " + cores + " cores, " + system + ", Java " + jdk + ", " + collector + " collector, kernels: " + kernels;
    }
}
