package org.neuralattention.bench.tasks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Whoever follows the assignments in their order knows who holds the value that is asked. */
class VariableTrackingTest {

    private static final Vocabulary V = Vocabulary.STANDARD;

    @Property(tries = 300)
    void theAnswerIsEveryVariableThatHoldsTheValue(@ForAll @IntRange(min = 1, max = 4) int chains, @ForAll @IntRange(min = 1, max = 5) int hops,
            @ForAll @IntRange(min = 110, max = 200) int length, @ForAll @IntRange(max = 1 << 30) int seed) {
        VariableTracking task = new VariableTracking(V, chains, hops, length);
        Example example = task.example(seed, 1);
        int[] ids = example.ids();
        Map<Integer, Integer> held = new HashMap<>();
        for (int i = 0; i < example.prompt() - 2; i++) {
            if (ids[i] == V.set()) {
                int from = ids[i + 2];
                held.put(ids[i + 1], from < V.keys() ? held.get(from) : Integer.valueOf(from)); // null, and an error below, if it was not assigned yet
            }
        }
        assertEquals(chains * (hops + 1), held.size());
        Question question = example.questions().getFirst();
        assertEquals(List.of(V.ask(), example.questions().size()), List.of(ids[question.at() - 1], 1));
        Set<Integer> holders = new HashSet<>();
        held.forEach((variable, value) -> {
            if (value == ids[question.at()]) {
                holders.add(variable);
            }
        });
        assertEquals(holders, new HashSet<>(question.answer()));
        assertEquals(hops + 1, question.answer().size());
        assertEquals(3 * chains * (hops + 1), example.needed().cardinality());
        assertEquals(length, question.at() + 1 + question.answer().size());
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> VariableTracking.of(4, 36));
        assertThrows(IllegalArgumentException.class, () -> new VariableTracking(V, 13, 4, 1000));
        VariableTracking.of(4, 37);
    }
}
