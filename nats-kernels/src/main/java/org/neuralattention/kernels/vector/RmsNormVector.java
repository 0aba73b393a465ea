package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.zero;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * {@code RmsNorm}'s row loops. Sums are taken in single precision by several vectors in turn (an addition waits four cycles for the
 * one before). The squares of elements above 1e19 overflow there and those below 1e-19 vanish: such a row is summed again in double.
 */
public final class RmsNormVector {

    private RmsNormVector() {}

    public static void forward(float[] out, int outOffset, float[] rstd, int rstdOffset, float[] x, int xOffset,
            float[] weight, int weightOffset, int rows, int dim, float eps) {
        for (int row = 0; row < rows; row++) {
            int xo = xOffset + row * dim;
            int oo = outOffset + row * dim;
            double square = (double) sumOfSquares(x, xo, dim) / dim + eps;
            if (!inRange(square)) {
                square = sumOfSquaresInDouble(x, xo, dim) / dim + eps;
            }
            float r = (float) (1 / Math.sqrt(square));
            rstd[rstdOffset + row] = r;
            int i = 0;
            for (; i <= dim - N; i += N) {
                fromArray(F, x, xo + i).mul(r).mul(fromArray(F, weight, weightOffset + i)).intoArray(out, oo + i);
            }
            if (i < dim) {
                VectorMask<Float> tail = F.indexInRange(i, dim);
                fromArray(F, x, xo + i, tail).mul(r).mul(fromArray(F, weight, weightOffset + i, tail)).intoArray(out, oo + i, tail);
            }
        }
    }

    private static float sumOfSquares(float[] x, int xo, int dim) {
        FloatVector s0 = zero(F);
        FloatVector s1 = zero(F);
        FloatVector s2 = zero(F);
        FloatVector s3 = zero(F);
        int i = 0;
        for (; i <= dim - 4 * N; i += 4 * N) {
            FloatVector x0 = fromArray(F, x, xo + i);
            FloatVector x1 = fromArray(F, x, xo + i + N);
            FloatVector x2 = fromArray(F, x, xo + i + 2 * N);
            FloatVector x3 = fromArray(F, x, xo + i + 3 * N);
            s0 = x0.fma(x0, s0);
            s1 = x1.fma(x1, s1);
            s2 = x2.fma(x2, s2);
            s3 = x3.fma(x3, s3);
        }
        for (; i < dim; i += N) {
            FloatVector x0 = fromArray(F, x, xo + i, F.indexInRange(i, dim));
            s0 = x0.fma(x0, s0);
        }
        return VectorMath.sum(s0.add(s1).add(s2.add(s3)));
    }

    /** Whether a mean of squares, eps included, lost nothing in single precision: it is finite, and large beside a square that underflows. */
    static boolean inRange(double square) {
        return square >= Float.MIN_NORMAL && square < Double.POSITIVE_INFINITY;
    }

    private static double sumOfSquaresInDouble(float[] x, int xo, int dim) {
        double squares = 0;
        for (int i = 0; i < dim; i++) {
            squares += (double) x[xo + i] * x[xo + i];
        }
        return squares;
    }

    public static void backward(float[] dx, int dxOffset, float[] dOut, int dOutOffset, float[] x, int xOffset,
            float[] weight, int weightOffset, float[] rstd, int rstdOffset, int rows, int dim) {
        for (int row = 0; row < rows; row++) {
            int dxo = dxOffset + row * dim;
            int doo = dOutOffset + row * dim;
            int xo = xOffset + row * dim;
            float r = rstd[rstdOffset + row];
            double dot = dot(dOut, doo, weight, weightOffset, x, xo, dim);
            if (!Double.isFinite(dot)) {
                dot = dotInDouble(dOut, doo, weight, weightOffset, x, xo, dim);
            }
            float mean = (float) (dot * r / dim);
            FloatVector back = broadcast(F, -r * mean);
            int i = 0;
            for (; i <= dim - N; i += N) {
                FloatVector g = fromArray(F, dOut, doo + i).mul(fromArray(F, weight, weightOffset + i));
                FloatVector d = fromArray(F, x, xo + i).fma(back, g);
                d.fma(broadcast(F, r), fromArray(F, dx, dxo + i)).intoArray(dx, dxo + i);
            }
            if (i < dim) {
                VectorMask<Float> tail = F.indexInRange(i, dim);
                FloatVector g = fromArray(F, dOut, doo + i, tail).mul(fromArray(F, weight, weightOffset + i, tail));
                FloatVector d = fromArray(F, x, xo + i, tail).fma(back, g);
                d.fma(broadcast(F, r), fromArray(F, dx, dxo + i, tail)).intoArray(dx, dxo + i, tail);
            }
        }
    }

    /** sum over i of dOut[i] weight[i] x[i]. */
    private static float dot(float[] dOut, int doo, float[] weight, int wo, float[] x, int xo, int dim) {
        FloatVector s0 = zero(F);
        FloatVector s1 = zero(F);
        int i = 0;
        for (; i <= dim - 2 * N; i += 2 * N) {
            FloatVector g0 = fromArray(F, dOut, doo + i).mul(fromArray(F, weight, wo + i));
            FloatVector g1 = fromArray(F, dOut, doo + i + N).mul(fromArray(F, weight, wo + i + N));
            s0 = g0.fma(fromArray(F, x, xo + i), s0);
            s1 = g1.fma(fromArray(F, x, xo + i + N), s1);
        }
        for (; i < dim; i += N) {
            VectorMask<Float> inside = F.indexInRange(i, dim);
            FloatVector g0 = fromArray(F, dOut, doo + i, inside).mul(fromArray(F, weight, wo + i, inside));
            s0 = g0.fma(fromArray(F, x, xo + i, inside), s0);
        }
        return VectorMath.sum(s0.add(s1));
    }

    private static double dotInDouble(float[] dOut, int doo, float[] weight, int wo, float[] x, int xo, int dim) {
        double dot = 0;
        for (int i = 0; i < dim; i++) {
            dot += (double) dOut[doo + i] * weight[wo + i] * x[xo + i];
        }
        return dot;
    }
}
