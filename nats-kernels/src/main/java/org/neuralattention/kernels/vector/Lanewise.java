package org.neuralattention.kernels.vector;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Moves a tile of up to {@link LiveKeys#LANES} rows between memory, row by row, and the lanes: t[d][l] is element d of row l. */
final class Lanewise {

    private static final int LANES = LiveKeys.LANES;

    private Lanewise() {}

    /** t[d][l] = factor x[l][d] for l < rows; the other lanes are 0. Row l of x starts at xOffset + l * xRow. */
    static void load(float[] t, int tOffset, float[] x, int xOffset, int xRow, int rows, int dim, float factor) {
        if (rows < LANES) {
            Arrays.fill(t, tOffset, tOffset + dim * LANES, 0);
        }
        int l = 0;
        for (; l <= rows - 8; l += 8) { // eight streams: contiguous stores, and their latencies overlap
            int x0 = xOffset + l * xRow;
            int x1 = x0 + xRow;
            int x2 = x1 + xRow;
            int x3 = x2 + xRow;
            int x4 = x3 + xRow;
            int x5 = x4 + xRow;
            int x6 = x5 + xRow;
            int x7 = x6 + xRow;
            int to = tOffset + l;
            for (int d = 0; d < dim; d++) {
                int td = to + d * LANES;
                t[td] = factor * x[x0 + d];
                t[td + 1] = factor * x[x1 + d];
                t[td + 2] = factor * x[x2 + d];
                t[td + 3] = factor * x[x3 + d];
                t[td + 4] = factor * x[x4 + d];
                t[td + 5] = factor * x[x5 + d];
                t[td + 6] = factor * x[x6 + d];
                t[td + 7] = factor * x[x7 + d];
            }
        }
        for (; l < rows; l++) {
            for (int d = 0; d < dim; d++) {
                t[tOffset + d * LANES + l] = factor * x[xOffset + l * xRow + d];
            }
        }
    }

    /** x[l][d] = t[d][l] for l < rows. */
    static void store(float[] x, int xOffset, int xRow, float[] t, int tOffset, int rows, int dim) {
        int l = 0;
        for (; l <= rows - 8; l += 8) {
            int x0 = xOffset + l * xRow;
            int x1 = x0 + xRow;
            int x2 = x1 + xRow;
            int x3 = x2 + xRow;
            int x4 = x3 + xRow;
            int x5 = x4 + xRow;
            int x6 = x5 + xRow;
            int x7 = x6 + xRow;
            int from = tOffset + l;
            for (int d = 0; d < dim; d++) {
                int td = from + d * LANES;
                x[x0 + d] = t[td];
                x[x1 + d] = t[td + 1];
                x[x2 + d] = t[td + 2];
                x[x3 + d] = t[td + 3];
                x[x4 + d] = t[td + 4];
                x[x5 + d] = t[td + 5];
                x[x6 + d] = t[td + 6];
                x[x7 + d] = t[td + 7];
            }
        }
        for (; l < rows; l++) {
            for (int d = 0; d < dim; d++) {
                x[xOffset + l * xRow + d] = t[tOffset + d * LANES + l];
            }
        }
    }

    /** x[l][d] += factor t[d][l] for l < rows. */
    static void add(float[] x, int xOffset, int xRow, float[] t, int tOffset, int rows, int dim, float factor) {
        for (int l = 0; l < rows; l++) {
            for (int d = 0; d < dim; d++) {
                x[xOffset + l * xRow + d] += factor * t[tOffset + d * LANES + l];
            }
        }
    }

    /** t[l] = sum over d of a[d][l] b[d][l]. */
    static void dot(float[] t, int tOffset, int aOffset, int bOffset, int dim) {
        for (int l = 0; l < LANES; l += Lanes.N) {
            FloatVector sum = FloatVector.zero(Lanes.F);
            for (int d = 0; d < dim; d++) {
                sum = FloatVector.fromArray(Lanes.F, t, aOffset + d * LANES + l)
                        .fma(FloatVector.fromArray(Lanes.F, t, bOffset + d * LANES + l), sum);
            }
            sum.intoArray(t, tOffset + l);
        }
    }

    /** Whether {@code length} floats, a multiple of the vector length, hold no NaN and no infinity. */
    static boolean finite(float[] t, int tOffset, int length) {
        FloatVector zeros = FloatVector.zero(Lanes.F);
        for (int i = 0; i < length; i += Lanes.N) {
            zeros = FloatVector.fromArray(Lanes.F, t, tOffset + i).fma(FloatVector.zero(Lanes.F), zeros); // 0 x infinity and 0 x NaN are NaN, and stay
        }
        return zeros.compare(VectorOperators.EQ, 0).allTrue();
    }

    /** t[l] = factor lse[l]; +infinity, with which every exp(score - lse) is 0, for rows that see nothing and lanes without a row. */
    static void loadLse(float[] t, int tOffset, float[] lse, int lseOffset, int rows, float factor) {
        for (int l = 0; l < LANES; l++) {
            float value = l < rows ? factor * lse[lseOffset + l] : Float.POSITIVE_INFINITY;
            t[tOffset + l] = value == Float.NEGATIVE_INFINITY ? Float.POSITIVE_INFINITY : value;
        }
    }
}
