package org.neuralattention.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.BitSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TextTokensTest {

    @Test
    void windowsAreThoseOfStepAndRowAndTargetsFollow() {
        TextTokens text = new TextTokens(IntStream.range(0, 1000).toArray(), 7);
        int[] ids = new int[20];
        int[] targets = new int[20];
        text.fill(ids, targets, 3, 5, 2, 16);
        for (int i = 3; i < 19; i++) {
            assertEquals(ids[3] + i - 3, ids[i]);
            assertEquals(ids[i] + 1, targets[i]);
        }
        int[] again = new int[16];
        text.fill(again, new int[16], 0, 5, 2, 16);
        assertEquals(ids[3], again[0]);
    }

    @Test
    void everyWindowIsDrawnAndNoneBeyondTheEnd() {
        TextTokens text = new TextTokens(IntStream.range(0, 20).toArray(), 1);
        int[] ids = new int[8];
        BitSet starts = new BitSet();
        for (int step = 0; step < 300; step++) {
            text.fill(ids, new int[8], 0, step, step % 3, 8);
            starts.set(ids[0]);
        }
        assertEquals(12, starts.cardinality());
        assertEquals(12, starts.length());
    }

    @Test
    void aTextAsLongAsTheWindowAndOneMoreIsEnough() {
        int[] ids = new int[3];
        int[] targets = new int[3];
        new TextTokens(new int[] {1, 2, 3, 4}, 0).fill(ids, targets, 0, 9, 9, 3);
        assertArrayEquals(new int[] {1, 2, 3}, ids);
        assertArrayEquals(new int[] {2, 3, 4}, targets);
        assertThrows(IllegalArgumentException.class, () -> new TextTokens(new int[3], 0).fill(ids, targets, 0, 0, 0, 3));
    }
}
