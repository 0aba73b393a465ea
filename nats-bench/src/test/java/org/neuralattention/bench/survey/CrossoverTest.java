package org.neuralattention.bench.survey;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.neuralattention.bench.result.Row;
import org.neuralattention.bench.result.Sample;
import org.neuralattention.bench.result.Unit;

/** The context from which roles are faster. */
class CrossoverTest {

    /** Rows of a benchmark, of {context, time with every key, time with roles} each. */
    private static List<Row> rows(String name, double[]... times) {
        List<Row> rows = new ArrayList<>();
        for (double[] each : times) {
            rows.add(row(name, (int) each[0], "full", Sample.of(Unit.SECONDS, each[1])));
            rows.add(row(name, (int) each[0], "roles", Sample.of(Unit.SECONDS, each[2])));
        }
        return rows;
    }

    private static Row row(String name, int context, String keys, Sample sample) {
        return Row.of("Context", name, "context=" + context + " keys=" + keys + " kvDtype=F32", 2, 512, sample);
    }

    private static double from(double[]... times) {
        List<Row> found = Crossover.of(rows("decode", times));
        return found.isEmpty() ? Double.POSITIVE_INFINITY : found.getFirst().sample().median();
    }

    @Test
    void itLiesBetweenTwoContextsWhereThePowerLawsCross() {
        // roles take 8 whatever the context, every key c / 100: equal at 800
        assertEquals(800, from(new double[] {200, 2, 8}, new double[] {400, 4, 8}, new double[] {1600, 16, 8}, new double[] {6400, 64, 8}), 1e-9);
        assertEquals(400, from(new double[] {200, 2, 4}, new double[] {400, 4, 4}, new double[] {800, 8, 4}), 1e-9, "equal at one of them");
    }

    @Test
    void whatIsFasterForAWhileOnlyDoesNotCount() {
        assertEquals(4000, from(new double[] {1000, 2, 1}, new double[] {2000, 2, 4}, new double[] {8000, 8, 4}), 1e-9);
    }

    @Test
    void itIsTheSmallestContextWhereRolesAlwaysWinAndNoneWhereTheyLoseAtTheEnd() {
        assertEquals(1000, from(new double[] {1000, 2, 1}, new double[] {2000, 4, 1}));
        assertEquals(Double.POSITIVE_INFINITY, from(new double[] {1000, 2, 1}, new double[] {2000, 1, 2}));
        assertEquals(Double.POSITIVE_INFINITY, from(new double[] {1000, 2, 1}), "one context crosses nothing");
    }

    @Test
    void eachBenchmarkHasItsOwnAndBytesHaveNone() {
        List<Row> rows = rows("decode", new double[] {100, 1, 2}, new double[] {400, 4, 2});
        rows.addAll(rows("prefill", new double[] {100, 1, 4}, new double[] {1600, 16, 4}));
        rows.add(row("decode, KV cache", 100, "full", Sample.of(Unit.BYTES, 7)));
        rows.add(row("alone", 100, "full", Sample.of(Unit.SECONDS, 1)));
        rows.add(Row.of("MatMul", "product", "abt 4 4 4", 1, 512, Sample.of(Unit.SECONDS, 1)));
        List<Row> found = Crossover.of(rows);
        assertEquals(List.of("decode, roles are faster from", "prefill, roles are faster from"), found.stream().map(Row::name).toList());
        assertEquals(200, found.get(0).sample().median(), 1e-9);
        assertEquals(400, found.get(1).sample().median(), 1e-9);
        assertEquals("kvDtype=F32", found.getFirst().parameters());
        assertEquals("200 tokens", found.getFirst().sample().unit().format(200));
    }
}
