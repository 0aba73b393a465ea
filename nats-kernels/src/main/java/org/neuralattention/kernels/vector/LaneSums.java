package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.FloatVector.fromArray;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * The sums over the lanes of four vectors at once. Halves are added to halves, an order that is defined and the same for all four.
 *
 * <p>The vectors come through an array: in one method with the loop that makes them they would exceed what C2 inlines, and vectors
 * that are passed to a method it does not inline are allocated.
 */
final class LaneSums {

    private static final VectorShuffle<Float> HALF = swap(N / 2);
    private static final VectorShuffle<Float> QUARTER = swap(N / 4);
    private static final VectorShuffle<Float> EIGHTH = swap(N / 8);
    private static final VectorShuffle<Float> SIXTEENTH = swap(N / 16);
    private static final VectorMask<Float> UPPER_HALF = bits(N / 2);
    private static final VectorMask<Float> UPPER_QUARTERS = bits(N / 4);

    /** Where the sums of four vectors end: the first in the lowest quarter, the second above the middle, for halves are split first. */
    private static final int SECOND = N / 2;

    private static final int THIRD = N / 4;
    private static final int FOURTH = N / 2 + N / 4;

    private LaneSums() {}

    /** Exchanges lanes whose numbers differ by {@code distance}, a power of two, or none if it is 0. */
    private static VectorShuffle<Float> swap(int distance) {
        return VectorShuffle.fromOp(F, lane -> lane ^ distance);
    }

    /** Lanes in whose number {@code bit} is set. */
    private static VectorMask<Float> bits(int bit) {
        boolean[] set = new boolean[N];
        for (int lane = 0; lane < N; lane++) {
            set[lane] = (lane & bit) != 0;
        }
        return VectorMask.fromArray(F, set, 0);
    }

    /** The same for {@code tiles} times four vectors, whose sums stand side by side in out. */
    static void putAll(float[] out, int at, int stride, float[] x, int tiles, boolean add) {
        for (int i = 0; i < tiles; i++) {
            put(out, at + i, stride, x, 4 * i * N, add);
        }
    }

    /** Stores the sums of the lanes of the four vectors in x, or adds them, at {@code at} and steps of {@code stride}, which may be 0. */
    static void put(float[] out, int at, int stride, float[] x, int xOffset, boolean add) {
        FloatVector sums = of(fromArray(F, x, xOffset), fromArray(F, x, xOffset + N), fromArray(F, x, xOffset + 2 * N), fromArray(F, x, xOffset + 3 * N));
        float s0 = sums.lane(0);
        float s1 = sums.lane(SECOND);
        float s2 = sums.lane(THIRD);
        float s3 = sums.lane(FOURTH);
        if (add) { // all are read before one is written, for they may be one
            s0 += out[at];
            s1 += out[at + stride];
            s2 += out[at + 2 * stride];
            s3 += out[at + 3 * stride];
        }
        out[at] = s0;
        out[at + stride] = s1;
        out[at + 2 * stride] = s2;
        out[at + 3 * stride] = s3;
    }

    private static FloatVector of(FloatVector x0, FloatVector x1, FloatVector x2, FloatVector x3) {
        FloatVector x01 = fold(x0, x1, UPPER_HALF, HALF);
        FloatVector x23 = fold(x2, x3, UPPER_HALF, HALF);
        FloatVector s = fold(x01, x23, UPPER_QUARTERS, QUARTER);
        if (N >= 8) {
            s = s.add(s.rearrange(EIGHTH));
        }
        if (N >= 16) {
            s = s.add(s.rearrange(SIXTEENTH));
        }
        return s;
    }

    /** Adds the parts of x onto each other, and those of y, and returns one part of each: x where {@code upper} is not set. */
    private static FloatVector fold(FloatVector x, FloatVector y, VectorMask<Float> upper, VectorShuffle<Float> swap) {
        return x.blend(y, upper).add(y.blend(x, upper).rearrange(swap));
    }
}
