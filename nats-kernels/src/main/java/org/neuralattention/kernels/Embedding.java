package org.neuralattention.kernels;

/** Rows of a table by index: {@code out[row] = table[ids[row]]}. Shapes: out, dOut [rows, dim]; ids [rows]; table, dTable [vocabSize, dim]. */
public final class Embedding {

    private Embedding() {}

    /**
     * Writes {@code out}.
     *
     * @throws IllegalArgumentException if an id is not in [0, vocabSize)
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static void forward(float[] out, int outOffset, int[] ids, int idsOffset, float[] table, int tableOffset,
            int rows, int dim, int vocabSize, Team team) {
        Check.range("table", table, tableOffset, (long) vocabSize * dim);
        forward(out, outOffset, ids, idsOffset, new WeightMatrix.F32(table, tableOffset, vocabSize, dim), rows, team);
    }

    /**
     * As above for a table [vocabSize, dim] of any format.
     *
     * @throws IllegalArgumentException if an id is not in [0, vocabSize)
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static void forward(float[] out, int outOffset, int[] ids, int idsOffset, WeightMatrix table, int rows, Team team) {
        int dim = table.cols();
        Check.range("out", out, outOffset, (long) rows * dim);
        check(ids, idsOffset, rows, dim, table.rows());
        int block = Blocks.rows(dim);
        team.run(Math.ceilDiv(rows, block), (task, worker) -> {
            int end = Blocks.end(task, block, rows);
            for (int row = task * block; row < end; row++) {
                table.expand(out, outOffset + row * dim, ids[idsOffset + row], 1);
            }
        });
    }

    /**
     * Adds each row of {@code dOut} to its row of {@code dTable}, in order: a task owns columns, so that rows with the same
     * id never meet in two tasks.
     *
     * @throws IllegalArgumentException if an id is not in [0, vocabSize)
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static void backward(float[] dTable, int dTableOffset, float[] dOut, int dOutOffset, int[] ids, int idsOffset,
            int rows, int dim, int vocabSize, Team team) {
        Check.range("dTable", dTable, dTableOffset, (long) vocabSize * dim);
        Check.range("dOut", dOut, dOutOffset, (long) rows * dim);
        check(ids, idsOffset, rows, dim, vocabSize);
        team.run(Math.ceilDiv(dim, Blocks.COLUMNS), (task, worker) -> {
            int first = task * Blocks.COLUMNS;
            int columns = Math.min(Blocks.COLUMNS, dim - first);
            for (int row = 0; row < rows; row++) {
                int dto = dTableOffset + ids[idsOffset + row] * dim + first;
                Add.plain(dTable, dto, dTable, dto, dOut, dOutOffset + row * dim + first, columns);
            }
        });
    }

    private static void check(int[] ids, int idsOffset, int rows, int dim, int vocabSize) {
        Check.notNegative("rows", rows);
        Check.positive("dim", dim);
        Check.range("ids", ids, idsOffset, rows);
        for (int row = 0; row < rows; row++) {
            int id = ids[idsOffset + row];
            if (id < 0 || id >= vocabSize) {
                throw new IllegalArgumentException("ids[" + (idsOffset + row) + "] = " + id + ": must be in [0, " + vocabSize + ")");
            }
        }
    }
}
