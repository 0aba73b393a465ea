package org.neuralattention.kernels.vector;

import jdk.incubator.vector.FloatVector;

/**
 * The one matrix product of the attention kernels: c[i][l] = sum_k a[i][k] b[k][l], with l on the lanes and a read one float at a time.
 *
 * <p>Rows of {@code a} may lie anywhere (keys are used where they are) and its elements at any distance, so the same code multiplies by a matrix and by its transpose.
 * At 512 bits a tile is 4 rows x 4 vectors: 16 accumulators, 4 vectors of b and 1 of a, half of the 32 registers, and 250 to 265 GFLOP/s on one Zen 5 core at any headDim
 * (6 x 4 is no faster). Narrower vectors may have only 16 registers: 4 rows x 2 vectors.
 */
final class LaneProduct {

    /** Rows of a tile. Callers round up: surplus rows are computed from whatever {@code a} holds there and must be writable in {@code c}. */
    static final int ROWS = 4;

    private static final int N = Lanes.N;

    private LaneProduct() {}

    /** c[i][l] (+)= sum over k < depth of a[aOffset + i * aRow + k * aStep] b[k][l] for i < rows, l < columns (a multiple of the vector length). */
    static void multiply(
            float[] c, int cOffset, int cRow, float[] a, int aOffset, int aRow, int aStep, float[] b, int bOffset, int bRow,
            int rows, int columns, int depth, boolean add) {
        for (int i = 0; i < rows; i += ROWS) {
            int a0 = aOffset + i * aRow;
            tiles(c, cOffset + i * cRow, cRow, a, a0, a0 + aRow, a0 + 2 * aRow, a0 + 3 * aRow, aStep, b, bOffset, bRow, columns, depth, add);
        }
    }

    /** The same with row i of {@code a} at aOffset + index[i] * aRow and its elements side by side; {@code index} must reach to a multiple of {@link #ROWS}. */
    static void multiplyRows(
            float[] c, int cOffset, int cRow, float[] a, int aOffset, int[] index, int aRow, float[] b, int bOffset, int bRow,
            int rows, int columns, int depth) {
        for (int i = 0; i < rows; i += ROWS) {
            tiles(c, cOffset + i * cRow, cRow, a, aOffset + index[i] * aRow, aOffset + index[i + 1] * aRow, aOffset + index[i + 2] * aRow,
                    aOffset + index[i + 3] * aRow, 1, b, bOffset, bRow, columns, depth, false);
        }
    }

    private static void tiles(
            float[] c, int cOffset, int cRow, float[] a, int a0, int a1, int a2, int a3, int aStep, float[] b, int bOffset, int bRow,
            int columns, int depth, boolean add) {
        int l = 0;
        if (N == 16) {
            for (; l <= columns - 4 * N; l += 4 * N) {
                tile4(c, cOffset + l, cRow, a, a0, a1, a2, a3, aStep, b, bOffset + l, bRow, depth, add);
            }
        }
        for (; l <= columns - 2 * N; l += 2 * N) {
            tile2(c, cOffset + l, cRow, a, a0, a1, a2, a3, aStep, b, bOffset + l, bRow, depth, add);
        }
        if (l < columns) {
            tile1(c, cOffset + l, cRow, a, a0, a1, a2, a3, aStep, b, bOffset + l, bRow, depth, add);
        }
    }

    private static FloatVector load(float[] x, int offset) {
        return FloatVector.fromArray(Lanes.F, x, offset);
    }

    private static FloatVector start(float[] c, int offset, boolean add) {
        return add ? load(c, offset) : FloatVector.zero(Lanes.F);
    }

    private static void tile4(
            float[] c, int c0, int cRow, float[] a, int a0, int a1, int a2, int a3, int aStep, float[] b, int bOffset, int bRow,
            int depth, boolean add) {
        int c1 = c0 + cRow;
        int c2 = c1 + cRow;
        int c3 = c2 + cRow;
        FloatVector c00 = start(c, c0, add);
        FloatVector c01 = start(c, c0 + N, add);
        FloatVector c02 = start(c, c0 + 2 * N, add);
        FloatVector c03 = start(c, c0 + 3 * N, add);
        FloatVector c10 = start(c, c1, add);
        FloatVector c11 = start(c, c1 + N, add);
        FloatVector c12 = start(c, c1 + 2 * N, add);
        FloatVector c13 = start(c, c1 + 3 * N, add);
        FloatVector c20 = start(c, c2, add);
        FloatVector c21 = start(c, c2 + N, add);
        FloatVector c22 = start(c, c2 + 2 * N, add);
        FloatVector c23 = start(c, c2 + 3 * N, add);
        FloatVector c30 = start(c, c3, add);
        FloatVector c31 = start(c, c3 + N, add);
        FloatVector c32 = start(c, c3 + 2 * N, add);
        FloatVector c33 = start(c, c3 + 3 * N, add);
        for (int k = 0; k < depth; k++) {
            int bk = bOffset + k * bRow;
            FloatVector b0 = load(b, bk);
            FloatVector b1 = load(b, bk + N);
            FloatVector b2 = load(b, bk + 2 * N);
            FloatVector b3 = load(b, bk + 3 * N);
            FloatVector x = FloatVector.broadcast(Lanes.F, a[a0 + k * aStep]);
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            c02 = x.fma(b2, c02);
            c03 = x.fma(b3, c03);
            x = FloatVector.broadcast(Lanes.F, a[a1 + k * aStep]);
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            c12 = x.fma(b2, c12);
            c13 = x.fma(b3, c13);
            x = FloatVector.broadcast(Lanes.F, a[a2 + k * aStep]);
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            c22 = x.fma(b2, c22);
            c23 = x.fma(b3, c23);
            x = FloatVector.broadcast(Lanes.F, a[a3 + k * aStep]);
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            c32 = x.fma(b2, c32);
            c33 = x.fma(b3, c33);
        }
        c00.intoArray(c, c0);
        c01.intoArray(c, c0 + N);
        c02.intoArray(c, c0 + 2 * N);
        c03.intoArray(c, c0 + 3 * N);
        c10.intoArray(c, c1);
        c11.intoArray(c, c1 + N);
        c12.intoArray(c, c1 + 2 * N);
        c13.intoArray(c, c1 + 3 * N);
        c20.intoArray(c, c2);
        c21.intoArray(c, c2 + N);
        c22.intoArray(c, c2 + 2 * N);
        c23.intoArray(c, c2 + 3 * N);
        c30.intoArray(c, c3);
        c31.intoArray(c, c3 + N);
        c32.intoArray(c, c3 + 2 * N);
        c33.intoArray(c, c3 + 3 * N);
    }

    private static void tile2(
            float[] c, int c0, int cRow, float[] a, int a0, int a1, int a2, int a3, int aStep, float[] b, int bOffset, int bRow,
            int depth, boolean add) {
        int c1 = c0 + cRow;
        int c2 = c1 + cRow;
        int c3 = c2 + cRow;
        FloatVector c00 = start(c, c0, add);
        FloatVector c01 = start(c, c0 + N, add);
        FloatVector c10 = start(c, c1, add);
        FloatVector c11 = start(c, c1 + N, add);
        FloatVector c20 = start(c, c2, add);
        FloatVector c21 = start(c, c2 + N, add);
        FloatVector c30 = start(c, c3, add);
        FloatVector c31 = start(c, c3 + N, add);
        for (int k = 0; k < depth; k++) {
            int bk = bOffset + k * bRow;
            FloatVector b0 = load(b, bk);
            FloatVector b1 = load(b, bk + N);
            FloatVector x = FloatVector.broadcast(Lanes.F, a[a0 + k * aStep]);
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(Lanes.F, a[a1 + k * aStep]);
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = FloatVector.broadcast(Lanes.F, a[a2 + k * aStep]);
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = FloatVector.broadcast(Lanes.F, a[a3 + k * aStep]);
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
        }
        c00.intoArray(c, c0);
        c01.intoArray(c, c0 + N);
        c10.intoArray(c, c1);
        c11.intoArray(c, c1 + N);
        c20.intoArray(c, c2);
        c21.intoArray(c, c2 + N);
        c30.intoArray(c, c3);
        c31.intoArray(c, c3 + N);
    }

    private static void tile1(
            float[] c, int c0, int cRow, float[] a, int a0, int a1, int a2, int a3, int aStep, float[] b, int bOffset, int bRow,
            int depth, boolean add) {
        FloatVector c00 = start(c, c0, add);
        FloatVector c10 = start(c, c0 + cRow, add);
        FloatVector c20 = start(c, c0 + 2 * cRow, add);
        FloatVector c30 = start(c, c0 + 3 * cRow, add);
        for (int k = 0; k < depth; k++) {
            FloatVector bk = load(b, bOffset + k * bRow);
            c00 = bk.fma(FloatVector.broadcast(Lanes.F, a[a0 + k * aStep]), c00);
            c10 = bk.fma(FloatVector.broadcast(Lanes.F, a[a1 + k * aStep]), c10);
            c20 = bk.fma(FloatVector.broadcast(Lanes.F, a[a2 + k * aStep]), c20);
            c30 = bk.fma(FloatVector.broadcast(Lanes.F, a[a3 + k * aStep]), c30);
        }
        c00.intoArray(c, c0);
        c10.intoArray(c, c0 + cRow);
        c20.intoArray(c, c0 + 2 * cRow);
        c30.intoArray(c, c0 + 3 * cRow);
    }
}
