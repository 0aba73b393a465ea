package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.OR;
import static jdk.incubator.vector.VectorOperators.S2I;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.I;
import static org.neuralattention.kernels.vector.Lanes.N;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/** {@link MatVecVector} for one x and weights in float16: the same streams, chains and bits. */
public final class MatVecF16 {

    /** Sign, exponent and fraction of a float16 at their places in a float32. */
    private static final int PLACES = 0x8fffe000;

    /** Exponent bits of what is not finite, at their places; and what they become. */
    private static final int NOT_FINITE = 0x0f800000;
    private static final int EXPONENT = 0x7f800000;

    private MatVecF16() {}

    /**
     * out[row] = x . w[row] for tiles [from, to) of w[n, k], k a multiple of a vector's lanes.
     *
     * @param sums scratch of {@link MatVecVector#SUMS}
     */
    public static void rows(float[] out, int outOffset, float[] x, int xOffset, short[] w, int wOffset,
            int n, int k, int from, int to, float[] sums) {
        int stream = n / 4;
        for (int row = from; row < to; row++) {
            tile(sums, x, xOffset, w, wOffset + row * k, stream * k, k);
            LaneSums.put(out, outOffset + row, stream, sums, 0, false);
        }
        for (int row = 4 * stream; row < n && to == stream; row++) {
            tile(sums, x, xOffset, w, wOffset + row * k, 0, k);
            LaneSums.put(out, outOffset + row, 0, sums, 0, false);
        }
    }

    private static void tile(float[] sums, float[] x, int xOffset, short[] w, int wOffset, int stride, int k) {
        for (int r = 0; r < 4; r += 2) { // two rows at a time: with four the method would exceed what C2 inlines
            two(sums, r * N, x, xOffset, w, wOffset + r * stride, stride, k);
        }
    }

    private static void two(float[] sums, int sumsOffset, float[] x, int xOffset, short[] w, int wOffset, int stride, int k) {
        int w1 = wOffset + stride;
        FloatVector a0 = FloatVector.zero(F);
        FloatVector a1 = a0;
        for (int i = 0; i < k; i += N) {
            FloatVector a = FloatVector.fromArray(F, x, xOffset + i);
            a0 = floats(w, wOffset + i).fma(a, a0);
            a1 = floats(w, w1 + i).fma(a, a1);
        }
        a0.intoArray(sums, sumsOffset);
        a1.intoArray(sums, sumsOffset + N);
    }

    private static FloatVector floats(short[] w, int at) {
        return floats((IntVector) ShortVector.fromArray(MatVecBf16.S, w, at).convertShape(S2I, I, 0));
    }

    /**
     * The float16 in the lower halves, whose sign fills the upper ones. Their exponent counts from -15, that of a float32 from -127: bits at
     * their places are a number 2^112 too small, also the subnormal ones.
     */
    static FloatVector floats(IntVector halves) {
        IntVector bits = halves.lanewise(LSHL, 13).and(PLACES);
        FloatVector values = bits.reinterpretAsFloats().mul(0x1p112f);
        return values.reinterpretAsInts().lanewise(OR, EXPONENT, bits.and(NOT_FINITE).compare(EQ, NOT_FINITE)).reinterpretAsFloats();
    }
}
