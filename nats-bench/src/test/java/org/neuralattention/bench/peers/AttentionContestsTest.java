package org.neuralattention.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.neuralattention.bench.result.Row;

/** Which attention is compared with which, how its pairs are counted, and that masks and roles say the same. */
class AttentionContestsTest {

    private static final int ROWS = 70;
    private static final int DIM = 64;

    @Test
    void visiblePairsAreCountedAsTheMaskShowsThem() {
        assertEquals(8L * ROWS * (ROWS + 1) / 2, AttentionCase.visiblePairs(ROWS, AttentionCase.dense(ROWS)));
        int[] roles = AttentionCase.roles(ROWS, 4);
        long pairs = 0;
        for (int h = 0; h < AttentionCase.HEADS; h++) {
            for (int m = 0; m < ROWS; m++) {
                for (int n = 0; n <= m; n++) {
                    pairs += m <= roles[h * ROWS + n] ? 1 : 0;
                }
            }
        }
        assertEquals(pairs, AttentionCase.visiblePairs(ROWS, roles));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPeerThatComputesTheSameIsCompared(boolean backward) {
        List<Row> rows = AttentionContests.contest(new OwnPlain(0), backward, ROWS, DIM, new int[] {4, 8}, 1, 1).run(new Rounds(System::nanoTime, 1, 3, 3));
        assertEquals(List.of("plain", "plain dense", "plain masked", "plain dense"), rows.stream().map(row -> row.versus().peer()).toList());
        assertTrue(rows.get(1).goal().text().startsWith("0.6 of "), rows.get(1).goal().text());
        assertNull(rows.get(2).goal());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPeerWithAnotherMaskIsFoundOut(boolean backward) {
        Contest contest = AttentionContests.contest(new OwnPlain(1), backward, ROWS, DIM, new int[] {4}, 1, 1);
        String told = assertThrows(DisagreementException.class, () -> contest.run(new Rounds(System::nanoTime, 1, 3, 3))).getMessage();
        assertTrue(told.contains("with roles D 64, L 70, window 4 against plain masked"), told);
    }

    /** Our own kernels as the peer, with keys that die some rows later than the roles say. */
    private record OwnPlain(int later) implements AttentionPeer {
        @Override
        public String name() {
            return "plain";
        }

        @Override
        public Entrant forward(AttentionCase inputs, int threads) {
            return AttentionContests.ours(false, inputs, AttentionCase.dense(ROWS), threads);
        }

        @Override
        public Entrant backward(AttentionCase inputs, int threads) {
            return AttentionContests.ours(true, inputs, AttentionCase.dense(ROWS), threads);
        }

        @Override
        public Entrant maskedForward(AttentionCase inputs, int[] lastRow, int threads) {
            return AttentionContests.ours(false, inputs, shifted(lastRow), threads);
        }

        @Override
        public Entrant maskedBackward(AttentionCase inputs, int[] lastRow, int threads) {
            return AttentionContests.ours(true, inputs, shifted(lastRow), threads);
        }

        private int[] shifted(int[] lastRow) {
            int[] shifted = lastRow.clone();
            for (int i = 0; i < shifted.length; i++) {
                shifted[i] = (int) Math.min((long) shifted[i] + later, Integer.MAX_VALUE);
            }
            return shifted;
        }
    }
}
