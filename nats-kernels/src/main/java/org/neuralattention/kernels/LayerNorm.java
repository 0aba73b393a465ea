package org.neuralattention.kernels;

import org.neuralattention.kernels.vector.LayerNormVector;

/**
 * Layer normalisation of rows: {@code out = (x - mean) * rstd * weight + bias}, {@code rstd = 1 / sqrt(var(x) + eps)},
 * the variance taken over all {@code dim} elements (biased).
 *
 * <p>Shapes: x, out, dx, dOut [rows, dim]; weight, bias, dWeight, dBias [dim]; mean, rstd [rows].
 * Source: Ba, Kiros and Hinton 2016, equation 3.
 */
public final class LayerNorm {

    private LayerNorm() {}

    /**
     * Writes {@code out}, {@code mean} and {@code rstd}; {@code bias} may be null; {@code out} may be {@code x} where no
     * backward pass follows.
     *
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static void forward(float[] out, int outOffset, float[] mean, int meanOffset, float[] rstd, int rstdOffset,
            float[] x, int xOffset, float[] weight, int weightOffset, float[] bias, int biasOffset,
            int rows, int dim, float eps, Team team) {
        Check.notNegative("rows", rows);
        Check.positive("dim", dim);
        Check.range("out", out, outOffset, (long) rows * dim);
        Check.range("mean", mean, meanOffset, rows);
        Check.range("rstd", rstd, rstdOffset, rows);
        Check.range("x", x, xOffset, (long) rows * dim);
        Check.range("weight", weight, weightOffset, dim);
        if (bias != null) {
            Check.range("bias", bias, biasOffset, dim);
        }
        int block = Blocks.rows(dim);
        team.run(Math.ceilDiv(rows, block), (task, worker) -> {
            int first = task * block;
            int count = Math.min(block, rows - first);
            if (Kernels.VECTOR) {
                LayerNormVector.forward(out, outOffset + first * dim, mean, meanOffset + first, rstd, rstdOffset + first,
                        x, xOffset + first * dim, weight, weightOffset, bias, biasOffset, count, dim, eps);
            } else {
                plainForward(out, outOffset + first * dim, mean, meanOffset + first, rstd, rstdOffset + first,
                        x, xOffset + first * dim, weight, weightOffset, bias, biasOffset, count, dim, eps);
            }
        });
    }

    static void plainForward(float[] out, int outOffset, float[] mean, int meanOffset, float[] rstd, int rstdOffset,
            float[] x, int xOffset, float[] weight, int weightOffset, float[] bias, int biasOffset,
            int rows, int dim, float eps) {
        for (int row = 0; row < rows; row++) {
            int xo = xOffset + row * dim;
            int oo = outOffset + row * dim;
            double sum = 0;
            for (int i = 0; i < dim; i++) {
                sum += x[xo + i];
            }
            double center = sum / dim;
            double squares = 0;
            for (int i = 0; i < dim; i++) {
                double d = x[xo + i] - center;
                squares += d * d;
            }
            float m = (float) center;
            float r = (float) (1 / Math.sqrt(squares / dim + eps));
            mean[meanOffset + row] = m;
            rstd[rstdOffset + row] = r;
            for (int i = 0; i < dim; i++) {
                float scaled = (x[xo + i] - m) * r * weight[weightOffset + i];
                out[oo + i] = bias == null ? scaled : scaled + bias[biasOffset + i];
            }
        }
    }

    /**
     * Adds to {@code dx}, {@code dWeight} and {@code dBias} (either may be null: it is frozen): with {@code n = (x - mean) * rstd} and
     * {@code g = dOut * weight}, {@code dx += rstd * (g - mean(g) - n * mean(g * n))}; {@code dWeight} gets the sum over
     * rows of {@code dOut * n}, {@code dBias} that of {@code dOut}.
     *
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static void backward(float[] dx, int dxOffset, float[] dWeight, int dWeightOffset, float[] dBias, int dBiasOffset,
            float[] dOut, int dOutOffset, float[] x, int xOffset, float[] weight, int weightOffset,
            float[] mean, int meanOffset, float[] rstd, int rstdOffset, int rows, int dim, Team team) {
        Check.notNegative("rows", rows);
        Check.positive("dim", dim);
        Check.range("dx", dx, dxOffset, (long) rows * dim);
        if (dWeight != null) {
            Check.range("dWeight", dWeight, dWeightOffset, dim);
        }
        if (dBias != null) {
            Check.range("dBias", dBias, dBiasOffset, dim);
        }
        Check.range("dOut", dOut, dOutOffset, (long) rows * dim);
        Check.range("x", x, xOffset, (long) rows * dim);
        Check.range("weight", weight, weightOffset, dim);
        Check.range("mean", mean, meanOffset, rows);
        Check.range("rstd", rstd, rstdOffset, rows);
        int block = Blocks.rows(dim);
        team.run(Math.ceilDiv(rows, block), (task, worker) -> {
            int first = task * block;
            int count = Math.min(block, rows - first);
            if (Kernels.VECTOR) {
                LayerNormVector.backward(dx, dxOffset + first * dim, dOut, dOutOffset + first * dim, x, xOffset + first * dim,
                        weight, weightOffset, mean, meanOffset + first, rstd, rstdOffset + first, count, dim);
            } else {
                plainBackward(dx, dxOffset + first * dim, dOut, dOutOffset + first * dim, x, xOffset + first * dim,
                        weight, weightOffset, mean, meanOffset + first, rstd, rstdOffset + first, count, dim);
            }
        });
        if (dWeight == null && dBias == null) {
            return;
        }
        team.run(Math.ceilDiv(dim, Blocks.COLUMNS), (task, worker) -> {
            int first = task * Blocks.COLUMNS;
            int count = Math.min(Blocks.COLUMNS, dim - first);
            if (dWeight != null) {
                backwardWeight(dWeight, dWeightOffset + first, dOut, dOutOffset + first, x, xOffset + first,
                        mean, meanOffset, rstd, rstdOffset, rows, dim, count);
            }
            if (dBias != null) {
                Bias.sumRows(dBias, dBiasOffset + first, dOut, dOutOffset + first, rows, dim, count);
            }
        });
    }

    static void plainBackward(float[] dx, int dxOffset, float[] dOut, int dOutOffset, float[] x, int xOffset,
            float[] weight, int weightOffset, float[] mean, int meanOffset, float[] rstd, int rstdOffset, int rows, int dim) {
        for (int row = 0; row < rows; row++) {
            int dxo = dxOffset + row * dim;
            int doo = dOutOffset + row * dim;
            int xo = xOffset + row * dim;
            float m = mean[meanOffset + row];
            float r = rstd[rstdOffset + row];
            double sum = 0;
            double dot = 0;
            for (int i = 0; i < dim; i++) {
                double g = (double) dOut[doo + i] * weight[weightOffset + i];
                sum += g;
                dot += g * (x[xo + i] - m);
            }
            float meanG = (float) (sum / dim);
            float meanGn = (float) (dot * r / dim);
            for (int i = 0; i < dim; i++) {
                dx[dxo + i] += r * (dOut[doo + i] * weight[weightOffset + i] - meanG - (x[xo + i] - m) * r * meanGn);
            }
        }
    }

    /** The weight's gradient for {@code columns} columns, over all rows in order: a column belongs to one task. */
    private static void backwardWeight(float[] dWeight, int dWeightOffset, float[] dOut, int dOutOffset, float[] x, int xOffset,
            float[] mean, int meanOffset, float[] rstd, int rstdOffset, int rows, int dim, int columns) {
        for (int row = 0; row < rows; row++) {
            int doo = dOutOffset + row * dim;
            int xo = xOffset + row * dim;
            float m = mean[meanOffset + row];
            float r = rstd[rstdOffset + row];
            for (int i = 0; i < columns; i++) {
                dWeight[dWeightOffset + i] += dOut[doo + i] * (x[xo + i] - m) * r;
            }
        }
    }
}
