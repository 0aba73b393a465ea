package org.neuralattention.bench.tasks;

import java.util.Arrays;
import org.neuralattention.train.TokenSource;

/**
 * A lesson before recall: spans of 6 to 24 tokens, most of them copies of what stands anywhere before in the sequence. What is asked is each copy
 * from its third token on; no fixed distance helps, only to look for what has been seen and to go on as it did. Even rows are made of tokens from all over the
 * book, where nothing else helps; odd rows of its text.
 *
 * @param book ids of a text; not copied
 * @param seed of the spans
 */
public record CopiedSpans(int[] book, long seed) implements TokenSource {

    private static final int SHORTEST = 6;
    private static final int LONGEST = 24;
    private static final double COPIES = 0.7;

    private static final int LENGTH = 0;
    private static final int IS_COPY = 1;
    private static final int FROM = 2;
    private static final int TOKEN = 3;

    public CopiedSpans {
        if (book.length < LONGEST) {
            throw new IllegalArgumentException("a text of " + book.length + " tokens is too short for spans of " + LONGEST);
        }
    }

    @Override
    public void fill(int[] ids, int[] targets, int offset, long step, int row, int seqLen) {
        Draws draws = new Draws(seed, (step << 20) + row);
        Arrays.fill(targets, offset, offset + seqLen, NOT_ASKED);
        for (int at = 0, span = 0; at < seqLen; span++) {
            int length = Math.min(seqLen - at, SHORTEST + draws.below(LONGEST - SHORTEST + 1, LENGTH, span));
            if (at > LONGEST && draws.uniform(IS_COPY, span) < COPIES) {
                int from = offset + draws.below(at - length + 1, FROM, span);
                System.arraycopy(ids, from, ids, offset + at, length);
                for (int i = 2; i < length; i++) {
                    targets[offset + at + i - 1] = ids[offset + at + i];
                }
            } else {
                int from = draws.below(book.length - length + 1, FROM, span);
                for (int i = 0; i < length; i++) {
                    ids[offset + at + i] = book[row % 2 == 0 ? draws.below(book.length, TOKEN, at + i) : from + i];
                }
            }
            at += length;
        }
    }
}
