package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class SparseAttentionTest {

    private static final Team SERIAL = Team.serial();
    private static final int[] ROWS = {1, 2, 15, 16, 17, 63, 64, 65, 127, 130, 257};
    private static final int[] DIMS = {2, 8, 16, 24, 32, 34, 64, 72, 128};

    @Property(tries = 300)
    void forwardIsTheSoftmaxOverVisibleKeys(
            @ForAll @IntRange(min = 1, max = 80) int rows, @ForAll @IntRange(min = 1, max = 4) int group,
            @ForAll @IntRange(min = 1, max = 3) int nKvHeads, @ForAll @IntRange(min = 1, max = 8) int eighths,
            @ForAll boolean past, @ForAll long seed) {
        AttentionShape shape = new AttentionShape(past ? 1 : 2, rows, group * nKvHeads, nKvHeads, 8 * eighths);
        AttentionCase c = new AttentionCase(shape, seed).mixedLastRows();
        if (past) {
            c.withPast();
        }
        AttentionCase.Reference reference = c.new Reference();
        c.plainForward(SERIAL);
        assertTrue(AttentionCase.maxError(reference.out, c.out, c.outOffset) < 2e-6, "out");
        assertTrue(AttentionCase.maxError(reference.lse, c.lse, c.lseOffset) < 5e-6, "lse");
        c.forward(SERIAL);
        assertTrue(AttentionCase.maxError(reference.out, c.out, c.outOffset) < 2e-6, "out " + Kernels.describe());
        assertTrue(AttentionCase.maxError(reference.lse, c.lse, c.lseOffset) < 5e-6, "lse " + Kernels.describe());
    }

    @Property(tries = 300)
    void backwardIsItsGradient(
            @ForAll @IntRange(min = 1, max = 80) int rows, @ForAll @IntRange(min = 1, max = 4) int group,
            @ForAll @IntRange(min = 1, max = 3) int nKvHeads, @ForAll @IntRange(min = 1, max = 8) int eighths, @ForAll long seed) {
        AttentionShape shape = new AttentionShape(2, rows, group * nKvHeads, nKvHeads, 8 * eighths);
        AttentionCase c = new AttentionCase(shape, seed).mixedLastRows();
        AttentionCase.Reference reference = c.new Reference();
        c.plainForward(SERIAL);
        c.plainBackward(SERIAL);
        assertTrue(AttentionCase.maxError(reference.dq, c.dq, c.dqOffset) < 1e-5, "dq");
        assertTrue(AttentionCase.maxError(reference.dk, c.dk, c.dkOffset) < 2e-5, "dk");
        assertTrue(AttentionCase.maxError(reference.dv, c.dv, c.dvOffset) < 2e-5, "dv");
        c.clearGradients();
        c.backward(SERIAL);
        assertTrue(AttentionCase.maxError(reference.dq, c.dq, c.dqOffset) < 1e-5, "dq " + Kernels.describe());
        assertTrue(AttentionCase.maxError(reference.dk, c.dk, c.dkOffset) < 2e-5, "dk " + Kernels.describe());
        assertTrue(AttentionCase.maxError(reference.dv, c.dv, c.dvOffset) < 2e-5, "dv " + Kernels.describe());
    }

    @Test
    void forwardIsAsExactAsPlainLoopsAtAwkwardSizes() {
        for (int rows : ROWS) {
            for (int dim : DIMS) {
                for (int group = 1; group <= 3; group += 2) {
                    AttentionCase c = new AttentionCase(new AttentionShape(1, rows, 2 * group, 2, dim), rows * 1000L + dim + group);
                    if (rows % 2 == 0) {
                        c.mixedLastRows();
                    }
                    if (rows % 3 == 0) {
                        c.withPast();
                    }
                    AttentionCase.Reference reference = c.new Reference();
                    c.plainForward(SERIAL);
                    double outBound = 2 * AttentionCase.maxError(reference.out, c.out, c.outOffset) + 1e-5;
                    double lseBound = 2 * AttentionCase.maxError(reference.lse, c.lse, c.lseOffset) + 1e-5;
                    Arrays.fill(c.out, c.outOffset, c.outOffset + c.queries(), Float.NaN);
                    c.forward(SERIAL);
                    String at = "rows " + rows + ", headDim " + dim + ", group " + group + ", " + Kernels.describe();
                    assertEquals(0, AttentionCase.maxError(reference.out, c.out, c.outOffset), outBound, at);
                    assertEquals(0, AttentionCase.maxError(reference.lse, c.lse, c.lseOffset), lseBound, at);
                    AttentionCase.checkGuards("out", c.out, c.outOffset, c.queries());
                    AttentionCase.checkGuards("lse", c.lse, c.lseOffset, reference.lse.length);
                }
            }
        }
    }

    @Test
    void gradientsAreAsExactAsPlainLoopsAtAwkwardSizes() {
        for (int rows : ROWS) {
            for (int dim : DIMS) {
                int group = 1 + (rows + dim / 8) % 3;
                AttentionCase c = new AttentionCase(new AttentionShape(1, rows, 2 * group, 2, dim), rows * 1000L + dim);
                if (rows % 2 == 0) {
                    c.mixedLastRows();
                }
                AttentionCase.Reference reference = c.new Reference();
                c.plainForward(SERIAL);
                c.plainBackward(SERIAL);
                double dqBound = 3 * AttentionCase.maxError(reference.dq, c.dq, c.dqOffset) + 1e-5;
                double dkBound = 3 * AttentionCase.maxError(reference.dk, c.dk, c.dkOffset) + 1e-5;
                double dvBound = 3 * AttentionCase.maxError(reference.dv, c.dv, c.dvOffset) + 1e-5;
                c.clearGradients();
                c.forward(SERIAL);
                c.backward(SERIAL);
                String at = "rows " + rows + ", headDim " + dim + ", group " + group + ", " + Kernels.describe();
                assertEquals(0, AttentionCase.maxError(reference.dq, c.dq, c.dqOffset), dqBound, "dq, " + at);
                assertEquals(0, AttentionCase.maxError(reference.dk, c.dk, c.dkOffset), dkBound, "dk, " + at);
                assertEquals(0, AttentionCase.maxError(reference.dv, c.dv, c.dvOffset), dvBound, "dv, " + at);
                AttentionCase.checkGuards("dq", c.dq, c.dqOffset, c.queries());
                AttentionCase.checkGuards("dk", c.dk, c.dkOffset, c.keys());
                AttentionCase.checkGuards("dv", c.dv, c.dvOffset, c.keys());
            }
        }
    }

    @Test
    void rowsThatSeeNothingAreZeroAndHaveNoGradient() {
        for (boolean plain : new boolean[] {true, false}) {
            AttentionCase c = new AttentionCase(new AttentionShape(1, 150, 4, 2, 24), 3);
            for (int i = 0; i < 300; i++) {
                int n = i % 150;
                c.lastRow[c.lastRowOffset + i] = n < 40 ? 39 : n < 100 ? n - 1 : n % 2 == 0 ? Integer.MIN_VALUE : n; // rows 40 to 99 and every even row after them see nothing
            }
            run(c, plain);
            for (int m = 0; m < 150; m++) {
                boolean seesNothing = m >= 40 && (m < 100 || m % 2 == 0);
                for (int h = 0; h < 4; h++) {
                    int row = (m * 4 + h) * 24;
                    assertEquals(seesNothing, c.lse[c.lseOffset + h * 150 + m] == Float.NEGATIVE_INFINITY, "lse of row " + m);
                    for (int d = 0; d < 24; d++) {
                        assertEquals(!seesNothing, c.out[c.outOffset + row + d] != 0, "out of row " + m);
                        assertTrue(Float.isFinite(c.dq[c.dqOffset + row + d]) && !(seesNothing && c.dq[c.dqOffset + row + d] != 0), "dq of row " + m);
                    }
                }
            }
            for (int i = 0; i < c.keys(); i++) {
                assertTrue(Float.isFinite(c.dk[c.dkOffset + i]) && Float.isFinite(c.dv[c.dvOffset + i]));
            }
        }
    }

    @Test
    void keysThatNoRowSeesAreNeverRead() {
        AttentionShape shape = new AttentionShape(1, 130, 4, 2, 40);
        AttentionCase clean = new AttentionCase(shape, 4).mixedLastRows().withPast();
        AttentionCase poisoned = new AttentionCase(shape, 4).mixedLastRows().withPast();
        for (int i = 0; i < 260; i++) {
            if (poisoned.lastRow[poisoned.lastRowOffset + i] < i % 130) {
                int key = (i % 130 * 2 + i / 130) * 40;
                Arrays.fill(poisoned.k, poisoned.kOffset + key, poisoned.kOffset + key + 40, Float.NaN);
                Arrays.fill(poisoned.v, poisoned.vOffset + key, poisoned.vOffset + key + 40, Float.POSITIVE_INFINITY);
            }
        }
        PastKeys past = poisoned.past;
        for (int n = past.headStart()[0]; n < past.headStart()[2]; n++) {
            if (past.lastRow()[past.lastRowOffset() + n] < 0) {
                Arrays.fill(past.k(), past.kOffset() + n * 40, past.kOffset() + n * 40 + 40, Float.NaN);
                Arrays.fill(past.v(), past.vOffset() + n * 40, past.vOffset() + n * 40 + 40, Float.NaN);
            }
        }
        clean.forward(SERIAL);
        poisoned.forward(SERIAL);
        assertArrayEquals(clean.out, poisoned.out);
        assertArrayEquals(clean.lse, poisoned.lse);
        clean.backward(SERIAL);
        poisoned.backward(SERIAL);
        assertArrayEquals(clean.dq, poisoned.dq);
        assertArrayEquals(clean.dk, poisoned.dk);
        assertArrayEquals(clean.dv, poisoned.dv);
    }

    /** By 0.01 to 1 per key: less and more than what a block of keys may add to a running sum before all of it is rescaled, in some rows and not in others. */
    @Test
    void scoresThatGrowWithThePositionAreAsExact() {
        for (double growth : new double[] {-0.5, 0.01, 0.1, 0.3, 1}) {
            AttentionCase c = new AttentionCase(new AttentionShape(1, 300, 4, 2, 16), 10).mixedLastRows();
            for (int i = 0; i < 600; i++) {
                c.k[c.kOffset + i * 16] = (float) (growth * (i / 2 - 150));
            }
            for (int i = 0; i < 1200; i++) {
                c.q[c.qOffset + i * 16] = i % 7;
            }
            AttentionCase.Reference reference = c.new Reference();
            c.plainForward(SERIAL);
            double outBound = 2 * AttentionCase.maxError(reference.out, c.out, c.outOffset);
            double lseBound = 2 * AttentionCase.maxError(reference.lse, c.lse, c.lseOffset);
            c.forward(SERIAL);
            assertEquals(0, AttentionCase.maxError(reference.out, c.out, c.outOffset), outBound, "out, growth " + growth + ", " + Kernels.describe());
            assertEquals(0, AttentionCase.maxError(reference.lse, c.lse, c.lseOffset), lseBound, "lse, growth " + growth + ", " + Kernels.describe());
        }
    }

    @Test
    void scoresOfTenThousandStayFinite() {
        for (boolean plain : new boolean[] {true, false}) {
            AttentionCase c = new AttentionCase(new AttentionShape(1, 100, 2, 1, 16), 5, 1e4).mixedLastRows();
            AttentionCase.Reference reference = c.new Reference();
            run(c, plain);
            for (int i = 0; i < c.queries(); i++) {
                assertEquals(reference.out[i], c.out[c.outOffset + i], 0.1); // scores are exact to 1e-3 at most
                assertTrue(Float.isFinite(c.dq[c.dqOffset + i]));
            }
            for (int i = 0; i < c.keys(); i++) {
                assertTrue(Float.isFinite(c.dk[c.dkOffset + i]) && Float.isFinite(c.dv[c.dvOffset + i]));
            }
        }
    }

    @Test
    void sameBitsForAnyNumberOfThreads() {
        AttentionShape shape = new AttentionShape(1, 333, 6, 2, 24);
        AttentionCase expected = new AttentionCase(shape, 6).mixedLastRows().withPast();
        run(expected, false);
        for (int threads : new int[] {1, 2, 3, 7, 16}) {
            try (Team team = Team.of(threads)) {
                for (int repeat = 0; repeat < (threads == 2 ? 50 : 5); repeat++) {
                    AttentionCase c = new AttentionCase(shape, 6).mixedLastRows().withPast();
                    c.forward(team);
                    c.backward(team);
                    assertArrayEquals(expected.out, c.out, threads + " threads");
                    assertArrayEquals(expected.lse, c.lse, threads + " threads");
                    assertArrayEquals(expected.dq, c.dq, threads + " threads");
                    assertArrayEquals(expected.dk, c.dk, threads + " threads");
                    assertArrayEquals(expected.dv, c.dv, threads + " threads");
                }
            }
        }
    }

    @Test
    void piecesAfterTheirPastGiveTheRowsOfTheWhole() {
        AttentionCase whole = new AttentionCase(new AttentionShape(1, 200, 4, 2, 32), 7).mixedLastRows();
        whole.forward(SERIAL);
        for (int size : new int[] {1, 7, 64, 150}) {
            for (int from = 0; from < 200; from += size) {
                AttentionCase piece = piece(whole, from, Math.min(size, 200 - from));
                piece.forward(SERIAL);
                for (int i = 0; i < piece.queries(); i++) {
                    assertEquals(whole.out[whole.outOffset + from * 128 + i], piece.out[piece.outOffset + i], 2e-6, "pieces of " + size);
                }
                for (int h = 0; h < 4; h++) {
                    for (int m = 0; m < piece.shape.rows(); m++) {
                        assertEquals(whole.lse[whole.lseOffset + h * 200 + from + m], piece.lse[piece.lseOffset + h * piece.shape.rows() + m], 5e-6);
                    }
                }
            }
        }
    }

    /** Rows [from, from + rows) of a sequence, with the keys before them that are still seen, compacted per head. */
    private static AttentionCase piece(AttentionCase whole, int from, int rows) {
        AttentionCase piece = new AttentionCase(new AttentionShape(1, rows, 4, 2, 32), from);
        System.arraycopy(whole.q, whole.qOffset + from * 128, piece.q, piece.qOffset, rows * 128);
        System.arraycopy(whole.k, whole.kOffset + from * 64, piece.k, piece.kOffset, rows * 64);
        System.arraycopy(whole.v, whole.vOffset + from * 64, piece.v, piece.vOffset, rows * 64);
        float[] k = new float[400 * 32];
        float[] v = new float[400 * 32];
        int[] lastRow = new int[400];
        int[] headStart = new int[3];
        int held = 0;
        for (int g = 0; g < 2; g++) {
            for (int n = 0; n < from + rows; n++) {
                int last = whole.lastRow[whole.lastRowOffset + g * 200 + n];
                int inPiece = last == SparseAttention.OPEN ? last : last - from;
                if (n >= from) {
                    piece.lastRow[piece.lastRowOffset + g * rows + n - from] = inPiece;
                } else if (last >= from) {
                    System.arraycopy(whole.k, whole.kOffset + (n * 2 + g) * 32, k, held * 32, 32);
                    System.arraycopy(whole.v, whole.vOffset + (n * 2 + g) * 32, v, held * 32, 32);
                    lastRow[held++] = inPiece;
                }
            }
            headStart[g + 1] = held;
        }
        piece.past = new PastKeys(k, 0, v, 0, lastRow, 0, headStart);
        return piece;
    }

    @Test
    void gradientsAreAddedToWhatIsThere() {
        for (boolean plain : new boolean[] {true, false}) {
            AttentionCase c = new AttentionCase(new AttentionShape(2, 70, 4, 2, 16), 8).mixedLastRows();
            run(c, plain);
            float[] dq = c.dq.clone();
            float[] dk = c.dk.clone();
            float[] dv = c.dv.clone();
            run(c, plain);
            for (int i = 0; i < c.queries(); i++) {
                assertEquals(2 * dq[c.dqOffset + i], c.dq[c.dqOffset + i], 2e-5);
            }
            for (int i = 0; i < c.keys(); i++) {
                assertEquals(2 * dk[c.dkOffset + i], c.dk[c.dkOffset + i], 2e-5);
                assertEquals(2 * dv[c.dvOffset + i], c.dv[c.dvOffset + i], 2e-5);
            }
        }
    }

    @Test
    void wrongArgumentsAreNamed() {
        AttentionCase c = new AttentionCase(new AttentionShape(1, 4, 2, 2, 8), 9);
        float[] shortKeys = new float[63];
        var tooShort = assertThrows(IndexOutOfBoundsException.class, () -> SparseAttention.forward(
                c.out, c.outOffset, c.lse, c.lseOffset, c.q, c.qOffset, shortKeys, 0, c.v, c.vOffset, c.lastRow, c.lastRowOffset, null, c.shape, SERIAL));
        assertTrue(tooShort.getMessage().contains("k: 64 elements") && tooShort.getMessage().contains("63"), tooShort.getMessage());
        PastKeys oneHead = new PastKeys(new float[8], 0, new float[8], 0, new int[1], 0, new int[] {0, 1});
        var heads = assertThrows(IllegalArgumentException.class, () -> SparseAttention.forward(
                c.out, c.outOffset, c.lse, c.lseOffset, c.q, c.qOffset, c.k, c.kOffset, c.v, c.vOffset, c.lastRow, c.lastRowOffset, oneHead, c.shape, SERIAL));
        assertTrue(heads.getMessage().contains("1 KV heads") && heads.getMessage().contains("nKvHeads = 2"), heads.getMessage());
        assertThrows(IllegalArgumentException.class, () -> new PastKeys(new float[8], 0, new float[8], 0, new int[2], 0, new int[] {0, 2, 1}));
        assertThrows(IndexOutOfBoundsException.class, () -> new PastKeys(new float[8], 0, new float[8], 0, new int[2], 1, new int[] {0, 2}));
    }

    /** Many rows of a small head: each of 16 parts pads its sums to a vector. Nothing is computed before the sizes are refused. */
    @Test
    @Tag("vector")
    void scratchThatFitsNoArrayIsNamed() {
        AttentionShape shape = new AttentionShape(1, 1 << 25, 1, 1, 2);
        float[] x = new float[1 << 26];
        int[] ints = new int[1 << 25];
        String message = assertThrows(IllegalArgumentException.class, () -> SparseAttention.backward(
                x, 0, x, 0, x, 0, x, 0, x, 0, x, 0, x, 0, x, 0, x, 0, ints, 0, shape, SERIAL)).getMessage();
        assertTrue(message.contains("rows=33554432") && message.contains("headDim=2"), message);
        AttentionShape half = new AttentionShape(1, 1 << 24, 1, 1, 2);
        message = assertThrows(IllegalArgumentException.class, () -> RoleGradient.add(
                new float[8 << 24], 0, x, 0, x, 0, x, 0, x, 0, x, 0, x, 0, ints, 0, new int[6], 0, null, 0, half, SERIAL)).getMessage();
        assertTrue(message.contains("rows=16777216") && message.contains("headDim=2"), message);
    }

    private static void run(AttentionCase c, boolean plain) {
        if (plain) {
            c.plainForward(SERIAL);
            c.plainBackward(SERIAL);
        } else {
            c.forward(SERIAL);
            c.backward(SERIAL);
        }
    }
}
