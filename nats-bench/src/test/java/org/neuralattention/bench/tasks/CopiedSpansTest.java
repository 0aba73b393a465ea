package org.neuralattention.bench.tasks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.neuralattention.train.TokenSource;

/** What is asked has been seen: behind the same two tokens, at no fixed distance. */
class CopiedSpansTest {

    private static final int LENGTH = 128;

    private final CopiedSpans spans = new CopiedSpans(IntStream.range(0, 5000).toArray(), 3); // each token once

    @Test
    void whatIsAskedFollowedTheSameTwoTokensBefore() {
        int[] ids = new int[LENGTH];
        int[] targets = new int[LENGTH];
        int asked = 0;
        for (int row = 0; row < 40; row++) {
            spans.fill(ids, targets, 0, 7, row, LENGTH);
            for (int i = 0; i < LENGTH; i++) {
                if (targets[i] != TokenSource.NOT_ASKED) {
                    asked++;
                    assertEquals(ids[i + 1], targets[i]);
                    assertTrue(seen(ids, i), "row " + row + ", place " + i);
                }
            }
        }
        assertTrue(asked > 40 * LENGTH / 3, "only " + asked + " places are asked");
    }

    private static boolean seen(int[] ids, int i) {
        return IntStream.range(1, i).anyMatch(n -> ids[n - 1] == ids[i - 1] && ids[n] == ids[i] && ids[n + 1] == ids[i + 1]);
    }

    /** A copy is as far from its pattern as chance has it. */
    @Test
    void distancesDiffer() {
        int[] ids = new int[LENGTH];
        int[] targets = new int[LENGTH];
        boolean[] distances = new boolean[LENGTH];
        for (int row = 0; row < 40; row++) {
            spans.fill(ids, targets, 0, 7, row, LENGTH);
            for (int i = 0; i < LENGTH; i++) {
                for (int n = i - 1; targets[i] != TokenSource.NOT_ASKED && n >= 0; n--) {
                    distances[i - n] |= ids[n] == ids[i];
                }
            }
        }
        assertTrue(IntStream.range(0, LENGTH).filter(d -> distances[d]).count() > LENGTH / 2);
    }

    @Test
    void rowsAreFunctionsOfSeedStepAndRow() {
        int[] first = new int[LENGTH];
        int[] again = new int[2 * LENGTH];
        int[] targets = new int[2 * LENGTH];
        spans.fill(first, targets, 0, 7, 5, LENGTH);
        spans.fill(again, targets, LENGTH, 7, 5, LENGTH);
        assertArrayEquals(first, Arrays.copyOfRange(again, LENGTH, 2 * LENGTH));
        spans.fill(again, targets, LENGTH, 8, 5, LENGTH);
        assertTrue(!Arrays.equals(first, Arrays.copyOfRange(again, LENGTH, 2 * LENGTH)));
    }

    @Test
    void aTextShorterThanASpanIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new CopiedSpans(new int[23], 0));
    }
}
