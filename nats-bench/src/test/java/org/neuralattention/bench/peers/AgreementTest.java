package org.neuralattention.bench.peers;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sides that computed different things are found out; rounding is forgiven in proportion to the results' magnitude. */
class AgreementTest {

    private static final int SIZE = 70_000; // more than one piece

    private static Fake side(int parts, float... result) {
        return new Fake("", new StringBuilder(), new Fake.Clock(), result, 1) {
            @Override
            public int parts() {
                return parts;
            }
        };
    }

    private static float[] filled(float value) {
        float[] values = new float[SIZE];
        Arrays.fill(values, value);
        return values;
    }

    private static void check(Entrant ours, Entrant theirs) {
        Agreement.check("case", ours, theirs, 100);
    }

    @Test
    void equalResultsAndRoundingErrorsAgree() {
        assertDoesNotThrow(() -> check(side(1, filled(3)), side(1, filled(3))));
        assertDoesNotThrow(() -> check(side(1, filled(3)), side(1, filled(Math.nextUp(3f)))));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 65_535, 65_536, SIZE - 1})
    void oneWrongElementIsFoundWhereverItIs(int at) {
        float[] wrong = filled(3);
        wrong[at] = 3.001f;
        String told = assertThrows(DisagreementException.class, () -> check(side(1, wrong), side(1, filled(3)))).getMessage();
        assertTrue(told.contains("case: result " + at + " is 3.001, the peer's 3.0"), told);
    }

    @Test
    void nanNeverAgrees() {
        float[] nan = filled(3);
        nan[7] = Float.NaN;
        assertThrows(DisagreementException.class, () -> check(side(1, nan), side(1, filled(3))));
        assertThrows(DisagreementException.class, () -> check(side(1, filled(3)), side(1, nan)));
    }

    @Test
    void eachPartIsJudgedByItsOwnMagnitude() {
        float[] ours = {1000, 1000, 1, 1};
        float[] theirs = {1000, 1000, 1, 1.001f};
        assertThrows(DisagreementException.class, () -> check(side(2, ours), side(2, theirs)));
        assertDoesNotThrow(() -> check(side(1, ours), side(1, theirs)));
    }

    @Test
    void resultsOfDifferentSizesDisagree() {
        assertThrows(DisagreementException.class, () -> check(side(1, 1, 2), side(1, 1)));
    }
}
