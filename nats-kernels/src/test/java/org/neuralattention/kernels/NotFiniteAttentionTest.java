package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.Arrays;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;

/** A number that is not finite reaches what has a visible pair with it and nothing else, in the same tile or not: the rest keeps its bits. */
class NotFiniteAttentionTest {

    private static final Team SERIAL = Team.serial();
    private static final float[] BAD = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};

    /** rows, group, headDim. */
    private static final int[][] SIZES = {{1, 1, 8}, {2, 3, 24}, {17, 1, 64}, {64, 2, 72}, {65, 3, 2}, {130, 1, 64}, {200, 1, 34}};

    private enum Input { KEY, VALUE, QUERY, OUT_GRADIENT }

    @Test
    void forwardKeepsTheRowsThatDoNotSeeIt() {
        for (int[] size : SIZES) {
            for (boolean plain : new boolean[] {true, false}) {
                for (int i = 0; i < 24; i++) {
                    Input input = Input.values()[i % 3];
                    float bad = BAD[i / 3 % 3];
                    AttentionCase clean = attention(size, i);
                    AttentionCase c = attention(size, i);
                    int token = token(c, i);
                    poison(c, input, token, bad);
                    forward(clean, plain);
                    forward(c, plain);
                    checkForward(clean, c, sees(c, input, token), bad, at(size, input, token, bad, plain));
                }
            }
        }
    }

    @Test
    void forwardKeepsTheRowsThatDoNotSeeItInThePast() {
        for (int[] size : SIZES) {
            for (boolean plain : new boolean[] {true, false}) {
                for (int i = 0; i < 16; i++) {
                    AttentionCase clean = attention(size, 5 * i + 1).withPast();
                    AttentionCase c = attention(size, 5 * i + 1).withPast();
                    PastKeys past = c.past;
                    int total = past.headStart()[2] - past.headStart()[0];
                    if (total == 0) {
                        continue;
                    }
                    int n = past.headStart()[0] + i * 31 % total;
                    float bad = BAD[i % 3];
                    int cell = n * c.shape.headDim() + i % c.shape.headDim();
                    if (i % 2 == 0) {
                        past.v()[past.vOffset() + cell] = bad;
                    } else {
                        past.k()[past.kOffset() + cell] = bad;
                    }
                    forward(clean, plain);
                    forward(c, plain);
                    int g = n < past.headStart()[1] ? 0 : 1;
                    int last = past.lastRow()[past.lastRowOffset() + n];
                    checkForward(clean, c, bh -> row(c, bh) <= last && head(c, bh) / c.shape.group() == g, bad,
                            at(size, i % 2 == 0 ? Input.VALUE : Input.KEY, n, bad, plain) + " past");
                }
            }
        }
    }

    private static void checkForward(AttentionCase clean, AttentionCase c, IntPredicate sees, float bad, String at) {
        int dim = c.shape.headDim();
        for (int r = 0; r < c.queries() / dim; r++) {
            int lse = lse(c, r);
            if (!sees.test(r)) {
                assertEquals(clean.lse[clean.lseOffset + lse], c.lse[c.lseOffset + lse], "lse " + r + ", " + at);
                assertSame(clean.out, clean.outOffset, c.out, c.outOffset, r, dim, "out, " + at);
            } else if (Float.isNaN(bad) && clean.lse[clean.lseOffset + lse] != Float.NEGATIVE_INFINITY) {
                assertTrue(anyNaN(c.out, c.outOffset, r, dim), "out of a row that sees it, " + at);
            }
        }
    }

    /** Poisoned after a clean forward pass: only the rows and keys of a visible pair change. */
    @Test
    void backwardKeepsWhatHasNoVisiblePairWithIt() {
        for (int[] size : SIZES) {
            for (boolean plain : new boolean[] {true, false}) {
                for (int i = 0; i < 24; i++) {
                    Input input = Input.values()[i % 4];
                    float bad = BAD[i / 4 % 3];
                    AttentionCase clean = attention(size, i);
                    AttentionCase c = attention(size, i);
                    forward(clean, plain);
                    forward(c, plain);
                    int token = token(c, i);
                    poison(c, input, token, bad);
                    backward(clean, plain);
                    backward(c, plain);
                    boolean key = input == Input.KEY || input == Input.VALUE;
                    checkBackward(clean, c, sees(c, input, token), key ? n -> n == token : n -> visible(c, token, n), bad,
                            at(size, input, token, bad, plain));
                }
            }
        }
    }

    /** Poisoned before the forward pass, which hands it on: to the rows that see it, and by them to the keys they see. */
    @Test
    void forwardAndBackwardKeepWhatIsNotConnectedWithIt() {
        for (int[] size : SIZES) {
            for (boolean plain : new boolean[] {true, false}) {
                for (int i = 0; i < 12; i++) {
                    Input input = Input.values()[i % 4];
                    float bad = BAD[i / 4 % 3];
                    AttentionCase clean = attention(size, i);
                    AttentionCase c = attention(size, i);
                    int token = token(c, i);
                    poison(c, input, token, bad);
                    for (AttentionCase each : new AttentionCase[] {clean, c}) {
                        forward(each, plain);
                        backward(each, plain);
                    }
                    IntPredicate sees = sees(c, input, token);
                    int queries = c.queries() / c.shape.headDim();
                    checkBackward(clean, c, sees, n -> {
                        for (int r = 0; r < queries; r++) {
                            if (sees.test(r) && visible(c, r, n)) {
                                return true;
                            }
                        }
                        return false;
                    }, 0, at(size, input, token, bad, plain));
                }
            }
        }
    }

    private static void checkBackward(AttentionCase clean, AttentionCase c, IntPredicate rows, IntPredicate keys, float bad, String at) {
        int dim = c.shape.headDim();
        for (int r = 0; r < c.queries() / dim; r++) {
            if (!rows.test(r)) {
                assertSame(clean.dq, clean.dqOffset, c.dq, c.dqOffset, r, dim, "dq, " + at);
            } else if (Float.isNaN(bad) && clean.lse[clean.lseOffset + lse(c, r)] != Float.NEGATIVE_INFINITY) {
                assertTrue(anyNaN(c.dq, c.dqOffset, r, dim), "dq of a row that sees it, " + at);
            }
        }
        for (int n = 0; n < c.keys() / dim; n++) {
            if (!keys.test(n)) {
                assertSame(clean.dk, clean.dkOffset, c.dk, c.dkOffset, n, dim, "dk, " + at);
                assertSame(clean.dv, clean.dvOffset, c.dv, c.dvOffset, n, dim, "dv, " + at);
            } else if (Float.isNaN(bad) && anyRowSees(c, n)) {
                assertTrue(anyNaN(c.dk, c.dkOffset, n, dim), "dk of a key it is seen with, " + at);
            }
        }
    }

    @Test
    void roleGradientKeepsTheSumsWithoutItsPairs() {
        for (int[] size : SIZES) {
            for (int i = 0; i < 24; i++) {
                RoleCase clean = new RoleCase(new AttentionShape(2, size[0], 2 * size[1], 2, size[2]), i % 3, i % 2 == 0 ? 0 : 1 + size[0] / 3, i, 1);
                RoleCase c = new RoleCase(new AttentionShape(2, size[0], 2 * size[1], 2, size[2]), i % 3, i % 2 == 0 ? 0 : 1 + size[0] / 3, i, 1);
                Input input = Input.values()[i % 4];
                float bad = BAD[i / 8];
                int token = token(c.attention, i);
                poison(c.attention, input, token, bad);
                checkRoles(clean, clean.plain(), c, c.plain(), input, token, bad, at(size, input, token, bad, true));
                checkRoles(clean, clean.add(SERIAL), c, c.add(SERIAL), input, token, bad, at(size, input, token, bad, false));
            }
        }
    }

    private static void checkRoles(RoleCase clean, float[] expected, RoleCase c, float[] actual, Input input, int token, float bad, String at) {
        for (int key = 0; key < expected.length / c.channels; key++) {
            for (int channel = 0; channel < c.channels; channel++) {
                float wanted = expected[key * c.channels + channel];
                float found = actual[key * c.channels + channel];
                boolean right = !contains(c, input, token, key, channel)
                        ? Float.compare(wanted, found) == 0
                        : !Float.isNaN(bad) || channel == 0 || Float.isNaN(found); // channel 0: its charge may be over no row at all
                if (!right) {
                    fail("key " + key + ", channel " + channel + ", " + at + ": " + found + " instead of " + wanted);
                }
            }
        }
    }

    /** Whether the sum of a key's channel holds a pair of the poisoned token; key counts [batch, nKvHeads, rows]. */
    private static boolean contains(RoleCase c, Input input, int token, int key, int channel) {
        int rows = c.shape.rows();
        int n = key % rows;
        int b = key / rows / 2;
        int g = key / rows % 2;
        int next = c.nextGlobal(key);
        if (input == Input.KEY || input == Input.VALUE) {
            int j = row(c.shape.nKvHeads(), rows, token);
            if (b != token / 2 / rows || g != token % 2 || n < j) {
                return false;
            }
            return n == j || channel == 0 && c.role(key - n + j) == 1 && n <= c.nextGlobal(key - n + j);
        }
        int m = row(c.attention, token);
        boolean pair = b == token / c.shape.nHeads() / rows && g == head(c.attention, token) / c.shape.group()
                && n <= m && (c.attentionWindow == 0 || m - n < c.attentionWindow);
        return pair && (channel == 0 || m <= (channel == 1 ? next : n + c.windows[channel - 2]));
    }

    private static AttentionCase attention(int[] size, int seed) {
        return new AttentionCase(new AttentionShape(seed % 5 == 0 ? 2 : 1, size[0], 2 * size[1], 2, size[2]), seed).mixedLastRows();
    }

    private static void forward(AttentionCase c, boolean plain) {
        if (plain) {
            c.plainForward(SERIAL);
        } else {
            c.forward(SERIAL);
        }
    }

    private static void backward(AttentionCase c, boolean plain) {
        c.clearGradients();
        if (plain) {
            c.plainBackward(SERIAL);
        } else {
            c.backward(SERIAL);
        }
    }

    /** A key or a query, as {@code seed} is for one or the other: both count within the keys, [batch, rows, nKvHeads]. */
    private static int token(AttentionCase c, int seed) {
        return seed * 37 % (c.keys() / c.shape.headDim());
    }

    private static void poison(AttentionCase c, Input input, int token, float bad) {
        int at = token * c.shape.headDim() + token % c.shape.headDim();
        switch (input) {
            case KEY -> c.k[c.kOffset + at] = bad;
            case VALUE -> c.v[c.vOffset + at] = bad;
            case QUERY -> Arrays.fill(c.q, c.qOffset + at, c.qOffset + (token + 1) * c.shape.headDim(), bad);
            case OUT_GRADIENT -> c.dOut[c.dOutOffset + at] = bad;
        }
    }

    /** The queries r, counted [batch, rows, nHeads], that a poisoned token reaches. */
    private static IntPredicate sees(AttentionCase c, Input input, int token) {
        return input == Input.KEY || input == Input.VALUE ? r -> visible(c, r, token) : r -> r == token;
    }

    /** Whether query r of [batch, rows, nHeads] sees key n of [batch, rows, nKvHeads]. */
    private static boolean visible(AttentionCase c, int r, int n) {
        int rows = c.shape.rows();
        int g = n % 2;
        int b = n / 2 / rows;
        int key = n / 2 % rows;
        return b == r / c.shape.nHeads() / rows && g == head(c, r) / c.shape.group()
                && key <= row(c, r) && row(c, r) <= c.lastRow[c.lastRowOffset + (b * 2 + g) * rows + key];
    }

    private static boolean anyRowSees(AttentionCase c, int n) {
        int rows = c.shape.rows();
        return c.lastRow[c.lastRowOffset + (n / 2 / rows * 2 + n % 2) * rows + n / 2 % rows] >= n / 2 % rows;
    }

    private static int row(AttentionCase c, int r) {
        return row(c.shape.nHeads(), c.shape.rows(), r);
    }

    private static int row(int heads, int rows, int r) {
        return r / heads % rows;
    }

    private static int head(AttentionCase c, int r) {
        return r % c.shape.nHeads();
    }

    private static int lse(AttentionCase c, int r) {
        return (r / c.shape.nHeads() / c.shape.rows() * c.shape.nHeads() + head(c, r)) * c.shape.rows() + row(c, r);
    }

    private static void assertSame(float[] expected, int expectedOffset, float[] actual, int actualOffset, int row, int dim, String at) {
        int from = expectedOffset + row * dim;
        int other = actualOffset + row * dim;
        int mismatch = Arrays.mismatch(expected, from, from + dim, actual, other, other + dim);
        if (mismatch >= 0) {
            fail("element " + (row * dim + mismatch) + " of " + at + ": " + actual[other + mismatch] + " instead of " + expected[from + mismatch]);
        }
    }

    private static boolean anyNaN(float[] x, int offset, int row, int dim) {
        for (int i = row * dim; i < (row + 1) * dim; i++) {
            if (Float.isNaN(x[offset + i])) {
                return true;
            }
        }
        return false;
    }

    private static String at(int[] size, Input input, int token, float bad, boolean plain) {
        return input + " " + token + " = " + bad + ", [rows, group, headDim] " + Arrays.toString(size) + ", " + (plain ? "plain" : Kernels.describe());
    }
}
