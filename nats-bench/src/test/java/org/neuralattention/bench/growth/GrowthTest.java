package org.neuralattention.bench.growth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.neuralattention.bench.result.Picture;

/** Growth is measured at every size, and memory by what is really taken. */
class GrowthTest {

    @Test
    void attentionIsMeasuredAtEverySizeAndAllItsArraysAreCounted() {
        AtomicInteger steps = new AtomicInteger();
        List<Picture> pictures = new AttentionGrowth(2, 0.01, steps::incrementAndGet).measure(512, 1024, 2048);
        assertEquals(2 + 3, steps.get());
        Picture memory = pictures.get(2);
        assertArrayEquals(new double[] {512, 1024}, memory.curves().get(0).x());
        assertArrayEquals(new double[] {512, 1024, 2048}, memory.curves().get(3).x());
        double arrays = 4.0 * Float.BYTES * 2048 * 512; // q, k, v and out of 8 heads of 64
        assertTrue(memory.curves().get(1).y()[2] > arrays && memory.curves().get(3).y()[2] > 2 * arrays, memory.toString());
        assertTrue(pictures.get(0).curves().get(1).y()[2] > 0);
    }

    @Test
    void whatACallAllocatesIsCounted() {
        byte[][] kept = new byte[1][];
        double bytes = Repeats.allocatedBytes(() -> kept[0] = new byte[10_000_000]);
        assertTrue(bytes >= 10_000_000 && bytes < 12_000_000, bytes + " of " + kept[0].length);
    }
}
