package org.neuralattention.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.roles.Role;

class KvCacheBytesTest {

    @Test
    void atSixteenThousandTokensTheBytesHeldAreWithinATenthOfTheLiveOnes() {
        for (double[] mix : new double[][] {{0.15, 0.25}, {0.08, 0.3}, {1, 0}}) {
            KvCache cache = new KvCache(2, 2, 64, new int[] {16, 64, 256}, 0, KvDtype.F32, Long.MAX_VALUE);
            fill(cache, 2, 2, 64, 3, 16_384, mix, new Random(1));
            KvStats stats = cache.stats();
            double ratio = (double) stats.bytesHeld() / stats.bytesLogical();
            System.out.printf("16384 tokens, globals %.2f, locals %.2f: %d keys live of %d, %.3f x their bytes held%n",
                    mix[0], mix[1], stats.liveKeys(), 4 * stats.tokens(), ratio);
            assertTrue(ratio <= 1.10, "held / live bytes = " + ratio);
        }
    }

    /** Best of a few tries, for what else the JVM allocates meanwhile counts too. */
    @ParameterizedTest
    @EnumSource
    void theBytesReportedAreTheBytesOfTheHeap(KvDtype dtype) {
        double nearest = Double.MAX_VALUE;
        long remaining = Long.MAX_VALUE;
        for (int attempt = 0; attempt < 5 && (nearest > 0.02 || remaining >= 8 << 20); attempt++) {
            long before = usedHeap();
            KvCache cache = new KvCache(2, 2, 64, new int[] {16, 64}, 0, dtype, Long.MAX_VALUE);
            fill(cache, 2, 2, 64, 2, 40_000, new double[] {0.8, 0.1}, new Random(2));
            long measured = usedHeap() - before;
            nearest = Math.min(nearest, Math.abs((double) measured / cache.bytesHeld() - 1));
            cache.clear();
            remaining = Math.min(remaining, usedHeap() - before);
            assertEquals(0, cache.stats().liveKeys());
        }
        assertTrue(remaining < 8 << 20, "clear gives the memory back, but " + remaining + " bytes remain");
        assertTrue(nearest <= 0.02, "measured and reported differ by " + nearest);
    }

    @ParameterizedTest
    @EnumSource
    void bytesFollowTheStoredForm(KvDtype dtype) {
        KvCache cache = new KvCache(2, 2, 64, new int[0], 0, dtype, Long.MAX_VALUE);
        fill(cache, 2, 2, 64, 0, 4096, new double[] {1, 0}, new Random(3));
        KvStats stats = cache.stats();
        long keyBytes = switch (dtype) {
            case F32 -> 2 * 64 * 4;
            case BF16 -> 2 * 64 * 2;
            case Q8 -> 2 * (64 + 2 * 2);
        };
        assertEquals(4 * 4096 * keyBytes, stats.bytesLogical());
        assertEquals(stats.bytesLogical(), stats.fullBytes());
        // Beside the rows: 4 bytes of position per key, and spare blocks.
        assertTrue(stats.bytesHeld() <= stats.bytesLogical() * (1 + 5.0 / keyBytes + 0.04), "held / live = " + (double) stats.bytesHeld() / stats.bytesLogical());
    }

    private static long usedHeap() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private static void fill(KvCache cache, int nLayers, int nKvHeads, int headDim, int nWindows, int tokens, double[] mix, Random random) {
        float[] k = new float[nKvHeads * headDim];
        int[] roles = new int[nKvHeads];
        for (int t = 0; t < tokens; t++) {
            for (int layer = 0; layer < nLayers; layer++) {
                Arrays.setAll(roles, g -> {
                    double x = random.nextDouble();
                    return x < mix[0] ? Role.GLOBAL : x < mix[0] + mix[1] ? Role.LOCAL : Role.sliding(random.nextInt(nWindows));
                });
                cache.append(layer, roles, 0, k, 0, k, 0, 1);
            }
        }
    }
}
