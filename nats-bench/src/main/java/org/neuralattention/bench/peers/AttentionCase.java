package org.neuralattention.bench.peers;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.neuralattention.kernels.AttentionShape;
import org.neuralattention.kernels.SparseAttention;

/** Random queries, keys, values and output gradients of one sequence of 8 heads, and the roles its keys may have. */
public final class AttentionCase {

    static final int HEADS = 8;

    final AttentionShape shape;

    /** [rows, nHeads, headDim]. */
    final float[] q, k, v, dOut;

    /** A case of so many rows with heads of that size. */
    public AttentionCase(int rows, int headDim) {
        shape = new AttentionShape(1, rows, HEADS, HEADS, headDim);
        SplittableRandom random = new SplittableRandom(rows + headDim);
        q = floats(random);
        k = floats(random);
        v = floats(random);
        dOut = floats(random);
    }

    private float[] floats(SplittableRandom random) {
        float[] values = new float[shape.rows() * HEADS * shape.headDim()];
        for (int i = 0; i < values.length; i++) {
            values[i] = 2 * random.nextFloat() - 1;
        }
        return values;
    }

    public int rows() {
        return shape.rows();
    }

    public int nHeads() {
        return HEADS;
    }

    public int headDim() {
        return shape.headDim();
    }

    public float[] q() {
        return q;
    }

    public float[] k() {
        return k;
    }

    public float[] v() {
        return v;
    }

    public float[] dOut() {
        return dOut;
    }

    /** lastRow [nHeads, rows] of plain causal attention. */
    static int[] dense(int rows) {
        int[] lastRow = new int[HEADS * rows];
        Arrays.fill(lastRow, SparseAttention.OPEN);
        return lastRow;
    }

    /** lastRow [nHeads, rows] of roles drawn token by token: 10 % global, 20 % local, the others sliding by {@code window}. */
    static int[] roles(int rows, int window) {
        int[] lastRow = new int[HEADS * rows];
        SplittableRandom random = new SplittableRandom(window);
        for (int h = 0; h < HEADS; h++) {
            int nextGlobal = SparseAttention.OPEN;
            for (int n = rows - 1; n >= 0; n--) {
                double draw = random.nextDouble();
                lastRow[h * rows + n] = draw < 0.1 ? SparseAttention.OPEN : draw < 0.3 ? nextGlobal : n + window;
                nextGlobal = draw < 0.1 ? n : nextGlobal;
            }
        }
        return lastRow;
    }

    /** Pairs (m, n) with n <= m <= lastRow[n], of all heads. */
    static long visiblePairs(int rows, int[] lastRow) {
        long pairs = 0;
        for (int i = 0; i < lastRow.length; i++) {
            pairs += Math.max(0, Math.min(rows - 1, lastRow[i]) - i % rows + 1);
        }
        return pairs;
    }
}
