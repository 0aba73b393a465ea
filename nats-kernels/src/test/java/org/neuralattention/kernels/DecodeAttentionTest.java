package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class DecodeAttentionTest {

    /** Around vectors, unrolls and blocks of keys. */
    private static final int[] KEYS = {0, 1, 2, 3, 4, 5, 15, 16, 17, 31, 33, 100, 511, 512, 513, 1100};

    /** One call's arrays: every array has NaN around what may be read. */
    private record Case(int nHeads, int nKvHeads, int headDim, float[] q, int qOffset, float[][][] rows) {

        /** The keys of each KV head in spans of random length up to {@code most}, each anywhere in a block of its own. */
        KeySpans[] cut(KvDtype dtype, int most, SplittableRandom random) {
            KeySpans[] spans = new KeySpans[nKvHeads];
            for (int g = 0; g < nKvHeads; g++) {
                spans[g] = new KeySpans();
                int keys = rows[g].length / 2;
                for (int from = 0; from < keys; ) {
                    int count = Math.min(keys - from, 1 + random.nextInt(most));
                    int first = random.nextInt(20);
                    KvBlock block = KvBlock.of(dtype, (first + count + random.nextInt(30) + 7) / 8 * 8, headDim);
                    block.poison(0, block.capacity());
                    for (int i = 0; i < count; i++) {
                        block.put(first + i, rows[g][from + i], 0, rows[g][keys + from + i], 0);
                    }
                    spans[g].add(block, first, count);
                    from += count;
                }
            }
            return spans;
        }

        KeySpans[] cut(int most, SplittableRandom random) {
            return cut(KvDtype.F32, most, random);
        }

        /** The same with keys and values as they are stored. */
        Case stored(KvDtype dtype) {
            float[][][] stored = new float[nKvHeads][][];
            KvBlock one = KvBlock.of(dtype, 8, headDim);
            for (int g = 0; g < nKvHeads; g++) {
                int keys = rows[g].length / 2;
                stored[g] = new float[2 * keys][headDim];
                for (int i = 0; i < keys; i++) {
                    one.put(1, rows[g][i], 0, rows[g][keys + i], 0);
                    one.get(stored[g][i], 0, stored[g][keys + i], 0, 1, 1);
                }
            }
            return new Case(nHeads, nKvHeads, headDim, q, qOffset, stored);
        }

        double[] expected() {
            double[] out = new double[nHeads * headDim];
            for (int h = 0; h < nHeads; h++) {
                int g = h / (nHeads / nKvHeads);
                int keys = rows[g].length / 2;
                double[] scores = new double[keys];
                double max = Double.NEGATIVE_INFINITY;
                for (int n = 0; n < keys; n++) {
                    for (int d = 0; d < headDim; d++) {
                        scores[n] += (double) q[qOffset + h * headDim + d] * rows[g][n][d] / Math.sqrt(headDim);
                    }
                    max = Math.max(max, scores[n]);
                }
                double sum = 0;
                for (int n = 0; n < keys; n++) {
                    double e = Math.exp(scores[n] - max);
                    sum += e;
                    for (int d = 0; d < headDim; d++) {
                        out[h * headDim + d] += e * rows[g][keys + n][d];
                    }
                }
                for (int d = 0; d < headDim && keys > 0; d++) {
                    out[h * headDim + d] /= sum;
                }
            }
            return out;
        }

        float[] forward(KeySpans[] spans, Team team) {
            float[] out = new float[5 + nHeads * headDim + 5];
            Arrays.fill(out, Float.NaN);
            DecodeAttention.forward(out, 5, q, qOffset, spans, nHeads, nKvHeads, headDim, team);
            for (int i = 0; i < 5; i++) {
                assertTrue(Float.isNaN(out[i]) && Float.isNaN(out[out.length - 1 - i]), "wrote outside of out");
            }
            return Arrays.copyOfRange(out, 5, out.length - 5);
        }
    }

    private static Case random(int group, int[] keysOfHead, int headDim, double spread, SplittableRandom random) {
        int nHeads = group * keysOfHead.length;
        float[] q = new float[7 + nHeads * headDim + 17];
        Arrays.fill(q, Float.NaN);
        for (int i = 7; i < 7 + nHeads * headDim; i++) {
            q[i] = (float) (spread * random.nextGaussian());
        }
        float[][][] rows = new float[keysOfHead.length][][];
        for (int g = 0; g < rows.length; g++) {
            rows[g] = new float[2 * keysOfHead[g]][headDim];
            for (float[] row : rows[g]) {
                for (int d = 0; d < headDim; d++) {
                    row[d] = (float) random.nextGaussian();
                }
            }
        }
        return new Case(nHeads, rows.length, headDim, q, 7, rows);
    }

    @Test
    void agreesWithSoftmaxInDoubleAtAwkwardLengths() {
        SplittableRandom random = new SplittableRandom(1);
        for (int headDim : new int[] {2, 8, 16, 24, 32, 34, 40, 64, 80, 128, 136}) {
            for (int keys : KEYS) {
                for (int group = 1; group <= 4; group++) {
                    Case c = random(group, new int[] {keys, Math.max(0, keys - 1)}, headDim, 2, random);
                    KvDtype dtype = KvDtype.values()[(keys + group) % 3];
                    assertClose(c.stored(dtype).expected(), c.forward(c.cut(dtype, 80, random), Team.serial()),
                            dtype + ", headDim " + headDim + ", keys " + keys + ", group " + group);
                }
            }
        }
    }

    @Test
    void whatIsNotFiniteStaysInItsHead() {
        Case c = random(2, new int[] {600, 40, 600}, 34, 2, new SplittableRandom(12));
        float[] clean = c.forward(c.cut(40, new SplittableRandom(13)), Team.serial());
        c.rows[1][3][5] = Float.NaN; // a key
        c.rows[1][47][33] = Float.POSITIVE_INFINITY; // a value
        float[] out = c.forward(c.cut(40, new SplittableRandom(13)), Team.serial());
        for (int i = 0; i < out.length; i++) {
            boolean reached = i / 34 / 2 == 1;
            assertEquals(reached ? Float.NaN : clean[i], out[i], "element " + i);
        }
    }

    private static void assertClose(double[] expected, float[] actual, String what) {
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], 4e-6 * (1 + Math.abs(expected[i])), what + ", element " + i);
        }
    }

    @Test
    void theFastPathIsAsAccurateAsThePlainLoops() {
        SplittableRandom random = new SplittableRandom(10);
        double error = 0;
        double plainError = 0;
        for (int headDim : new int[] {8, 64, 72, 128}) {
            for (int keys : KEYS) {
                Case c = random(2, new int[] {keys}, headDim, 2, random);
                KeySpans[] spans = c.cut(16, random);
                float[] plain = new float[2 * headDim];
                DecodeAttention.forward(plain, 0, c.q, c.qOffset, spans, 2, 1, headDim,
                        (float) (1 / Math.sqrt(headDim)), Team.serial(), false);
                float[] out = c.forward(spans, Team.serial());
                double[] expected = c.expected();
                for (int i = 0; i < out.length; i++) {
                    error = Math.max(error, Math.abs(out[i] - expected[i]));
                    plainError = Math.max(plainError, Math.abs(plain[i] - expected[i]));
                }
            }
        }
        assertTrue(error <= 2 * plainError, "largest error " + error + ", of the plain loops " + plainError);
    }

    @Test
    void whereTheSpansAreCutChangesNoBit() {
        SplittableRandom random = new SplittableRandom(2);
        for (int keys : KEYS) {
            for (KvDtype dtype : KvDtype.values()) {
                Case c = random(3, new int[] {keys, 2 * keys}, 40, 1, random);
                float[] whole = c.forward(c.cut(dtype, 1 << 20, new SplittableRandom(3)), Team.serial());
                for (int most : new int[] {1, 3, 8, 16, 64}) {
                    assertArrayEquals(whole, c.forward(c.cut(dtype, most, random), Team.serial()), dtype + ", keys " + keys + ", spans up to " + most);
                }
            }
        }
    }

    @Test
    void anyNumberOfThreadsGivesTheSameBits() {
        SplittableRandom random = new SplittableRandom(4);
        Case c = random(2, new int[] {1700, 0, 5, 2600}, 64, 1, random);
        KeySpans[] spans = c.cut(16, random);
        float[] alone = c.forward(spans, Team.serial());
        for (int threads : new int[] {2, 3, 7}) {
            try (Team team = Team.of(threads)) {
                for (int repeat = 0; repeat < 20; repeat++) {
                    assertArrayEquals(alone, c.forward(spans, team), threads + " threads");
                }
            }
        }
    }

    @Test
    void noKeysGiveZeros() {
        Case c = random(2, new int[] {0, 3}, 16, 1, new SplittableRandom(5));
        float[] out = c.forward(c.cut(2, new SplittableRandom(6)), Team.serial());
        assertArrayEquals(new float[32], Arrays.copyOf(out, 32));
        assertTrue(Float.isFinite(out[32]) && out[32] != 0);
    }

    @Test
    void hugeScoresDoNotOverflow() {
        SplittableRandom random = new SplittableRandom(7);
        Case c = random(1, new int[] {700}, 32, 1e4, random);
        assertClose(c.expected(), c.forward(c.cut(16, random), Team.serial()), "scores of 1e4");
    }

    @Test
    void scoresOfMinusInfinityWeighNothing() {
        Case c = random(1, new int[] {600}, 8, 1, new SplittableRandom(8));
        Arrays.fill(c.q, 7, 15, 1);
        for (int n = 0; n < 599; n++) {
            c.rows[0][n][0] = Float.NEGATIVE_INFINITY;
        }
        float[] out = c.forward(c.cut(16, new SplittableRandom(9)), Team.serial());
        assertArrayEquals(c.rows[0][1199], out, "only the last key counts");
        c.rows[0][599][0] = Float.NEGATIVE_INFINITY;
        assertArrayEquals(new float[8], c.forward(c.cut(16, new SplittableRandom(9)), Team.serial()));
    }

    @Test
    void clearedSpansAreFilledAnewWithoutAllocation() {
        KeySpans spans = new KeySpans();
        KvBlock block = KvBlock.of(KvDtype.F32, 16, 8);
        for (int i = 0; i < 100; i++) {
            spans.add(block, 0, 16);
        }
        long bytes = spans.bytes();
        for (int round = 0; round < 3; round++) {
            spans.clear();
            assertEquals(0, spans.keys());
            for (int i = 0; i < 100; i++) {
                spans.add(block, 0, i % 17);
            }
        }
        assertEquals(bytes, spans.bytes());
        assertEquals(94, spans.spans());
        assertEquals(5 * 136 + 105, spans.keys());
    }

    @Test
    void aTeamAtWorkIsRefusedByShortContextsToo() {
        Case c = random(1, new int[] {3}, 8, 1, new SplittableRandom(14));
        KeySpans[] spans = c.cut(2, new SplittableRandom(15));
        try (Team team = Team.of(2)) {
            assertThrows(IllegalStateException.class, () -> team.run(1, (task, worker) -> c.forward(spans, team)));
            c.forward(spans, team); // free again
            team.close();
            assertThrows(IllegalStateException.class, () -> c.forward(spans, team));
        }
    }

    @Test
    void wrongArgumentsAreNamed() {
        KeySpans spans = new KeySpans();
        KvBlock block = KvBlock.of(KvDtype.F32, 8, 8);
        assertThrows(IllegalArgumentException.class, () -> spans.add(null, 0, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> spans.add(block, -1, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> spans.add(block, 0, -1));
        assertThrows(IndexOutOfBoundsException.class, () -> spans.add(block, 7, 2));
        spans.add(block, 6, 2);
        KeySpans[] one = {spans};
        String message = assertThrows(IllegalArgumentException.class,
                () -> DecodeAttention.forward(new float[16], 0, new float[16], 0, one, 1, 1, 16, Team.serial())).getMessage();
        assertTrue(message.contains("headDim = 8") && message.contains("16"), message);
        assertThrows(IllegalArgumentException.class,
                () -> DecodeAttention.forward(new float[16], 0, new float[16], 0, one, 2, 2, 8, Team.serial()));
        assertThrows(IndexOutOfBoundsException.class,
                () -> DecodeAttention.forward(new float[15], 0, new float[16], 0, one, 2, 1, 8, Team.serial()));
    }
}
