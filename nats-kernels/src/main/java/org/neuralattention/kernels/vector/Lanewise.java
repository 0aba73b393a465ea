package org.neuralattention.kernels.vector;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Moves a tile of up to {@link LiveKeys#LANES} rows between memory, row by row, and the lanes: t[d][l] is element d of row l. */
final class Lanewise {

    private static final int LANES = LiveKeys.LANES;

    private Lanewise() {}

    /** t[d][l] = x[l][d] for l < rows; the other lanes are 0. Row l of x starts at xOffset + l * xRow. */
    static void load(float[] t, int tOffset, float[] x, int xOffset, int xRow, int rows, int dim) {
        if (rows < LANES) {
            Arrays.fill(t, tOffset, tOffset + dim * LANES, 0);
        }
        MemorySegment target = MemorySegment.ofArray(t);
        for (int l = 0; l <= rows - 4; l += 4) { // rows of x to their end, for lines a power of two apart do not stay in the cache
            int from = xOffset + l * xRow;
            for (int d = 0; d <= dim - 4; d += 4) {
                int at = from + d;
                Transpose.fourByFour(target, tOffset + d * LANES + l, LANES, x, at, at + xRow, at + 2 * xRow, at + 3 * xRow);
            }
        }
        for (int l = 0; l < rows; l++) {
            for (int d = l < (rows & ~3) ? dim & ~3 : 0; d < dim; d++) {
                t[tOffset + d * LANES + l] = x[xOffset + l * xRow + d];
            }
        }
    }

    /** x[l][d] = t[d][l] for l < rows. */
    static void store(float[] x, int xOffset, int xRow, float[] t, int tOffset, int rows, int dim) {
        MemorySegment target = MemorySegment.ofArray(x);
        for (int l = 0; l <= rows - 4; l += 4) {
            int to = xOffset + l * xRow;
            for (int d = 0; d <= dim - 4; d += 4) {
                int at = tOffset + d * LANES + l;
                Transpose.fourByFour(target, to + d, xRow, t, at, at + LANES, at + 2 * LANES, at + 3 * LANES);
            }
        }
        for (int l = 0; l < rows; l++) {
            for (int d = l < (rows & ~3) ? dim & ~3 : 0; d < dim; d++) {
                x[xOffset + l * xRow + d] = t[tOffset + d * LANES + l];
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
