package org.neuralattention.kernels.vector;

import org.neuralattention.kernels.AttentionShape;
import org.neuralattention.kernels.PastKeys;

/**
 * Copies of keys and values for one attention call, one KV head after the other, each row padded to whole tiles of {@link LaneProduct}.
 *
 * <p>In the caller's arrays the rows of a head lie nKvHeads apart, 2 KiB for 8 heads of 64: they fall into few sets of the first-level cache and every tile of queries fetches them
 * again, over a page each. One copy per call costs L x headDim moves against L^2 / 2 multiplications.
 */
final class PackedKeys {

    /** Rows in a task of {@link #pack}. */
    private static final int ROWS = 256;

    private final AttentionShape shape;
    private final PastKeys past;

    /** Floats of a row. */
    final int row;

    PackedKeys(AttentionShape shape, PastKeys past) {
        this.shape = shape;
        this.past = past;
        row = row(shape);
    }

    /** headDim, padded. */
    static int row(AttentionShape shape) {
        return (shape.headDim() + LaneProduct.COLUMNS - 1) / LaneProduct.COLUMNS * LaneProduct.COLUMNS;
    }

    /** Floats of the copy of the keys, and of that of the values: [batch, nKvHeads, past keys of the head + rows, row], and a surplus row. */
    static long floats(AttentionShape shape, PastKeys past) {
        long held = past == null ? 0 : past.headStart()[shape.nKvHeads()] - past.headStart()[0];
        return ((long) shape.batch() * shape.nKvHeads() * shape.rows() + held + 1) * row(shape);
    }

    /** Where the keys of this call begin for a sequence and KV head; its past keys lie before them. */
    int start(int b, int g) {
        int held = past == null ? 0 : past.headStart()[g + 1] - past.headStart()[0];
        return ((b * shape.nKvHeads() + g) * shape.rows() + held) * row;
    }

    /** Independent tasks of {@link #pack}. */
    int tasks() {
        return shape.batch() * ((shape.rows() + ROWS - 1) / ROWS) + (past == null ? 0 : shape.nKvHeads());
    }

    /** Copies k into {@code keys} and v into {@code values}. */
    void pack(int task, float[] keys, float[] values, float[] k, int kOffset, float[] v, int vOffset) {
        int dim = shape.headDim();
        int blocks = (shape.rows() + ROWS - 1) / ROWS;
        if (task >= shape.batch() * blocks) {
            int g = task - shape.batch() * blocks;
            int held = past.headStart()[g + 1] - past.headStart()[g];
            int to = start(0, g) - held * row;
            int from = past.headStart()[g] * dim;
            for (int i = 0; i < held; i++) {
                System.arraycopy(past.k(), past.kOffset() + from + i * dim, keys, to + i * row, dim);
                System.arraycopy(past.v(), past.vOffset() + from + i * dim, values, to + i * row, dim);
            }
            return;
        }
        int b = task / blocks;
        int firstRow = task % blocks * ROWS;
        int rows = Math.min(ROWS, shape.rows() - firstRow);
        for (int n = firstRow; n < firstRow + rows; n++) {
            for (int g = 0; g < shape.nKvHeads(); g++) { // along the caller's row: what is written are nKvHeads streams
                int from = ((b * shape.rows() + n) * shape.nKvHeads() + g) * dim;
                int to = start(b, g) + n * row;
                System.arraycopy(k, kOffset + from, keys, to, dim);
                System.arraycopy(v, vOffset + from, values, to, dim);
            }
        }
    }
}
