package org.neuralattention.kernels;

/** Adds one vector to each row: {@code x[row] += bias}. Shapes: x, dOut [rows, dim]; bias, dBias [dim]. */
public final class Bias {

    private Bias() {}

    /**
     * Adds {@code bias} to each row of {@code x}, in place.
     *
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static void forward(float[] x, int xOffset, float[] bias, int biasOffset, int rows, int dim, Team team) {
        Check.notNegative("rows", rows);
        Check.positive("dim", dim);
        Check.range("x", x, xOffset, (long) rows * dim);
        Check.range("bias", bias, biasOffset, dim);
        int block = Blocks.rows(dim);
        team.run(Math.ceilDiv(rows, block), (task, worker) -> {
            int end = Blocks.end(task, block, rows);
            for (int row = task * block; row < end; row++) {
                Add.plain(x, xOffset + row * dim, x, xOffset + row * dim, bias, biasOffset, dim);
            }
        });
    }

    /**
     * Adds the sum of {@code dOut}'s rows, in order, to {@code dBias}. The gradient of {@code x} is {@code dOut} itself.
     *
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static void backward(float[] dBias, int dBiasOffset, float[] dOut, int dOutOffset, int rows, int dim, Team team) {
        Check.notNegative("rows", rows);
        Check.positive("dim", dim);
        Check.range("dBias", dBias, dBiasOffset, dim);
        Check.range("dOut", dOut, dOutOffset, (long) rows * dim);
        team.run(Math.ceilDiv(dim, Blocks.COLUMNS), (task, worker) -> {
            int first = task * Blocks.COLUMNS;
            sumRows(dBias, dBiasOffset + first, dOut, dOutOffset + first, rows, dim, Math.min(Blocks.COLUMNS, dim - first));
        });
    }

    /** {@code sum += x[row]} for {@code columns} columns of rows that are {@code dim} apart. */
    static void sumRows(float[] sum, int sumOffset, float[] x, int xOffset, int rows, int dim, int columns) {
        for (int row = 0; row < rows; row++) {
            Add.plain(sum, sumOffset, sum, sumOffset, x, xOffset + row * dim, columns);
        }
    }
}
