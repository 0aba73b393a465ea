package org.neuralattention.kernels;

import org.neuralattention.kernels.vector.RmsNormVector;

/**
 * Root-mean-square normalisation of rows: {@code out = x * rstd * weight}, {@code rstd = 1 / sqrt(mean(x^2) + eps)}.
 *
 * <p>Shapes: x, out, dx, dOut [rows, dim]; weight, dWeight [dim]; rstd [rows]. Source: Zhang and Sennrich 2019, section 4.
 */
public final class RmsNorm {

    private RmsNorm() {}

    /**
     * Writes {@code out} and {@code rstd}; {@code out} may be {@code x} where no backward pass follows.
     *
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static void forward(float[] out, int outOffset, float[] rstd, int rstdOffset, float[] x, int xOffset,
            float[] weight, int weightOffset, int rows, int dim, float eps, Team team) {
        Check.notNegative("rows", rows);
        Check.positive("dim", dim);
        Check.range("out", out, outOffset, (long) rows * dim);
        Check.range("rstd", rstd, rstdOffset, rows);
        Check.range("x", x, xOffset, (long) rows * dim);
        Check.range("weight", weight, weightOffset, dim);
        int block = Blocks.rows(dim);
        team.run(Math.ceilDiv(rows, block), (task, worker) -> {
            int first = task * block;
            int count = Math.min(block, rows - first);
            if (Kernels.VECTOR) {
                RmsNormVector.forward(out, outOffset + first * dim, rstd, rstdOffset + first, x, xOffset + first * dim,
                        weight, weightOffset, count, dim, eps);
            } else {
                plainForward(out, outOffset + first * dim, rstd, rstdOffset + first, x, xOffset + first * dim,
                        weight, weightOffset, count, dim, eps);
            }
        });
    }

    static void plainForward(float[] out, int outOffset, float[] rstd, int rstdOffset, float[] x, int xOffset,
            float[] weight, int weightOffset, int rows, int dim, float eps) {
        for (int row = 0; row < rows; row++) {
            int xo = xOffset + row * dim;
            int oo = outOffset + row * dim;
            double squares = 0;
            for (int i = 0; i < dim; i++) {
                squares += (double) x[xo + i] * x[xo + i];
            }
            float r = (float) (1 / Math.sqrt(squares / dim + eps));
            rstd[rstdOffset + row] = r;
            for (int i = 0; i < dim; i++) {
                out[oo + i] = x[xo + i] * r * weight[weightOffset + i];
            }
        }
    }

    /**
     * Adds to {@code dx} and {@code dWeight} (which may be null: it is frozen): with {@code n = x * rstd} and {@code g = dOut * weight},
     * {@code dx += rstd * (g - n * mean(g * n))} and {@code dWeight += sum over rows of dOut * n}.
     *
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static void backward(float[] dx, int dxOffset, float[] dWeight, int dWeightOffset, float[] dOut, int dOutOffset,
            float[] x, int xOffset, float[] weight, int weightOffset, float[] rstd, int rstdOffset,
            int rows, int dim, Team team) {
        Check.notNegative("rows", rows);
        Check.positive("dim", dim);
        Check.range("dx", dx, dxOffset, (long) rows * dim);
        if (dWeight != null) {
            Check.range("dWeight", dWeight, dWeightOffset, dim);
        }
        Check.range("dOut", dOut, dOutOffset, (long) rows * dim);
        Check.range("x", x, xOffset, (long) rows * dim);
        Check.range("weight", weight, weightOffset, dim);
        Check.range("rstd", rstd, rstdOffset, rows);
        int block = Blocks.rows(dim);
        team.run(Math.ceilDiv(rows, block), (task, worker) -> {
            int first = task * block;
            int count = Math.min(block, rows - first);
            if (Kernels.VECTOR) {
                RmsNormVector.backward(dx, dxOffset + first * dim, dOut, dOutOffset + first * dim, x, xOffset + first * dim,
                        weight, weightOffset, rstd, rstdOffset + first, count, dim);
            } else {
                plainBackward(dx, dxOffset + first * dim, dOut, dOutOffset + first * dim, x, xOffset + first * dim,
                        weight, weightOffset, rstd, rstdOffset + first, count, dim);
            }
        });
        if (dWeight == null) {
            return;
        }
        team.run(Math.ceilDiv(dim, Blocks.COLUMNS), (task, worker) -> {
            int first = task * Blocks.COLUMNS;
            int count = Math.min(Blocks.COLUMNS, dim - first);
            backwardWeight(dWeight, dWeightOffset + first, dOut, dOutOffset + first, x, xOffset + first,
                    rstd, rstdOffset, rows, dim, count);
        });
    }

    static void plainBackward(float[] dx, int dxOffset, float[] dOut, int dOutOffset, float[] x, int xOffset,
            float[] weight, int weightOffset, float[] rstd, int rstdOffset, int rows, int dim) {
        for (int row = 0; row < rows; row++) {
            int dxo = dxOffset + row * dim;
            int doo = dOutOffset + row * dim;
            int xo = xOffset + row * dim;
            float r = rstd[rstdOffset + row];
            double dot = 0;
            for (int i = 0; i < dim; i++) {
                dot += (double) dOut[doo + i] * weight[weightOffset + i] * x[xo + i];
            }
            float mean = (float) (dot * r / dim);
            for (int i = 0; i < dim; i++) {
                dx[dxo + i] += r * (dOut[doo + i] * weight[weightOffset + i] - x[xo + i] * r * mean);
            }
        }
    }

    /** The weight's gradient for {@code columns} columns, over all rows in order: a column belongs to one task. */
    private static void backwardWeight(float[] dWeight, int dWeightOffset, float[] dOut, int dOutOffset, float[] x, int xOffset,
            float[] rstd, int rstdOffset, int rows, int dim, int columns) {
        for (int row = 0; row < rows; row++) {
            int doo = dOutOffset + row * dim;
            int xo = xOffset + row * dim;
            float r = rstd[rstdOffset + row];
            for (int i = 0; i < columns; i++) {
                dWeight[dWeightOffset + i] += dOut[doo + i] * x[xo + i] * r;
            }
        }
    }
}
