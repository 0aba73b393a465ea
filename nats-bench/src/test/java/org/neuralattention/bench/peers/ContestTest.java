package org.neuralattention.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.neuralattention.bench.peers.Contest.Comparison;
import org.neuralattention.bench.peers.GemmPeer.Form;
import org.neuralattention.bench.result.Goal;
import org.neuralattention.bench.result.Row;
import org.neuralattention.bench.result.Unit;
import org.neuralattention.bench.result.Work;

/** Ratios are medians over rounds, goals follow from them, and nobody is timed who computes something else. */
class ContestTest {

    private static final long MS = 1_000_000;

    private final StringBuilder log = new StringBuilder();
    private final Fake.Clock clock = new Fake.Clock();
    private final Rounds rounds = new Rounds(() -> clock.now, 1, 3, 3);

    private Contest contest(List<Entrant> sides, double terms) {
        return new Contest("name", "Group", 2, 1, () -> sides,
                List.of(new Comparison(0, 1, "peer", "op", "4 4", new Work(8e6, 0), terms, 0, ratio -> Goal.atLeast(2, ratio, "x")),
                        new Comparison(0, 1, "peer", "op", "4 4", Work.NONE, 0, 50, null)));
    }

    @Test
    void ratiosAreMediansOfPairsNotOfTimes() {
        // Rounds: 10 / 30, 20 / 40, 40 / 20 ms: pairs 3, 2, 0.5; the ratio of the medians would be 1.5.
        Entrant ours = new Fake("o", log, clock, new float[] {1}, 100 * MS, 10 * MS, 20 * MS, 40 * MS);
        Entrant theirs = new Fake("t", log, clock, new float[] {1}, 100 * MS, 30 * MS, 40 * MS, 20 * MS);
        Row row = contest(List.of(ours, theirs), 1).run(rounds).getFirst();
        assertEquals(0.020, row.sample().median(), 1e-9);
        assertEquals(0.030, row.versus().sample().median(), 1e-9);
        assertEquals(2, row.versus().ratio().median(), 1e-9);
        assertEquals((2.5 - 1.25) / 2 / 2, row.versus().ratio().spread(), 1e-9);
        assertEquals(0.4, row.gflops(), 1e-9);
        assertTrue(row.goal().reached());
        assertEquals(2, row.threads());
    }

    @Test
    void aComparisonWithoutAGoalHasNone() {
        Entrant ours = new Fake("o", log, clock, new float[] {1}, 100 * MS);
        Entrant theirs = new Fake("t", log, clock, new float[] {1}, 150 * MS);
        List<Row> rows = contest(List.of(ours, theirs), 1).run(rounds);
        assertFalse(rows.getFirst().goal().reached());
        assertNull(rows.get(1).goal());
        assertEquals(500, rows.get(1).sample().median(), 1e-9); // 50 tokens in 0.1 s
        assertEquals(Unit.TOKENS_PER_SECOND, rows.get(1).versus().sample().unit());
    }

    @Test
    void whoDisagreesIsNotTimedAndEverySideIsClosed() {
        Fake ours = new Fake("o", log, clock, new float[] {1}, MS);
        Fake theirs = new Fake("t", log, clock, new float[] {2}, MS);
        Contest contest = contest(List.of(ours, theirs), 1);
        String told = assertThrows(DisagreementException.class, () -> contest.run(rounds)).getMessage();
        assertTrue(told.startsWith("Group op 4 4 against peer: "), told);
        assertEquals("ot", log.toString());
        assertTrue(ours.closed && theirs.closed);
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void ourProductsAreThePeersProducts(Form form) {
        Contest contest = GemmContests.contest(List.of(new PlainPeer(0)), form, 5, 7, 3, 2);
        assertEquals(1, contest.run(new Rounds(System::nanoTime, 1, 3, 3)).size());
        Contest wrong = GemmContests.contest(List.of(new PlainPeer(0.01f)), form, 5, 7, 3, 2);
        assertThrows(DisagreementException.class, () -> wrong.run(new Rounds(System::nanoTime, 1, 3, 3)));
    }

    /** Products by definition, off by a constant. */
    private record PlainPeer(float error) implements GemmPeer {
        @Override
        public String name() {
            return "plain";
        }

        @Override
        public double goal() {
            return 1;
        }

        @Override
        public Entrant product(Form form, int m, int n, int k, float[] a, float[] b, int threads) {
            float[] out = new float[m * n];
            for (int i = 0; i < out.length; i++) {
                out[i] = error;
                for (int p = 0; p < k; p++) {
                    float left = form == Form.ATB ? a[p * m + i / n] : a[i / n * k + p];
                    out[i] += left * (form == Form.ABT ? b[i % n * k + p] : b[p * n + i % n]);
                }
            }
            return new Fake("", new StringBuilder(), new Fake.Clock(), out, 1);
        }
    }
}
