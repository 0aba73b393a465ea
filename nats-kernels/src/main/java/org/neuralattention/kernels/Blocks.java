package org.neuralattention.kernels;

/** How ops cut work into tasks: by fixed sizes, never by the number of threads, so that results have the same bits for any team. */
final class Blocks {

    /** Elements in a task of a streaming op: 64 KiB of floats take some microseconds, many times what a dispatch costs (0.1). */
    static final int ELEMENTS = 16_384;

    /** Columns in a task that sums over all rows: four cache lines of each row, so that tasks do not share a line. */
    static final int COLUMNS = 64;

    private Blocks() {}

    /** Where task {@code task} ends, which begins at {@code task * block}: as {@code min(n, (task + 1) * block)}, which may overflow. */
    static int end(int task, int block, int n) {
        int first = task * block;
        return first + Math.min(block, n - first);
    }

    /** Rows of {@code dim} elements in a task. */
    static int rows(int dim) {
        return Math.max(1, ELEMENTS / dim);
    }
}
