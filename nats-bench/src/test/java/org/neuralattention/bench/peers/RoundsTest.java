package org.neuralattention.bench.peers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Sides take turns, in an order that turns around, and only their calls are timed. */
class RoundsTest {

    private static final long SECOND = 1_000_000_000;

    private final StringBuilder log = new StringBuilder();
    private final Fake.Clock clock = new Fake.Clock();

    private Fake side(String name, long... nanos) {
        return new Fake(name, log, clock, new float[0], nanos);
    }

    private Rounds rounds(long nanos, int least, int most) {
        return new Rounds(() -> clock.now, nanos, least, most);
    }

    @Test
    void theOrderTurnsAroundFromRoundToRound() {
        rounds(1, 4, 4).time(List.of(side("a", SECOND), side("b", SECOND), side("c", SECOND)), () -> log.append("|"));
        assertEquals("abc|" + "abc" + "cba" + "abc" + "cba", log.toString());
    }

    @Test
    void eachRoundsTimesAreKeptPerSideAndPreparationIsNotTimed() {
        double[][] seconds = rounds(1, 3, 3).time(List.of(side("a", SECOND, 2 * SECOND, 3 * SECOND, 4 * SECOND), side("b", 7 * SECOND)), () -> {});
        assertArrayEquals(new double[] {2, 3, 4}, seconds[0], 1e-9);
        assertArrayEquals(new double[] {7, 7, 7}, seconds[1], 1e-9);
    }

    @Test
    void shortCallsAreRepeatedAndTheirMeanIsTold() {
        double[][] seconds = rounds(1, 3, 3).time(List.of(side("a", 1_000_000)), () -> log.append("|"));
        assertEquals(5 * 3, log.length() - log.indexOf("|") - 1, log.toString());
        assertArrayEquals(new double[] {1e-3, 1e-3, 1e-3}, seconds[0], 1e-12);
    }

    @Test
    void warmUpGoesOnUntilTheCompilersHadTime() {
        rounds(SECOND, 3, 3).time(List.of(side("a", 100_000_000)), () -> log.append("|"));
        assertEquals("a|" + "aaaaa" + "aaa", log.toString()); // 0.6 s in all before the rounds
    }

    @Test
    void cheapCasesGetMoreRoundsUntilTheBudgetOrTheMostIsReached() {
        // A round takes one second of work and one of preparation.
        assertEquals(5, rounds(9 * SECOND, 3, 31).time(List.of(side("a", SECOND)), () -> {})[0].length);
        assertEquals(4, rounds(9 * SECOND, 3, 4).time(List.of(side("a", SECOND)), () -> {})[0].length);
        assertEquals(3, rounds(SECOND, 3, 31).time(List.of(side("a", SECOND)), () -> {})[0].length);
    }
}
