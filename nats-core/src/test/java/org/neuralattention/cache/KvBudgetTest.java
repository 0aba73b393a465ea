package org.neuralattention.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;
import org.neuralattention.kernels.KeySpans;
import org.neuralattention.kernels.KvDtype;

class KvBudgetTest {

    @Property(tries = 1_000, shrinking = ShrinkingMode.OFF)
    void theBudgetIsNeverExceededAndARefusedStepChangesNothing(@ForAll long seed) {
        Random random = new Random(seed);
        int nLayers = 1 + random.nextInt(3);
        int nKvHeads = 1 + random.nextInt(2);
        int[] windows = KvCacheCases.windows(random, random.nextInt(3));
        long budget = 2_000 + random.nextInt(200_000);
        KvCache cache = new KvCache(nLayers, nKvHeads, 8, windows, 0, KvDtype.values()[random.nextInt(3)], budget);
        float[] k = new float[60 * nKvHeads * 8];
        int refused = 0;
        for (int step = 0; step < 200 && refused < 3; step++) {
            int rows = random.nextInt(4) == 0 ? 1 + random.nextInt(60) : 1;
            int[] roles = KvCacheCases.roles(random, 2 + windows.length, nKvHeads * rows);
            long position = cache.position();
            long[] held = cache.positions(0, 0);
            int layer = 0;
            try {
                for (; layer < nLayers; layer++) {
                    if (rows == 1) {
                        cache.spans(layer, k, 0, k, 0);
                    } else {
                        cache.past(layer, roles, 0, rows);
                    }
                    assertTrue(cache.bytesHeld() <= budget, cache.bytesHeld() + " bytes of " + budget);
                    cache.append(layer, roles, 0, k, 0, k, 0, rows);
                }
            } catch (KvBudgetExceededException e) {
                refused++;
                assertEquals(budget, e.allowed());
                assertTrue(e.needed() > budget);
                assertEquals(position, cache.position());
                assertArrayEquals(held, cache.positions(0, 0));
                assertEquals(0, layer, "refused before anything changed");
            }
            assertTrue(cache.stats().peakBytes() <= budget, cache.stats().peakBytes() + " bytes of " + budget);
        }
    }

    @Property(tries = 300, shrinking = ShrinkingMode.OFF)
    void theListsOfSpansGrowToWhatTheBudgetCountedAndNoFurther(@ForAll long seed) {
        Random random = new Random(seed);
        int nLayers = 1 + random.nextInt(3);
        int nKvHeads = 1 + random.nextInt(3);
        int[] windows = KvCacheCases.windows(random, random.nextInt(4));
        KvCache cache = new KvCache(nLayers, nKvHeads, 1, windows, 0, KvDtype.F32, Long.MAX_VALUE);
        float[] k = new float[200 * nKvHeads];
        for (int step = 0; step < 60; step++) {
            int rows = random.nextInt(4) == 0 ? 1 + random.nextInt(200) : 1;
            long counted = cache.budget.spanBytes(rows);
            long bytes = 0;
            for (int layer = 0; layer < nLayers; layer++) {
                KeySpans[] spans = rows == 1 ? cache.spans(layer, k, 0, k, 0) : new KeySpans[0];
                bytes = Arrays.stream(spans).mapToLong(KeySpans::bytes).sum();
                cache.append(layer, KvCacheCases.roles(random, 2 + windows.length, nKvHeads * rows), 0, k, 0, k, 0, rows);
            }
            assertTrue(rows > 1 || counted == bytes, "seed " + seed + ", step " + step + ": counted " + counted + ", but there are " + bytes);
        }
    }

    @Test
    void slidingTokensFitASmallBudgetForEver() {
        int bytes = 44_000;
        KvCache cache = new KvCache(2, 2, 8, new int[] {20}, 0, KvDtype.F32, bytes);
        float[] k = new float[2 * 8];
        for (int step = 0; step < 5_000; step++) {
            for (int layer = 0; layer < 2; layer++) {
                cache.spans(layer, k, 0, k, 0);
                cache.append(layer, new int[] {2, 2}, 0, k, 0, k, 0, 1);
            }
        }
        assertEquals(4 * 20, cache.stats().liveKeys());
        assertTrue(cache.stats().peakBytes() <= bytes);
    }

    @Test
    void aFullCacheSaysHowMuchItWouldNeedAndTakesNoMoreUntilCleared() {
        KvCache cache = new KvCache(1, 1, 8, new int[0], 0, KvDtype.F32, 30_000);
        float[] k = new float[8];
        int[] global = {0};
        KvBudgetExceededException e = assertThrows(KvBudgetExceededException.class, () -> {
            while (true) {
                cache.append(0, global, 0, k, 0, k, 0, 1);
            }
        });
        assertEquals(30_000, e.allowed());
        assertTrue(e.getMessage().contains(Long.toString(e.needed())) && e.getMessage().contains("30000"), e.getMessage());
        long tokens = cache.position();
        assertTrue(tokens > 64, tokens + " tokens");
        assertThrows(KvBudgetExceededException.class, () -> cache.spans(0, k, 0, k, 0));
        assertEquals(tokens, cache.stats().liveKeys());
        cache.clear();
        cache.append(0, global, 0, k, 0, k, 0, 1);
        assertEquals(1, cache.position());
    }
}
