package org.neuralattention.bench.tasks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Every query has one answer, which stands in the first half and nowhere else; the same index gives the same sequence. */
class MqarTest {

    private static final int OFFSET = 3;

    @Property(tries = 300)
    void everyTargetIsTheValueOfTheAskedKey(@ForAll @IntRange(min = 1, max = 16) int pairs,
            @ForAll @IntRange(min = 16, max = 70) int quarter, @ForAll long seed, @ForAll long index, @ForAll boolean training) {
        Mqar task = Mqar.of(pairs, 4 * quarter);
        int[] ids = new int[OFFSET + task.length()];
        int[] targets = new int[OFFSET + task.length()];
        fill(task, training, ids, targets, seed, index);

        Map<Integer, Integer> valueOf = new HashMap<>();
        for (int i = 0; i < task.length() / 2; i++) {
            assertEquals(Mqar.NOT_SCORED, targets[OFFSET + i]);
            if (task.isKey(ids[OFFSET + i])) {
                assertEquals(0, i % 2);
                assertTrue(task.isValue(ids[OFFSET + i + 1]));
                assertEquals(null, valueOf.put(ids[OFFSET + i], ids[OFFSET + i + 1]), "a key twice");
            }
        }
        assertEquals(pairs, valueOf.size());
        assertEquals(pairs, new HashSet<>(valueOf.values()).size());

        int asked = 0;
        for (int i = task.length() / 2; i < task.length(); i++) {
            int id = ids[OFFSET + i];
            assertFalse(task.isValue(id), "an answer is shown");
            assertEquals(task.isKey(id) ? valueOf.get(id) : Integer.valueOf(Mqar.NOT_SCORED), targets[OFFSET + i]);
            asked += task.isKey(id) ? 1 : 0;
        }
        assertEquals(training ? quarter : pairs, asked);
        for (int i = 0; i < OFFSET; i++) {
            assertEquals(0, ids[i]);
        }
    }

    @Test
    void aSequenceIsAFunctionOfSeedAndIndex() {
        Mqar task = Mqar.of(8, 64);
        assertArrayEquals(ids(task, true, 1, 2), ids(task, true, 1, 2));
        assertFalse(Arrays.equals(ids(task, true, 1, 2), ids(task, true, 1, 3)));
        assertFalse(Arrays.equals(ids(task, true, 1, 2), ids(task, true, 2, 2)));
        assertFalse(Arrays.equals(Arrays.copyOf(ids(task, true, 1, 2), 32), Arrays.copyOf(ids(task, false, 1, 2), 32)),
                "evaluation repeats training");
    }

    /** Pairs and queries fall on every slot about equally often: within 5 standard deviations of the mean. */
    @Test
    void pairsAndQueriesAreUniform() {
        Mqar task = Mqar.of(4, 64);
        int rounds = 4000;
        int[] keyAt = new int[64];
        for (int index = 0; index < rounds; index++) {
            int[] ids = ids(task, false, 7, index);
            for (int i = 0; i < 64; i++) {
                keyAt[i] += task.isKey(ids[i]) ? 1 : 0;
            }
        }
        double p = 4 / 16.0;
        double bound = 5 * Math.sqrt(rounds * p * (1 - p));
        for (int i = 0; i < 64; i += 2) {
            assertEquals(rounds * p, keyAt[i], bound, "position " + i);
        }
    }

    @Test
    void whatDoesNotFitIsNamed() {
        assertThrows(IllegalArgumentException.class, () -> Mqar.of(8, 63));
        assertThrows(IllegalArgumentException.class, () -> Mqar.of(0, 64));
        assertThrows(IllegalArgumentException.class, () -> Mqar.of(17, 64));
        assertThrows(IllegalArgumentException.class, () -> new Mqar(4, 64, 128, 5, 64));
        assertThrows(IllegalArgumentException.class, () -> new Mqar(64, 64, 0, 4, 64));
        assertThrows(IndexOutOfBoundsException.class, () -> Mqar.of(8, 64).training(new int[64], 1, new int[64], 0, 1, 1));
    }

    private static int[] ids(Mqar task, boolean training, long seed, long index) {
        int[] ids = new int[OFFSET + task.length()];
        fill(task, training, ids, new int[OFFSET + task.length()], seed, index);
        return Arrays.copyOfRange(ids, OFFSET, ids.length);
    }

    private static void fill(Mqar task, boolean training, int[] ids, int[] targets, long seed, long index) {
        if (training) {
            task.training(ids, OFFSET, targets, OFFSET, seed, index);
        } else {
            task.evaluation(ids, OFFSET, targets, OFFSET, seed, index);
        }
    }
}
