package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.zero;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;
import static org.neuralattention.kernels.vector.LiveKeys.LANES;

import jdk.incubator.vector.FloatVector;

/**
 * The inner loops of {@link LaneProduct} for 32 registers: a tile of c, 8 rows by two vectors, stays in registers for the whole sum.
 *
 * <p>Accumulators are local variables, for only those become registers. Rows of b on the lanes are {@link LiveKeys#LANES} apart: a constant, with which C2 takes the bounds checks out of the
 * loop of {@link #scores} (190 GFLOP/s with a variable, 225 to 240 of a Zen 5 core's 270 with a constant, and no tile was faster). Tiles of 8 x 3 that add to c exceed what C2 inlines, and run
 * 20 times slower.
 */
final class LaneKernel {

    /** Rows of a tile. */
    static final int ROWS = 8;

    private LaneKernel() {}

    /** c[i][l] = sum over d of a[at[i] + d] b[d][l] for {@link #ROWS} rows i and two vectors of lanes. */
    static void scores(float[] c, int cOffset, float[] a, int aOffset, int[] at, int i, float[] b, int bOffset, int depth) {
        int a0 = aOffset + at[i];
        int a1 = aOffset + at[i + 1];
        int a2 = aOffset + at[i + 2];
        int a3 = aOffset + at[i + 3];
        int a4 = aOffset + at[i + 4];
        int a5 = aOffset + at[i + 5];
        int a6 = aOffset + at[i + 6];
        int a7 = aOffset + at[i + 7];
        FloatVector zero = zero(F);
        FloatVector c00 = zero, c01 = zero;
        FloatVector c10 = zero, c11 = zero;
        FloatVector c20 = zero, c21 = zero;
        FloatVector c30 = zero, c31 = zero;
        FloatVector c40 = zero, c41 = zero;
        FloatVector c50 = zero, c51 = zero;
        FloatVector c60 = zero, c61 = zero;
        FloatVector c70 = zero, c71 = zero;
        for (int d = 0; d < depth; d++) {
            int row = bOffset + d * LANES;
            FloatVector b0 = fromArray(F, b, row);
            FloatVector b1 = fromArray(F, b, row + N);
            FloatVector x = broadcast(F, a[a0 + d]);
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = broadcast(F, a[a1 + d]);
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = broadcast(F, a[a2 + d]);
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = broadcast(F, a[a3 + d]);
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            x = broadcast(F, a[a4 + d]);
            c40 = x.fma(b0, c40);
            c41 = x.fma(b1, c41);
            x = broadcast(F, a[a5 + d]);
            c50 = x.fma(b0, c50);
            c51 = x.fma(b1, c51);
            x = broadcast(F, a[a6 + d]);
            c60 = x.fma(b0, c60);
            c61 = x.fma(b1, c61);
            x = broadcast(F, a[a7 + d]);
            c70 = x.fma(b0, c70);
            c71 = x.fma(b1, c71);
        }
        c00.intoArray(c, cOffset);
        c01.intoArray(c, cOffset + N);
        c10.intoArray(c, cOffset + LANES);
        c11.intoArray(c, cOffset + LANES + N);
        c20.intoArray(c, cOffset + 2 * LANES);
        c21.intoArray(c, cOffset + 2 * LANES + N);
        c30.intoArray(c, cOffset + 3 * LANES);
        c31.intoArray(c, cOffset + 3 * LANES + N);
        c40.intoArray(c, cOffset + 4 * LANES);
        c41.intoArray(c, cOffset + 4 * LANES + N);
        c50.intoArray(c, cOffset + 5 * LANES);
        c51.intoArray(c, cOffset + 5 * LANES + N);
        c60.intoArray(c, cOffset + 6 * LANES);
        c61.intoArray(c, cOffset + 6 * LANES + N);
        c70.intoArray(c, cOffset + 7 * LANES);
        c71.intoArray(c, cOffset + 7 * LANES + N);
    }

    /** c[d][l] += sum over i of a[at[i] + d] b[i][l] for {@link #ROWS} elements d and two vectors of lanes. */
    static void addToLanes(float[] c, int cOffset, float[] a, int aOffset, int[] at, float[] b, int bOffset, int depth) {
        FloatVector c00 = fromArray(F, c, cOffset);
        FloatVector c01 = fromArray(F, c, cOffset + N);
        FloatVector c10 = fromArray(F, c, cOffset + LANES);
        FloatVector c11 = fromArray(F, c, cOffset + LANES + N);
        FloatVector c20 = fromArray(F, c, cOffset + 2 * LANES);
        FloatVector c21 = fromArray(F, c, cOffset + 2 * LANES + N);
        FloatVector c30 = fromArray(F, c, cOffset + 3 * LANES);
        FloatVector c31 = fromArray(F, c, cOffset + 3 * LANES + N);
        FloatVector c40 = fromArray(F, c, cOffset + 4 * LANES);
        FloatVector c41 = fromArray(F, c, cOffset + 4 * LANES + N);
        FloatVector c50 = fromArray(F, c, cOffset + 5 * LANES);
        FloatVector c51 = fromArray(F, c, cOffset + 5 * LANES + N);
        FloatVector c60 = fromArray(F, c, cOffset + 6 * LANES);
        FloatVector c61 = fromArray(F, c, cOffset + 6 * LANES + N);
        FloatVector c70 = fromArray(F, c, cOffset + 7 * LANES);
        FloatVector c71 = fromArray(F, c, cOffset + 7 * LANES + N);
        for (int i = 0; i < depth; i++) {
            int row = bOffset + i * LANES;
            int from = aOffset + at[i];
            FloatVector b0 = fromArray(F, b, row);
            FloatVector b1 = fromArray(F, b, row + N);
            FloatVector x = broadcast(F, a[from]);
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = broadcast(F, a[from + 1]);
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = broadcast(F, a[from + 2]);
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = broadcast(F, a[from + 3]);
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            x = broadcast(F, a[from + 4]);
            c40 = x.fma(b0, c40);
            c41 = x.fma(b1, c41);
            x = broadcast(F, a[from + 5]);
            c50 = x.fma(b0, c50);
            c51 = x.fma(b1, c51);
            x = broadcast(F, a[from + 6]);
            c60 = x.fma(b0, c60);
            c61 = x.fma(b1, c61);
            x = broadcast(F, a[from + 7]);
            c70 = x.fma(b0, c70);
            c71 = x.fma(b1, c71);
        }
        c00.intoArray(c, cOffset);
        c01.intoArray(c, cOffset + N);
        c10.intoArray(c, cOffset + LANES);
        c11.intoArray(c, cOffset + LANES + N);
        c20.intoArray(c, cOffset + 2 * LANES);
        c21.intoArray(c, cOffset + 2 * LANES + N);
        c30.intoArray(c, cOffset + 3 * LANES);
        c31.intoArray(c, cOffset + 3 * LANES + N);
        c40.intoArray(c, cOffset + 4 * LANES);
        c41.intoArray(c, cOffset + 4 * LANES + N);
        c50.intoArray(c, cOffset + 5 * LANES);
        c51.intoArray(c, cOffset + 5 * LANES + N);
        c60.intoArray(c, cOffset + 6 * LANES);
        c61.intoArray(c, cOffset + 6 * LANES + N);
        c70.intoArray(c, cOffset + 7 * LANES);
        c71.intoArray(c, cOffset + 7 * LANES + N);
    }

    /** c[at[i] + d] += sum over l of a[i][l] b[l][d] for {@link #ROWS} keys i and two vectors of elements d. */
    static void addToKeys(float[] c, int cOffset, int[] at, int i, float[] a, int aOffset, float[] b, int bOffset, int bRow, int depth) {
        int to0 = cOffset + at[i];
        int to1 = cOffset + at[i + 1];
        int to2 = cOffset + at[i + 2];
        int to3 = cOffset + at[i + 3];
        int to4 = cOffset + at[i + 4];
        int to5 = cOffset + at[i + 5];
        int to6 = cOffset + at[i + 6];
        int to7 = cOffset + at[i + 7];
        FloatVector c0l = fromArray(F, c, to0), c0r = fromArray(F, c, to0 + N);
        FloatVector c1l = fromArray(F, c, to1), c1r = fromArray(F, c, to1 + N);
        FloatVector c2l = fromArray(F, c, to2), c2r = fromArray(F, c, to2 + N);
        FloatVector c3l = fromArray(F, c, to3), c3r = fromArray(F, c, to3 + N);
        FloatVector c4l = fromArray(F, c, to4), c4r = fromArray(F, c, to4 + N);
        FloatVector c5l = fromArray(F, c, to5), c5r = fromArray(F, c, to5 + N);
        FloatVector c6l = fromArray(F, c, to6), c6r = fromArray(F, c, to6 + N);
        FloatVector c7l = fromArray(F, c, to7), c7r = fromArray(F, c, to7 + N);
        for (int l = 0; l < depth; l++) {
            int row = bOffset + l * bRow;
            int from = aOffset + l;
            FloatVector left = fromArray(F, b, row);
            FloatVector right = fromArray(F, b, row + N);
            FloatVector x = broadcast(F, a[from]);
            c0l = x.fma(left, c0l);
            c0r = x.fma(right, c0r);
            x = broadcast(F, a[from + LANES]);
            c1l = x.fma(left, c1l);
            c1r = x.fma(right, c1r);
            x = broadcast(F, a[from + 2 * LANES]);
            c2l = x.fma(left, c2l);
            c2r = x.fma(right, c2r);
            x = broadcast(F, a[from + 3 * LANES]);
            c3l = x.fma(left, c3l);
            c3r = x.fma(right, c3r);
            x = broadcast(F, a[from + 4 * LANES]);
            c4l = x.fma(left, c4l);
            c4r = x.fma(right, c4r);
            x = broadcast(F, a[from + 5 * LANES]);
            c5l = x.fma(left, c5l);
            c5r = x.fma(right, c5r);
            x = broadcast(F, a[from + 6 * LANES]);
            c6l = x.fma(left, c6l);
            c6r = x.fma(right, c6r);
            x = broadcast(F, a[from + 7 * LANES]);
            c7l = x.fma(left, c7l);
            c7r = x.fma(right, c7r);
        }
        c0l.intoArray(c, to0);
        c0r.intoArray(c, to0 + N);
        c1l.intoArray(c, to1);
        c1r.intoArray(c, to1 + N);
        c2l.intoArray(c, to2);
        c2r.intoArray(c, to2 + N);
        c3l.intoArray(c, to3);
        c3r.intoArray(c, to3 + N);
        c4l.intoArray(c, to4);
        c4r.intoArray(c, to4 + N);
        c5l.intoArray(c, to5);
        c5r.intoArray(c, to5 + N);
        c6l.intoArray(c, to6);
        c6r.intoArray(c, to6 + N);
        c7l.intoArray(c, to7);
        c7r.intoArray(c, to7 + N);
    }
}
