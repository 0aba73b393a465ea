package org.neuralattention.cache;

import org.neuralattention.kernels.PastKeys;

/** The keys a layer holds, as floats, for a prefill piece: one copy, of the layer whose turn it is, whose memory is kept for the next. */
final class PieceKeys {

    private static final float[] NO_FLOATS = {};
    private static final int[] NO_INTS = {};

    private final int headDim;
    private float[] k = NO_FLOATS;
    private float[] v = NO_FLOATS;
    private int[] lastRow = NO_INTS;

    PieceKeys(int headDim) {
        this.headDim = headDim;
    }

    void makeRoom(int keys) {
        if (lastRow.length < keys) {
            int room = room(keys);
            release();
            k = new float[Math.multiplyExact(room, headDim)];
            v = new float[room * headDim];
            lastRow = new int[room];
        }
    }

    /** Keys there is room for once there was room for so many: half as many more where it grows, or a long text would leave a copy behind with each piece. */
    int room(int keys) {
        int capacity = lastRow.length;
        return capacity >= keys ? capacity : Math.max(keys, (int) Math.min(capacity + capacity / 2L, Integer.MAX_VALUE / headDim));
    }

    void release() {
        k = NO_FLOATS;
        v = NO_FLOATS;
        lastRow = NO_INTS;
    }

    /** The keys of a layer, with the last row of the piece that sees each. */
    PastKeys copy(LayerHeads heads, int layer, int nKvHeads, long position, int[] roles, int rolesOffset, int rows) {
        int[] headStart = new int[nKvHeads + 1];
        for (int g = 0; g < nKvHeads; g++) {
            headStart[g + 1] = heads.of(layer, g).copyTo(k, v, lastRow, headStart[g], position, roles, rolesOffset + g * rows, rows);
        }
        return new PastKeys(k, 0, v, 0, lastRow, 0, headStart);
    }

    long bytes() {
        return bytes(lastRow.length);
    }

    long bytes(long keys) {
        return keys * (2L * headDim * Float.BYTES + Integer.BYTES);
    }
}
