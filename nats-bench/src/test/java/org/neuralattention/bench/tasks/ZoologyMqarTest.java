package org.neuralattention.bench.tasks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The published form of the task, held against its published example. */
class ZoologyMqarTest {

    @Test
    void theExampleOfTheSource() {
        int[] ids = new int[16];
        int[] targets = new int[16];
        new ZoologyMqar(17, 16, 2, 1).lay(ids, 0, targets, 0, new int[] {2, 4}, new int[] {8, 7}, new int[] {4, 1});
        assertArrayEquals(new int[] {2, 8, 4, 7, 0, 0, 4, 0, 0, 0, 0, 0, 2, 0, 0, 0}, ids);
        assertArrayEquals(new int[] {-1, -1, -1, -1, -1, -1, 7, -1, -1, -1, -1, -1, 8, -1, -1, -1}, targets);
    }

    @Property(tries = 200)
    void everyKeyIsAskedOnceAndItsTargetIsItsValue(@ForAll @IntRange(min = 1, max = 12) int pairs, @ForAll long seed, @ForAll long index) {
        ZoologyMqar task = new ZoologyMqar(128, 64, pairs, 0.01);
        int[] ids = new int[64];
        int[] targets = new int[64];
        task.sequence(ids, 0, targets, 0, seed, index);
        for (int i = 0; i < pairs; i++) {
            int key = ids[2 * i];
            int value = ids[2 * i + 1];
            assertTrue(key >= 1 && key < 64 && value >= 64 && value < 128);
            int asked = 0;
            for (int j = 2 * pairs; j < 64; j++) {
                if (ids[j] == key) {
                    asked++;
                    assertEquals(value, targets[j]);
                } else if (ids[j] == 0) {
                    assertEquals(-1, targets[j]);
                }
            }
            assertEquals(1, asked);
        }
    }

    /** At a = 0.01 the first of 31 slots has 0.245 of the weight, at a = 1 all have 1/31. */
    @Test
    void theExponentSaysHowNearQueriesAre() {
        assertEquals(0.245, shareOfFirstSlot(0.01), 0.03);
        assertEquals(1 / 31.0, shareOfFirstSlot(1), 0.015);
    }

    private static double shareOfFirstSlot(double a) {
        int[] ids = new int[64];
        int[] targets = new int[64];
        int first = 0;
        for (int index = 0; index < 2000; index++) {
            new ZoologyMqar(128, 64, 1, a).sequence(ids, 0, targets, 0, 5, index);
            first += ids[2] != 0 ? 1 : 0;
        }
        return first / 2000.0;
    }

    @Test
    void whatDoesNotFitIsNamed() {
        assertThrows(IllegalArgumentException.class, () -> new ZoologyMqar(128, 63, 2, 1));
        assertThrows(IllegalArgumentException.class, () -> new ZoologyMqar(64, 64, 2, 1));
        assertThrows(IllegalArgumentException.class, () -> new ZoologyMqar(128, 64, 17, 1));
        assertThrows(IllegalArgumentException.class, () -> new ZoologyMqar(128, 64, 4, 0));
        assertThrows(IllegalArgumentException.class, () -> new ZoologyMqar(128, 64, 4, Double.NaN));
    }
}
