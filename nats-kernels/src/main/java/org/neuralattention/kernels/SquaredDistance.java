package org.neuralattention.kernels;

/**
 * Half the squared distance of rows to given ones: {@code loss[row] = 1/2 sum over i of (x[row, i] - teacher[row, i])^2}.
 *
 * <p>Shapes: x, dx, teacher [rows, dim]; targets, losses [rows]. A negative target masks its row: its loss is 0.
 */
public final class SquaredDistance {

    private SquaredDistance() {}

    /**
     * Writes {@code losses} and adds {@code scale} times the gradient of their sum, {@code scale * (x - teacher)}, to {@code dx}.
     *
     * @return the sum of the losses, in double and in the order of the rows
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static double forwardBackward(float[] losses, int lossesOffset, float[] dx, int dxOffset, float[] x, int xOffset,
            float[] teacher, int teacherOffset, int[] targets, int targetsOffset, float scale, int rows, int dim, Team team) {
        Check.notNegative("rows", rows);
        Check.positive("dim", dim);
        Check.range("losses", losses, lossesOffset, rows);
        Check.range("dx", dx, dxOffset, (long) rows * dim);
        Check.range("x", x, xOffset, (long) rows * dim);
        Check.range("teacher", teacher, teacherOffset, (long) rows * dim);
        Check.range("targets", targets, targetsOffset, rows);
        int block = Blocks.rows(dim);
        team.run(Math.ceilDiv(rows, block), (task, worker) -> {
            for (int row = task * block; row < Blocks.end(task, block, rows); row++) {
                losses[lossesOffset + row] = targets[targetsOffset + row] < 0 ? 0
                        : (float) row(dx, dxOffset + row * dim, x, xOffset + row * dim, teacher, teacherOffset + row * dim, scale, dim);
            }
        });
        double sum = 0;
        for (int row = 0; row < rows; row++) {
            sum += losses[lossesOffset + row];
        }
        return sum;
    }

    private static double row(float[] dx, int dxOffset, float[] x, int xOffset, float[] teacher, int teacherOffset, float scale, int dim) {
        double sum = 0;
        for (int i = 0; i < dim; i++) {
            float apart = x[xOffset + i] - teacher[teacherOffset + i];
            dx[dxOffset + i] += scale * apart;
            sum += (double) apart * apart;
        }
        return sum / 2;
    }
}
