package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.I;
import static org.neuralattention.kernels.vector.Lanes.N;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** {@link MatVecVector} for one x and weights in bfloat16: the same streams, chains and bits. */
public final class MatVecBf16 {

    static final VectorSpecies<Short> S = ShortVector.SPECIES_PREFERRED.withShape(VectorShape.forBitSize(N * Short.SIZE));

    private MatVecBf16() {}

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
        int w1 = wOffset + stride;
        int w2 = wOffset + 2 * stride;
        int w3 = wOffset + 3 * stride;
        FloatVector zero = FloatVector.zero(F);
        FloatVector a0 = zero, a1 = zero, a2 = zero, a3 = zero;
        for (int i = 0; i < k; i += N) {
            FloatVector a = FloatVector.fromArray(F, x, xOffset + i);
            a0 = floats(w, wOffset + i).fma(a, a0);
            a1 = floats(w, w1 + i).fma(a, a1);
            a2 = floats(w, w2 + i).fma(a, a2);
            a3 = floats(w, w3 + i).fma(a, a3);
        }
        a0.intoArray(sums, 0);
        a1.intoArray(sums, N);
        a2.intoArray(sums, 2 * N);
        a3.intoArray(sums, 3 * N);
    }

    /** A bfloat16 is the upper half of a float32. */
    private static FloatVector floats(short[] w, int at) {
        IntVector bits = (IntVector) ShortVector.fromArray(S, w, at).convertShape(ZERO_EXTEND_S2I, I, 0);
        return bits.lanewise(LSHL, 16).reinterpretAsFloats();
    }

    /** out[n] = the n weights from {@code at} on. */
    public static void expand(float[] out, int outOffset, short[] w, int at, int n) {
        int i = 0;
        for (; i <= n - N; i += N) {
            floats(w, at + i).intoArray(out, outOffset + i);
        }
        for (; i < n; i++) {
            out[outOffset + i] = Float.intBitsToFloat(w[at + i] << 16);
        }
    }
}
