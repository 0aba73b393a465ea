package org.neuralattention.roles;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.neuralattention.kernels.AttentionShape;
import org.neuralattention.kernels.RoleGradient;
import org.neuralattention.kernels.SparseAttention;
import org.neuralattention.kernels.Team;

class RoleTilesTest {

    private static final int TILE = RoleGradient.TILE;

    private static float[] draw(int oneIn, long seed, long step, int layer, long firstToken, int batch, int nKvHeads, int rows) {
        float[] weight = new float[batch * nKvHeads * RoleGradient.tiles(rows)];
        RoleTiles.draw(weight, 0, oneIn, seed, step, layer, firstToken, batch, nKvHeads, rows);
        return weight;
    }

    @Test
    void oneTileOfEachGroupStandsForAllOfIt() {
        for (int tiles = 1; tiles < 12; tiles++) {
            for (int oneIn = 1; oneIn < 6; oneIn++) {
                float[] weight = draw(oneIn, 7, 3, 1, 0, 1, 1, tiles * TILE - 5);
                for (int end = tiles; end > 0; end -= oneIn) {
                    int from = Math.max(0, end - oneIn);
                    float sum = 0;
                    int drawn = 0;
                    for (int tile = from; tile < end; tile++) {
                        sum += weight[tile];
                        drawn += weight[tile] == 0 ? 0 : 1;
                    }
                    assertEquals(end - from, sum, tiles + " tiles, one in " + oneIn);
                    assertEquals(1, drawn, tiles + " tiles, one in " + oneIn);
                }
            }
        }
        assertThrows(IllegalArgumentException.class, () -> draw(0, 1, 1, 1, 0, 1, 1, 64));
    }

    @Test
    void everyTileHasTheSameChanceAndDrawsOfItsOwn() {
        int draws = 4000;
        double[] mean = new double[2 * 2 * 8];
        double together = 0;
        for (int step = 0; step < draws; step++) {
            float[] weight = draw(4, 5, step, 2, 0, 2, 2, 8 * TILE);
            for (int i = 0; i < mean.length; i++) {
                mean[i] += weight[i] / draws;
            }
            for (int i = 4; i < mean.length; i += 4) { // how often the same place is drawn in two groups: one in 4 if they are independent
                together += Arrays.equals(weight, 0, 4, weight, i, i + 4) ? 1.0 / draws / 7 : 0;
            }
        }
        for (double m : mean) {
            assertEquals(1, m, 4.5 * Math.sqrt(3.0 / draws)); // weight 4 with chance 1/4: variance 3
        }
        assertEquals(0.25, together, 0.02);
    }

    @Test
    void cuttingAStepIntoPassesChangesNoDraw() {
        int rows = 5 * TILE + 9;
        float[] whole = draw(3, 5, 9, 2, 0, 3, 2, rows);
        for (int b = 0; b < 3; b++) {
            float[] part = draw(3, 5, 9, 2, (long) b * rows, 1, 2, rows);
            assertArrayEquals(part, Arrays.copyOfRange(whole, b * part.length, (b + 1) * part.length));
        }
    }

    /** Over 600 steps the mean of every element is the exact gradient's, within five standard errors. */
    @Test
    void theMeanOverManyStepsIsTheExactGradient() {
        AttentionShape shape = new AttentionShape(1, 6 * TILE - 20, 2, 2, 8);
        int rows = shape.rows();
        Random random = new Random(3);
        float[] q = normal(random, rows * 16);
        float[] k = normal(random, rows * 16);
        float[] v = normal(random, rows * 16);
        float[] dOut = normal(random, rows * 16);
        int[] roles = new int[2 * rows];
        Arrays.setAll(roles, i -> i % rows == 0 || i % rows == rows - 1 ? 0 : Math.max(0, random.nextInt(8) - 5));
        int[] lastRow = new int[2 * rows];
        Team team = Team.serial();
        Lifetimes.lastRow(lastRow, 0, roles, 0, RoleSpace.of(16), 0, 1, 2, rows, team);
        float[] out = new float[rows * 16];
        float[] lse = new float[2 * rows];
        SparseAttention.forward(out, 0, lse, 0, q, 0, k, 0, v, 0, lastRow, 0, null, shape, team);
        float[] exact = new float[2 * rows * 3];
        RoleGradient.add(exact, 0, dOut, 0, out, 0, lse, 0, q, 0, k, 0, v, 0, roles, 0, new int[] {16}, 0, null, 0, shape, team);
        int steps = 600;
        double[] sum = new double[exact.length];
        double[] squares = new double[exact.length];
        float[] one = new float[exact.length];
        for (int step = 0; step < steps; step++) {
            Arrays.fill(one, 0);
            RoleGradient.add(one, 0, dOut, 0, out, 0, lse, 0, q, 0, k, 0, v, 0, roles, 0, new int[] {16}, 0,
                    draw(4, 1, step, 0, 0, 1, 2, rows), 0, shape, team);
            for (int i = 0; i < one.length; i++) {
                double off = one[i] - exact[i];
                sum[i] += off;
                squares[i] += off * off;
            }
        }
        for (int i = 0; i < exact.length; i++) {
            assertEquals(0, sum[i] / steps, 5 * Math.sqrt(squares[i]) / steps + 1e-5 * (1 + Math.abs(exact[i])), "at " + i);
        }
    }

    private static float[] normal(Random random, int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }
}
