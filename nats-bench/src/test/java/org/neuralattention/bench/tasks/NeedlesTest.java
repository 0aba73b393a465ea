package org.neuralattention.bench.tasks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Whoever reads the sequence from its beginning knows every answer, and the tokens that are needed tell them all. */
class NeedlesTest {

    private static final Vocabulary V = Vocabulary.STANDARD;

    @Property(tries = 300)
    void everyAnswerStandsInTheHaystackInOrder(@ForAll @IntRange(min = 1, max = 8) int keys, @ForAll @IntRange(min = 1, max = 8) int values,
            @ForAll @IntRange(min = 1, max = 8) int asked, @ForAll @IntRange(min = 210, max = 300) int length, @ForAll @IntRange(max = 1 << 30) int seed) {
        Needles task = new Needles(V, keys, values, Math.min(asked, keys), seed % 2 == 0, length);
        Example example = task.example(seed, seed % 7);
        int[] ids = example.ids();
        Map<Integer, List<Integer>> told = new LinkedHashMap<>();
        for (int i = 0; i < example.prompt() - 2; i += 2) {
            if (ids[i] < V.keys()) {
                told.computeIfAbsent(ids[i], key -> new ArrayList<>()).add(ids[i + 1]);
                assertTrue(example.needed().get(i) && example.needed().get(i + 1));
            }
        }
        assertEquals(keys, told.size());
        assertEquals(2 * keys * values, example.needed().cardinality());
        assertEquals(Math.min(asked, keys), example.questions().size());
        for (Question question : example.questions()) {
            assertEquals(V.ask(), ids[question.at() - 1]);
            assertEquals(told.get(ids[question.at()]), question.answer());
        }
        assertEquals(length - 1, example.questions().getLast().at() + values, "the sequence ends with the last answer");
    }

    @Test
    void theSingleNeedleLiesInRepeatedFillerAtAnyDepth() {
        int[] at = new int[100];
        for (int i = 0; i < 2000; i++) {
            Example example = Needles.single(100).example(0, i);
            int needle = example.needed().nextSetBit(0);
            at[needle]++;
            for (int n = 16; n < 97; n++) {
                boolean filler = !example.needed().get(n) && !example.needed().get(n - 16);
                assertTrue(!filler || example.ids()[n] == example.ids()[n - 16]);
            }
        }
        for (int slot = 0; slot < 48; slot++) {
            assertEquals(2000 / 48.0, at[2 * slot], 5 * Math.sqrt(2000 / 48.0), "place " + 2 * slot);
        }
    }

    /** Of the training rows every other is MQAR's; whoever reads the other ones knows their answers too, and is asked again and again. */
    @Test
    void trainingAsksWhatWasTold() {
        for (Needles task : List.of(Needles.single(102), Needles.multiKey(6, 102), Needles.multiValue(4, 102), Needles.multiQuery(3, 23))) {
            for (int row = 0; row < 20; row++) {
                int[] ids = new int[task.length()];
                int[] targets = new int[task.length()];
                task.training(5).fill(ids, targets, 0, 9, row, task.length());
                Map<Integer, List<Integer>> told = new LinkedHashMap<>();
                int asked = 0;
                for (int i = 0; i < ids.length; i++) {
                    if (targets[i] >= 0 && ids[i] < V.keys()) {
                        assertEquals(told.get(ids[i]).getFirst(), targets[i]);
                        asked++;
                    } else if (targets[i] >= 0) {
                        assertEquals(ids[i + 1], targets[i]);
                    } else if (ids[i] < V.keys() && i % 2 == 0) {
                        told.computeIfAbsent(ids[i], key -> new ArrayList<>()).add(ids[i + 1]);
                    }
                }
                assertTrue(row % 2 == 1 || told.size() == Math.min(8, task.length() / 4), "not a row of MQAR");
                assertTrue(asked >= task.length() / 2 / (row % 2 == 0 ? 3 : 2 + task.valuesPerKey()), asked + " questions");
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Needles(V, 2, 1, 3, false, 100));
        assertThrows(IllegalArgumentException.class, () -> new Needles(V, 65, 1, 1, false, 1000));
        assertThrows(IllegalArgumentException.class, () -> new Needles(V, 13, 5, 1, false, 1000));
        assertThrows(IllegalArgumentException.class, () -> Needles.multiKey(10, 22));
        Needles.multiKey(10, 23);
    }
}
