package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.zero;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;

import jdk.incubator.vector.FloatVector;

/**
 * The inner loops of {@link MatMulVector}: a tile of out, some rows by two vectors, stays in registers for a sum over k.
 *
 * <p>Accumulators are local variables, for only those become registers. With 12 rows 24 accumulators, two vectors of b and one
 * broadcast a fill the 32 registers of AVX-512 and NEON without a spill; with 5 rows 10 accumulators fit 16 registers of AVX2.
 * Share of the peak on one Zen 5 core, in GFLOP/s: 12 rows 242 of 252 at 512 bits, 120 of 126 at 256, 61 of 64 at 128; 8 or 9
 * rows by three vectors the same, 14 rows 210. With 16 registers 5 rows 115 of 122 at 256 bits; 6 rows by two vectors and 4 by
 * three spill: 54. Strides that are variables cost nothing against constants there. Unrolled by hand it was slower.
 * It stores and does not add to out: with the loads for that the method exceeds what C2 inlines, and runs 20 times slower.
 */
final class MatMulKernel {

    /** Rows of a tile: as many as the registers hold. */
    static final int ROWS = Lanes.REGISTERS == 32 ? 12 : 5;

    /** Columns of a tile. */
    static final int COLUMNS = 2 * N;

    private MatMulKernel() {}

    /**
     * out[i, j] = sum over p of a[p, i] b[p, j] for {@link #ROWS} by {@link #COLUMNS}; each matrix has a row per stride. Only one of the
     * two sizes is ever compiled: with both behind one call C2 gives up on vectors in the second, some 100 times slower.
     */
    static void tile(float[] out, int outOffset, int outStride, float[] a, int aOffset, int aStride,
            float[] b, int bOffset, int bStride, int k) {
        if (ROWS == 12) {
            rows12(out, outOffset, outStride, a, aOffset, aStride, b, bOffset, bStride, k);
        } else {
            rows5(out, outOffset, outStride, a, aOffset, aStride, b, bOffset, bStride, k);
        }
    }

    private static void rows12(float[] out, int outOffset, int outStride, float[] a, int aOffset, int aStride,
            float[] b, int bOffset, int bStride, int k) {
        FloatVector zero = zero(F);
        FloatVector c0l = zero, c0r = zero;
        FloatVector c1l = zero, c1r = zero;
        FloatVector c2l = zero, c2r = zero;
        FloatVector c3l = zero, c3r = zero;
        FloatVector c4l = zero, c4r = zero;
        FloatVector c5l = zero, c5r = zero;
        FloatVector c6l = zero, c6r = zero;
        FloatVector c7l = zero, c7r = zero;
        FloatVector c8l = zero, c8r = zero;
        FloatVector c9l = zero, c9r = zero;
        FloatVector c10l = zero, c10r = zero;
        FloatVector c11l = zero, c11r = zero;
        for (int p = 0; p < k; p++) {
            int at = aOffset + p * aStride;
            FloatVector l = fromArray(F, b, bOffset + p * bStride);
            FloatVector r = fromArray(F, b, bOffset + p * bStride + N);
            FloatVector x;
            x = broadcast(F, a[at]);
            c0l = x.fma(l, c0l);
            c0r = x.fma(r, c0r);
            x = broadcast(F, a[at + 1]);
            c1l = x.fma(l, c1l);
            c1r = x.fma(r, c1r);
            x = broadcast(F, a[at + 2]);
            c2l = x.fma(l, c2l);
            c2r = x.fma(r, c2r);
            x = broadcast(F, a[at + 3]);
            c3l = x.fma(l, c3l);
            c3r = x.fma(r, c3r);
            x = broadcast(F, a[at + 4]);
            c4l = x.fma(l, c4l);
            c4r = x.fma(r, c4r);
            x = broadcast(F, a[at + 5]);
            c5l = x.fma(l, c5l);
            c5r = x.fma(r, c5r);
            x = broadcast(F, a[at + 6]);
            c6l = x.fma(l, c6l);
            c6r = x.fma(r, c6r);
            x = broadcast(F, a[at + 7]);
            c7l = x.fma(l, c7l);
            c7r = x.fma(r, c7r);
            x = broadcast(F, a[at + 8]);
            c8l = x.fma(l, c8l);
            c8r = x.fma(r, c8r);
            x = broadcast(F, a[at + 9]);
            c9l = x.fma(l, c9l);
            c9r = x.fma(r, c9r);
            x = broadcast(F, a[at + 10]);
            c10l = x.fma(l, c10l);
            c10r = x.fma(r, c10r);
            x = broadcast(F, a[at + 11]);
            c11l = x.fma(l, c11l);
            c11r = x.fma(r, c11r);
        }
        c0l.intoArray(out, outOffset);
        c0r.intoArray(out, outOffset + N);
        c1l.intoArray(out, outOffset + outStride);
        c1r.intoArray(out, outOffset + outStride + N);
        c2l.intoArray(out, outOffset + 2 * outStride);
        c2r.intoArray(out, outOffset + 2 * outStride + N);
        c3l.intoArray(out, outOffset + 3 * outStride);
        c3r.intoArray(out, outOffset + 3 * outStride + N);
        c4l.intoArray(out, outOffset + 4 * outStride);
        c4r.intoArray(out, outOffset + 4 * outStride + N);
        c5l.intoArray(out, outOffset + 5 * outStride);
        c5r.intoArray(out, outOffset + 5 * outStride + N);
        c6l.intoArray(out, outOffset + 6 * outStride);
        c6r.intoArray(out, outOffset + 6 * outStride + N);
        c7l.intoArray(out, outOffset + 7 * outStride);
        c7r.intoArray(out, outOffset + 7 * outStride + N);
        c8l.intoArray(out, outOffset + 8 * outStride);
        c8r.intoArray(out, outOffset + 8 * outStride + N);
        c9l.intoArray(out, outOffset + 9 * outStride);
        c9r.intoArray(out, outOffset + 9 * outStride + N);
        c10l.intoArray(out, outOffset + 10 * outStride);
        c10r.intoArray(out, outOffset + 10 * outStride + N);
        c11l.intoArray(out, outOffset + 11 * outStride);
        c11r.intoArray(out, outOffset + 11 * outStride + N);
    }

    private static void rows5(float[] out, int outOffset, int outStride, float[] a, int aOffset, int aStride,
            float[] b, int bOffset, int bStride, int k) {
        FloatVector zero = zero(F);
        FloatVector c0l = zero, c0r = zero;
        FloatVector c1l = zero, c1r = zero;
        FloatVector c2l = zero, c2r = zero;
        FloatVector c3l = zero, c3r = zero;
        FloatVector c4l = zero, c4r = zero;
        for (int p = 0; p < k; p++) {
            int at = aOffset + p * aStride;
            FloatVector l = fromArray(F, b, bOffset + p * bStride);
            FloatVector r = fromArray(F, b, bOffset + p * bStride + N);
            FloatVector x;
            x = broadcast(F, a[at]);
            c0l = x.fma(l, c0l);
            c0r = x.fma(r, c0r);
            x = broadcast(F, a[at + 1]);
            c1l = x.fma(l, c1l);
            c1r = x.fma(r, c1r);
            x = broadcast(F, a[at + 2]);
            c2l = x.fma(l, c2l);
            c2r = x.fma(r, c2r);
            x = broadcast(F, a[at + 3]);
            c3l = x.fma(l, c3l);
            c3r = x.fma(r, c3r);
            x = broadcast(F, a[at + 4]);
            c4l = x.fma(l, c4l);
            c4r = x.fma(r, c4r);
        }
        c0l.intoArray(out, outOffset);
        c0r.intoArray(out, outOffset + N);
        c1l.intoArray(out, outOffset + outStride);
        c1r.intoArray(out, outOffset + outStride + N);
        c2l.intoArray(out, outOffset + 2 * outStride);
        c2r.intoArray(out, outOffset + 2 * outStride + N);
        c3l.intoArray(out, outOffset + 3 * outStride);
        c3r.intoArray(out, outOffset + 3 * outStride + N);
        c4l.intoArray(out, outOffset + 4 * outStride);
        c4r.intoArray(out, outOffset + 4 * outStride + N);
    }
}
