package org.neuralattention.bench.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.neuralattention.bench.tasks.TaskScore;
import org.neuralattention.eval.KvUse;

/** A front is what nothing beats at as few bytes. */
class ScoredTest {

    private static Scored row(PolicyChoice choice, long pairs, TaskScore.Measure measure, double points) {
        KvUse use = new KvUse(1, 10, List.of(pairs), 55, 0, 0, 0, 10, 8, List.of(List.of(10L)));
        return new Scored("model", "task", 10, choice, choice.name(), "", "", List.of(new TaskScore(measure, 100, points, List.of(), use)));
    }

    private static List<PolicyChoice> front(Scored... rows) {
        return Scored.front(List.of(rows)).stream().map(Scored::choice).toList();
    }

    @Test
    void moreRecallOrLessLossIsBetter() {
        for (TaskScore.Measure measure : TaskScore.Measure.values()) {
            int sign = measure == TaskScore.Measure.RECALL ? 1 : -1;
            assertEquals(List.of(PolicyChoice.SINK, PolicyChoice.LEARNED, PolicyChoice.FULL), front(
                    row(PolicyChoice.FULL, 55, measure, 50 + sign * 9), row(PolicyChoice.LEARNED, 20, measure, 50 + sign * 8),
                    row(PolicyChoice.TOVA, 30, measure, 50 + sign * 8), row(PolicyChoice.H2O, 20, measure, 50 + sign * 7),
                    row(PolicyChoice.SINK, 10, measure, 50), row(PolicyChoice.WINDOW, 10, measure, 50 - sign), row(PolicyChoice.ORACLE, 5, measure, 50 + sign * 40)));
        }
    }

    @Test
    void theSpreadIsHalfOfWhatLiesBetweenTheSeeds() {
        List<TaskScore> scores = Stream.of(20, 50, 30).map(points -> row(PolicyChoice.FULL, 55, TaskScore.Measure.RECALL, points).scores().getFirst()).toList();
        Scored row = new Scored("model", "task", 10, PolicyChoice.FULL, "full", "", "", scores);
        assertEquals(0.15, row.spread(), 1e-12);
        assertEquals(1 / 3.0, row.value(), 1e-12);
        assertEquals(Double.NaN, row(PolicyChoice.FULL, 55, TaskScore.Measure.NLL, 1).spread());
    }
}
