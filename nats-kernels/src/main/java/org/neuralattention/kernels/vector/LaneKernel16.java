package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.zero;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;
import static org.neuralattention.kernels.vector.LiveKeys.LANES;

import jdk.incubator.vector.FloatVector;

/** The inner loops of {@link LaneProduct} for 16 registers, as {@link LaneKernel} with 8 accumulators: with 12, C2 holds three broadcasts at a time and spills, at half the speed. */
final class LaneKernel16 {

    /** Rows of a tile. */
    static final int ROWS = 4;

    private LaneKernel16() {}

    /** c[i][l] = sum over d of a[at[i] + d] b[d][l] for {@link #ROWS} rows i and two vectors of lanes. */
    static void scores(float[] c, int cOffset, float[] a, int aOffset, int[] at, int i, float[] b, int bOffset, int depth) {
        int a0 = aOffset + at[i];
        int a1 = aOffset + at[i + 1];
        int a2 = aOffset + at[i + 2];
        int a3 = aOffset + at[i + 3];
        FloatVector zero = zero(F);
        FloatVector c00 = zero, c01 = zero;
        FloatVector c10 = zero, c11 = zero;
        FloatVector c20 = zero, c21 = zero;
        FloatVector c30 = zero, c31 = zero;
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
        }
        c00.intoArray(c, cOffset);
        c01.intoArray(c, cOffset + N);
        c10.intoArray(c, cOffset + LANES);
        c11.intoArray(c, cOffset + LANES + N);
        c20.intoArray(c, cOffset + 2 * LANES);
        c21.intoArray(c, cOffset + 2 * LANES + N);
        c30.intoArray(c, cOffset + 3 * LANES);
        c31.intoArray(c, cOffset + 3 * LANES + N);
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
        }
        c00.intoArray(c, cOffset);
        c01.intoArray(c, cOffset + N);
        c10.intoArray(c, cOffset + LANES);
        c11.intoArray(c, cOffset + LANES + N);
        c20.intoArray(c, cOffset + 2 * LANES);
        c21.intoArray(c, cOffset + 2 * LANES + N);
        c30.intoArray(c, cOffset + 3 * LANES);
        c31.intoArray(c, cOffset + 3 * LANES + N);
    }

    /** c[at[i] + d] += sum over l of a[i][l] b[l][d] for {@link #ROWS} keys i and two vectors of elements d. */
    static void addToKeys(float[] c, int cOffset, int[] at, int i, float[] a, int aOffset, float[] b, int bOffset, int bRow, int depth) {
        int to0 = cOffset + at[i];
        int to1 = cOffset + at[i + 1];
        int to2 = cOffset + at[i + 2];
        int to3 = cOffset + at[i + 3];
        FloatVector c0l = fromArray(F, c, to0), c0r = fromArray(F, c, to0 + N);
        FloatVector c1l = fromArray(F, c, to1), c1r = fromArray(F, c, to1 + N);
        FloatVector c2l = fromArray(F, c, to2), c2r = fromArray(F, c, to2 + N);
        FloatVector c3l = fromArray(F, c, to3), c3r = fromArray(F, c, to3 + N);
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
        }
        c0l.intoArray(c, to0);
        c0r.intoArray(c, to0 + N);
        c1l.intoArray(c, to1);
        c1r.intoArray(c, to1 + N);
        c2l.intoArray(c, to2);
        c2r.intoArray(c, to2 + N);
        c3l.intoArray(c, to3);
        c3r.intoArray(c, to3 + N);
    }
}
