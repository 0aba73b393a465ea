package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.zero;
import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * {@code LayerNorm}'s row loops; sums in single precision by two vectors in turn and, where they overflow or vanish, again in double,
 * see {@link RmsNormVector}.
 */
public final class LayerNormVector {

    private LayerNormVector() {}

    public static void forward(float[] out, int outOffset, float[] mean, int meanOffset, float[] rstd, int rstdOffset,
            float[] x, int xOffset, float[] weight, int weightOffset, float[] bias, int biasOffset, int rows, int dim, float eps) {
        for (int row = 0; row < rows; row++) {
            int xo = xOffset + row * dim;
            int oo = outOffset + row * dim;
            float m = (float) ((double) sum(x, xo, dim) / dim);
            double variance = (double) sumOfSquares(x, xo, dim, m) / dim + eps;
            if (!RmsNormVector.inRange(variance)) {
                double center = sumInDouble(x, xo, dim) / dim;
                variance = sumOfSquaresInDouble(x, xo, dim, center) / dim + eps;
                m = (float) center;
            }
            float r = (float) (1 / Math.sqrt(variance));
            mean[meanOffset + row] = m;
            rstd[rstdOffset + row] = r;
            for (int i = 0; i < dim; i += N) {
                VectorMask<Float> inside = F.indexInRange(i, dim);
                FloatVector y = fromArray(F, x, xo + i, inside).sub(m).mul(r).mul(fromArray(F, weight, weightOffset + i, inside));
                if (bias != null) {
                    y = y.add(fromArray(F, bias, biasOffset + i, inside));
                }
                y.intoArray(out, oo + i, inside);
            }
        }
    }

    private static float sum(float[] x, int xo, int dim) {
        FloatVector s0 = zero(F);
        FloatVector s1 = zero(F);
        int i = 0;
        for (; i <= dim - 2 * N; i += 2 * N) {
            s0 = s0.add(fromArray(F, x, xo + i));
            s1 = s1.add(fromArray(F, x, xo + i + N));
        }
        for (; i < dim; i += N) {
            s0 = s0.add(fromArray(F, x, xo + i, F.indexInRange(i, dim)));
        }
        return VectorMath.sum(s0.add(s1));
    }

    /** sum over i of (x[i] - mean)^2. */
    private static float sumOfSquares(float[] x, int xo, int dim, float mean) {
        FloatVector s0 = zero(F);
        FloatVector s1 = zero(F);
        int i = 0;
        for (; i <= dim - 2 * N; i += 2 * N) {
            FloatVector d0 = fromArray(F, x, xo + i).sub(mean);
            FloatVector d1 = fromArray(F, x, xo + i + N).sub(mean);
            s0 = d0.fma(d0, s0);
            s1 = d1.fma(d1, s1);
        }
        for (; i < dim; i += N) {
            VectorMask<Float> inside = F.indexInRange(i, dim);
            FloatVector d0 = zero(F).blend(fromArray(F, x, xo + i, inside).sub(mean), inside);
            s0 = d0.fma(d0, s0);
        }
        return VectorMath.sum(s0.add(s1));
    }

    private static double sumInDouble(float[] x, int xo, int dim) {
        double sum = 0;
        for (int i = 0; i < dim; i++) {
            sum += x[xo + i];
        }
        return sum;
    }

    private static double sumOfSquaresInDouble(float[] x, int xo, int dim, double mean) {
        double squares = 0;
        for (int i = 0; i < dim; i++) {
            double d = x[xo + i] - mean;
            squares += d * d;
        }
        return squares;
    }

    public static void backward(float[] dx, int dxOffset, float[] dOut, int dOutOffset, float[] x, int xOffset,
            float[] weight, int weightOffset, float[] mean, int meanOffset, float[] rstd, int rstdOffset, int rows, int dim) {
        for (int row = 0; row < rows; row++) {
            int dxo = dxOffset + row * dim;
            int doo = dOutOffset + row * dim;
            int xo = xOffset + row * dim;
            float m = mean[meanOffset + row];
            float r = rstd[rstdOffset + row];
            FloatVector sum = zero(F);
            FloatVector dot = zero(F);
            for (int i = 0; i < dim; i += N) {
                VectorMask<Float> inside = F.indexInRange(i, dim);
                FloatVector g = fromArray(F, dOut, doo + i, inside).mul(fromArray(F, weight, weightOffset + i, inside));
                sum = sum.add(g);
                dot = g.fma(fromArray(F, x, xo + i, inside).sub(m), dot);
            }
            double sumOfG = VectorMath.sum(sum);
            double dotOfRow = VectorMath.sum(dot);
            if (!Double.isFinite(sumOfG + dotOfRow)) {
                sumOfG = sumInDouble(dOut, doo, weight, weightOffset, dim);
                dotOfRow = dotInDouble(dOut, doo, weight, weightOffset, x, xo, m, dim);
            }
            FloatVector meanG = broadcast(F, (float) (sumOfG / dim));
            FloatVector back = broadcast(F, (float) (-dotOfRow * r * r / dim));
            for (int i = 0; i < dim; i += N) {
                VectorMask<Float> inside = F.indexInRange(i, dim);
                FloatVector g = fromArray(F, dOut, doo + i, inside).mul(fromArray(F, weight, weightOffset + i, inside)).sub(meanG);
                FloatVector d = fromArray(F, x, xo + i, inside).sub(m).fma(back, g);
                d.fma(broadcast(F, r), fromArray(F, dx, dxo + i, inside)).intoArray(dx, dxo + i, inside);
            }
        }
    }

    /** sum over i of dOut[i] weight[i]. */
    private static double sumInDouble(float[] dOut, int doo, float[] weight, int wo, int dim) {
        double sum = 0;
        for (int i = 0; i < dim; i++) {
            sum += (double) dOut[doo + i] * weight[wo + i];
        }
        return sum;
    }

    /** sum over i of dOut[i] weight[i] (x[i] - mean). */
    private static double dotInDouble(float[] dOut, int doo, float[] weight, int wo, float[] x, int xo, float mean, int dim) {
        double dot = 0;
        for (int i = 0; i < dim; i++) {
            dot += (double) dOut[doo + i] * weight[wo + i] * (x[xo + i] - mean);
        }
        return dot;
    }
}
