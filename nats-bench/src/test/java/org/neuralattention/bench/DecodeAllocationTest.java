package org.neuralattention.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.cache.KvCache;
import org.neuralattention.kernels.DecodeAttention;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.roles.Role;

class DecodeAllocationTest {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** In a JVM of its own: what C2 inlines, and so whether a vector becomes an object, depends on what else ran before. */
    @Test
    void decodeInTheSteadyStateAllocatesNothing(@TempDir Path folder) throws Exception {
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules", "jdk.incubator.vector", "-cp", System.getProperty("java.class.path"), DecodeAllocationTest.class.getName())
                .redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        try {
            assertTrue(child.waitFor(120, TimeUnit.SECONDS), () -> "still at work; standard error: " + text(err));
        } finally {
            child.destroyForcibly();
        }
        assertEquals(0, child.exitValue(), () -> text(err));
        assertEquals("F32 0, BF16 0, Q8 0 bytes per token", text(out).strip(), () -> text(err));
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /**
     * Prints what a token allocates. Roles repeat every 40 tokens, shifted by 10 from head to head, so that one head reuses what another
     * gives back; an attention window of 300 lets also the globals expire.
     */
    public static void main(String[] args) {
        String result = Arrays.stream(KvDtype.values()).map(dtype -> dtype + " " + bytesPerToken(dtype)).collect(Collectors.joining(", "));
        System.out.println(result + " bytes per token");
    }

    private static long bytesPerToken(KvDtype dtype) {
        KvCache cache = new KvCache(2, 2, 16, new int[] {16, 64}, 300, dtype, Long.MAX_VALUE);
        float[] q = new float[4 * 16];
        float[] k = new float[2 * 16];
        float[] out = new float[4 * 16];
        int[] roles = new int[2];
        Team team = Team.serial();
        long allocated = Long.MAX_VALUE;
        for (int attempt = 0; attempt < 20 && allocated >= 20_000; attempt++) { // until C2 has compiled it all: before that, vectors are objects
            long before = THREADS.getCurrentThreadAllocatedBytes();
            decode(cache, q, k, out, roles, team, 20_000);
            allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        }
        return allocated / 20_000;
    }

    private static void decode(KvCache cache, float[] q, float[] k, float[] out, int[] roles, Team team, int tokens) {
        for (int t = 0; t < tokens; t++) {
            for (int layer = 0; layer < 2; layer++) {
                for (int g = 0; g < 2; g++) {
                    long phase = (cache.position() + 10 * (2 * layer + g)) % 40;
                    roles[g] = phase == 0 ? Role.GLOBAL : phase < 15 ? Role.LOCAL : Role.sliding((int) phase % 2);
                }
                DecodeAttention.forward(out, 0, q, 0, cache.spans(layer, k, 0, k, 0), 4, 2, 16, team);
                cache.append(layer, roles, 0, k, 0, k, 0, 1);
            }
        }
    }
}
