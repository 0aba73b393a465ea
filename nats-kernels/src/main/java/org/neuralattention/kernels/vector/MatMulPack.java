package org.neuralattention.kernels.vector;

import java.lang.foreign.MemorySegment;

/**
 * Copies a strip of a matrix into a panel: {@code depth} rows of {@code width} values, one row for each step of the sum over k,
 * so that the microkernel reads from front to back.
 *
 * <p>A strip narrower than its panel leaves values of no meaning in the rest: what is computed from them is not stored.
 */
final class MatMulPack {

    private MatMulPack() {}

    /**
     * panel[j / width][depth, width] = x[depth, cols], where rows of x are {@code stride} and panels {@code panelStride} apart.
     * Row by row through all panels: panel by panel a cache line would be fetched once for each of the panels it feeds, for
     * lines a power of two apart do not stay in the cache.
     */
    static void copy(float[] panels, int panelOffset, int panelStride, int width, float[] x, int xOffset, int stride, int cols, int depth) {
        for (int p = 0; p < depth; p++) {
            int from = xOffset + p * stride;
            int to = panelOffset + p * width;
            for (int j = 0; j < cols; j += width, to += panelStride) {
                System.arraycopy(x, from + j, panels, to, Math.min(width, cols - j));
            }
        }
    }

    /** panel[depth, width] = strip[rows, depth]^T, where rows of the strip are {@code stride} apart. */
    static void transpose(float[] panel, int panelOffset, int width, float[] strip, int stripOffset, int stride, int rows, int depth) {
        MemorySegment target = MemorySegment.ofArray(panel);
        for (int i = 0; i < rows; i += 4) {
            int first = Math.min(i, width - 4); // with a width of 5 the second four rows are 1 to 4
            int last = rows - 1;
            int r0 = stripOffset + Math.min(first, last) * stride;
            int r1 = stripOffset + Math.min(first + 1, last) * stride;
            int r2 = stripOffset + Math.min(first + 2, last) * stride;
            int r3 = stripOffset + Math.min(first + 3, last) * stride;
            int to = panelOffset + first;
            int p = 0;
            for (; p < depth - 3; p += 4) {
                Transpose.fourByFour(target, to + p * width, width, strip, r0 + p, r1 + p, r2 + p, r3 + p);
            }
            for (; p < depth; p++) {
                panel[to + p * width] = strip[r0 + p];
                panel[to + p * width + 1] = strip[r1 + p];
                panel[to + p * width + 2] = strip[r2 + p];
                panel[to + p * width + 3] = strip[r3 + p];
            }
        }
    }
}
