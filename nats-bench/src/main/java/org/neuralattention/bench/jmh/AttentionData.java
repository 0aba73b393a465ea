package org.neuralattention.bench.jmh;

import java.util.SplittableRandom;
import org.neuralattention.kernels.AttentionShape;
import org.neuralattention.kernels.SparseAttention;

/** One sequence of 8 heads with its roles: what both attention suites measure. */
public final class AttentionData {

    public static final int HEADS = 8;
    public static final int HEAD_DIM = 64;
    public static final int[] WINDOWS = {128};

    public final AttentionShape shape;
    public final float[] q, k, v, dOut, out, lse;

    /** [nKvHeads, rows]. */
    public final int[] roles, lastRow;

    /** With heads of {@link #HEAD_DIM}. */
    public AttentionData(int rows, String mix) {
        this(rows, mix, HEAD_DIM);
    }

    /**
     * @param mix {@code dense}: every token global, plain causal attention; {@code roles}: 10 % global, 20 % local, the others
     *            sliding by 128, drawn token by token; {@code roles512}: sliding by 512
     */
    public AttentionData(int rows, String mix, int headDim) {
        int window = mix.equals("roles512") ? 512 : WINDOWS[0];
        shape = new AttentionShape(1, rows, HEADS, HEADS, headDim);
        int floats = rows * shape.nHeads() * shape.headDim();
        q = Data.random(floats);
        k = Data.random(floats);
        v = Data.random(floats);
        dOut = Data.random(floats);
        out = new float[floats];
        lse = new float[rows * shape.nHeads()];
        roles = new int[rows * shape.nKvHeads()];
        lastRow = new int[rows * shape.nKvHeads()];
        SplittableRandom random = new SplittableRandom(1);
        for (int h = 0; h < shape.nKvHeads(); h++) {
            int nextGlobal = SparseAttention.OPEN;
            for (int n = rows - 1; n >= 0; n--) {
                double draw = mix.equals("dense") ? 0 : random.nextDouble();
                int role = draw < 0.1 ? 0 : draw < 0.3 ? 1 : 2;
                roles[h * rows + n] = role;
                lastRow[h * rows + n] = role == 0 ? SparseAttention.OPEN : role == 1 ? nextGlobal : n + window;
                nextGlobal = role == 0 ? n : nextGlobal;
            }
        }
    }

    /** Pairs of a query and a key it sees, over all query heads. */
    public double visiblePairs() {
        int rows = lastRow.length / shape.nKvHeads();
        double pairs = 0;
        for (int i = 0; i < lastRow.length; i++) {
            pairs += Math.min(lastRow[i], rows - 1) - i % rows + 1;
        }
        return pairs * shape.nHeads() / shape.nKvHeads();
    }
}
