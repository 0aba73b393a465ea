package org.neuralattention.bench.ablation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.neuralattention.kernels.AttentionShape;
import org.neuralattention.kernels.SparseAttention;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.MaskGradient;
import org.neuralattention.roles.Lifetimes;
import org.neuralattention.roles.RoleSpace;

class PublishedRoleGradientTest {

    private static final int DIM = 6;
    private static final int HEADS = 2; // of keys

    @Property(tries = 60)
    void isWhatItsDefinitionSays(@ForAll @IntRange(min = 1, max = 25) int rows, @ForAll @IntRange(min = 1, max = 2) int group,
            @ForAll @IntRange(min = 0, max = 2) int nWindows, @ForAll boolean narrow, @ForAll long seed) {
        Case c = new Case(rows, group, nWindows, narrow ? 6 : 0, seed);
        float[] actual = c.gradient(PublishedRoleGradient::add, Team.serial());
        double[] expected = new double[actual.length];
        for (int bg = 0; bg < c.shape.batch() * HEADS; bg++) {
            c.published(expected, bg);
        }
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], 1e-4, "at " + i);
        }
    }

    /** Windows always, and local for a token that is not global. */
    @Property(tries = 30)
    void partOfItIsExact(@ForAll @IntRange(min = 1, max = 40) int rows, @ForAll long seed) {
        Case c = new Case(rows, 2, 2, 0, seed);
        float[] published = c.gradient(PublishedRoleGradient::add, Team.serial());
        float[] exact = c.gradient(MaskGradient.EXACT, Team.serial());
        for (int i = 0; i < exact.length; i++) {
            int channel = i % c.channels();
            if (channel >= 2 || channel == 1 && c.roles[i / c.channels()] != 0) {
                assertEquals(exact[i], published[i], 1e-4, "at " + i);
            }
        }
    }

    /**
     * What a token that is global would change by being local: exact but for its own row, the first one behind the next global, and that it is
     * charged for keys before it that are not local.
     */
    @Property(tries = 30)
    void forAGlobalTokenItIsCloseToExact(@ForAll @IntRange(min = 2, max = 30) int rows, @ForAll long seed) {
        Case c = new Case(rows, 1, 1, 0, seed);
        float[] published = c.gradient(PublishedRoleGradient::add, Team.serial());
        float[] exact = c.gradient(MaskGradient.EXACT, Team.serial());
        for (int bg = 0; bg < c.shape.batch() * HEADS; bg++) {
            double[][] a = c.pairs(bg);
            for (int n = 0; n < rows; n++) {
                if (c.role(bg, n) != 0) {
                    continue;
                }
                int nxt = c.globalFrom(bg, n + 1);
                double apart = a[n][n] + (nxt + 1 < rows ? a[nxt + 1][n] : 0);
                boolean ended = false;
                for (int j = n - 1; j >= 0 && !ended; j--) {
                    ended = c.role(bg, j) == 0;
                    for (int m = n + 1; m <= nxt && c.role(bg, j) != 1; m++) {
                        apart += a[m][j];
                    }
                }
                int at = (bg * rows + n) * c.channels();
                assertEquals(apart, exact[at] - exact[at + 1] - (published[at] - published[at + 1]), 1e-4, "head " + bg + ", token " + n);
            }
        }
    }

    @Test
    void sameBitsForAnyNumberOfThreads() {
        Case c = new Case(100, 2, 2, 0, 4);
        float[] expected = c.gradient(PublishedRoleGradient::add, Team.serial());
        for (int threads : new int[] {2, 3, 7}) {
            try (Team team = Team.of(threads)) {
                assertArrayEquals(expected, c.gradient(PublishedRoleGradient::add, team), threads + " threads");
            }
        }
    }

    @Test
    void aSampleOfItIsRefused() {
        Case c = new Case(5, 1, 1, 0, 4);
        String message = assertThrows(IllegalArgumentException.class, () -> PublishedRoleGradient.add(new float[c.roles.length * 3], 0, c.dOut, 0, c.out, 0, c.lse, 0,
                c.q, 0, c.k, 0, c.v, 0, c.roles, 0, c.windows, 0, new float[4], 0, c.shape, Team.serial())).getMessage();
        assertTrue(message.contains("gradientOneIn must be 1"), message);
    }

    /** Attention under random roles over random numbers, two sequences. */
    private static final class Case {

        final AttentionShape shape;
        final int[] windows;
        final int attentionWindow;
        final int[] roles; // [batch, HEADS, rows]
        final float[] q;
        final float[] k;
        final float[] v;
        final float[] dOut;
        final float[] out;
        final float[] lse;

        Case(int rows, int group, int nWindows, int attentionWindow, long seed) {
            Random random = new Random(seed);
            this.shape = new AttentionShape(2, rows, HEADS * group, HEADS, DIM);
            this.windows = nWindows == 0 ? new int[0] : nWindows == 1 ? new int[] {3} : new int[] {1, 7};
            this.attentionWindow = attentionWindow;
            this.roles = random.ints(2 * HEADS * rows, 0, 2 + nWindows).toArray();
            for (int last = rows - 1; last < roles.length; last += rows) {
                roles[last] = random.nextInt(4) == 0 ? 1 : 0; // mostly as in training
            }
            q = gaussians(random, 2 * rows * HEADS * group * DIM);
            k = gaussians(random, 2 * rows * HEADS * DIM);
            v = gaussians(random, 2 * rows * HEADS * DIM);
            dOut = gaussians(random, q.length);
            out = new float[q.length];
            lse = new float[2 * rows * HEADS * group];
            int[] lastRow = new int[roles.length];
            Lifetimes.lastRow(lastRow, 0, roles, 0, RoleSpace.of(windows), attentionWindow, 2, HEADS, rows, Team.serial());
            SparseAttention.forward(out, 0, lse, 0, q, 0, k, 0, v, 0, lastRow, 0, null, shape, Team.serial());
        }

        private static float[] gaussians(Random random, int length) {
            float[] values = new float[length];
            for (int i = 0; i < length; i++) {
                values[i] = (float) random.nextGaussian();
            }
            return values;
        }

        int channels() {
            return 2 + windows.length;
        }

        int role(int bg, int n) {
            return roles[bg * shape.rows() + n];
        }

        float[] gradient(MaskGradient gradient, Team team) {
            float[] dRoles = new float[roles.length * channels()];
            gradient.add(dRoles, 0, dOut, 0, out, 0, lse, 0, q, 0, k, 0, v, 0, roles, 0, windows, attentionWindow, null, 0, shape, team);
            return dRoles;
        }

        /** The nearest global from token n on; the last token if there is none. */
        int globalFrom(int bg, int n) {
            int last = shape.rows() - 1;
            return n >= last ? last : role(bg, n) == 0 ? n : globalFrom(bg, n + 1);
        }

        /** A[m][n] of sequence and KV head, summed over the group (spec 3.3 at chunk length 1). */
        double[][] pairs(int bg) {
            int rows = shape.rows();
            double[][] a = new double[rows][rows];
            for (int h = bg % HEADS * shape.group(); h < (bg % HEADS + 1) * shape.group(); h++) {
                for (int m = 0; m < rows; m++) {
                    int query = ((bg / HEADS * rows + m) * shape.nHeads() + h) * DIM;
                    for (int n = 0; n <= m; n++) {
                        int key = ((bg / HEADS * rows + n) * HEADS + bg % HEADS) * DIM;
                        double s = dot(q, query, k, key) / Math.sqrt(DIM);
                        double p = Math.min(1, Math.exp(s - lse[(bg / HEADS * shape.nHeads() + h) * rows + m]));
                        boolean counts = attentionWindow == 0 || m - n < attentionWindow;
                        a[m][n] += counts ? p * (dot(dOut, query, v, key) - dot(dOut, query, out, query)) : 0;
                    }
                }
            }
            return a;
        }

        private static double dot(float[] x, int xOffset, float[] y, int yOffset) {
            double sum = 0;
            for (int i = 0; i < DIM; i++) {
                sum += (double) x[xOffset + i] * y[yOffset + i];
            }
            return sum;
        }

        /** Adds the gradient of sequence and KV head in the words of spec 3.3. */
        void published(double[] dRoles, int bg) {
            int rows = shape.rows();
            double[][] a = pairs(bg);
            for (int n = 0; n < rows; n++) {
                int nxt = globalFrom(bg, n + 1);
                int e1 = globalFrom(bg, n) + 1;
                int lo = nxt + 1;
                int up = globalFrom(bg, nxt + 1) + 1;
                int at = (bg * rows + n) * channels();
                for (int m = n; m < rows; m++) {
                    dRoles[at] += m > (role(bg, n) == 0 ? lo : e1) ? a[m][n] : 0;
                    dRoles[at + 1] += m < e1 ? a[m][n] : 0;
                    for (int w = 0; w < windows.length; w++) {
                        dRoles[at + 2 + w] += m <= n + windows[w] ? a[m][n] : 0;
                    }
                    dRoles[(bg * rows + nxt) * channels()] -= m >= lo && m < up ? a[m][n] : 0;
                }
            }
        }
    }
}
