package org.neuralattention.bench.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.generate.MemoryNeed;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.ModelSource;

/** What memory there is, whether a model fits, and what it took in the end beside what was foretold. */
public final class MemoryTeller {

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String PEAK = "VmHWM:";

    private MemoryTeller() {}

    /**
     * Refuses weights that cannot fit the heap, before any is read.
     *
     * @param model its name, for the message
     */
    static void checkHeap(Path model, ModelSource source) {
        long needed = ModelLoader.bytes(source);
        long room = heapRoom(needed);
        if (needed > room) {
            long enough = (needed + needed / 8 >> 20) + 256; // room for a short text, too
            throw new UserError(model + " needs " + Numbers.bytes(needed) + " of heap for its weights (" + needed + " bytes), this JVM has room for " + Numbers.bytes(room)
                    + ": NATS_JAVA_OPTS=-Xmx" + enough + "m sets a larger heap.");
        }
    }

    /** Bytes of the heap where what stays can be; only looked up, which takes a while, where it may matter. */
    public static long heapRoom(long needed) {
        long heap = Runtime.getRuntime().maxMemory();
        if (needed < heap / 2) {
            return heap;
        }
        return ManagementFactory.getMemoryPoolMXBeans().stream().filter(pool -> pool.getType() == MemoryType.HEAP)
                .map(MemoryPoolMXBean::getUsage).mapToLong(usage -> usage.getMax()).max().stream().filter(max -> max > 0).findFirst().orElse(heap);
    }

    /** Physical memory of this machine, or of the container; empty where the JVM cannot tell. */
    static OptionalLong machine() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system
                ? OptionalLong.of(system.getTotalMemorySize()) : OptionalLong.empty();
    }

    /** The most memory that this process has had in RAM; empty where the system does not tell. */
    public static OptionalLong residentPeak() {
        try (Stream<String> lines = Files.lines(STATUS)) {
            return lines.filter(line -> line.startsWith(PEAK)).mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10).findFirst();
        } catch (IOException | NumberFormatException e) {
            return OptionalLong.empty();
        }
    }

    /**
     * Tells what was foretold and what the process took until now.
     *
     * @param atMost whether roles may have kept it smaller
     */
    static void tell(CommonOptions common, MemoryNeed need, boolean atMost) {
        OptionalLong peak = residentPeak();
        if (common.json() != null) {
            common.json().event("memory").put("predicted", need.total()).put("residentPeak", peak).end();
            return;
        }
        common.err().println("memory: predicted " + (atMost ? "at most " : "") + Numbers.bytes(need.total())
                + (peak.isPresent() ? ", resident peak " + Numbers.bytes(peak.getAsLong()) : ""));
    }
}
