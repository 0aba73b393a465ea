package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.FloatVector.fromArray;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Copies a strip of a matrix into a panel: {@code depth} rows of {@code width} values, one row for each step of the sum over k,
 * so that the microkernel reads from front to back.
 *
 * <p>A strip narrower than its panel leaves values of no meaning in the rest: what is computed from them is not stored.
 */
final class MatMulPack {

    /** Four by four values are transposed in registers: 0.10 ns per value, plain loops took 0.17 to 0.43 (one Zen 5 core). */
    private static final VectorSpecies<Float> Q = FloatVector.SPECIES_128;

    private static final VectorShuffle<Float> BACK1 = VectorShuffle.fromValues(Q, 3, 0, 1, 2);
    private static final VectorShuffle<Float> BACK2 = VectorShuffle.fromValues(Q, 2, 3, 0, 1);
    private static final VectorShuffle<Float> BACK3 = VectorShuffle.fromValues(Q, 1, 2, 3, 0);
    private static final VectorMask<Float> ODD = VectorMask.fromLong(Q, 0b1010);
    private static final VectorMask<Float> HIGH = VectorMask.fromLong(Q, 0b1100);

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
                FloatVector x0 = fromArray(Q, strip, r0 + p);
                FloatVector x1 = fromArray(Q, strip, r1 + p).rearrange(BACK1);
                FloatVector x2 = fromArray(Q, strip, r2 + p).rearrange(BACK2);
                FloatVector x3 = fromArray(Q, strip, r3 + p).rearrange(BACK3);
                FloatVector x01 = x0.blend(x1, ODD);
                FloatVector x12 = x1.blend(x2, ODD);
                FloatVector x23 = x2.blend(x3, ODD);
                FloatVector x30 = x3.blend(x0, ODD);
                x01.blend(x23, HIGH).intoArray(panel, to + p * width);
                x30.blend(x12, HIGH).rearrange(BACK3).intoArray(panel, to + (p + 1) * width);
                x23.blend(x01, HIGH).rearrange(BACK2).intoArray(panel, to + (p + 2) * width);
                x12.blend(x30, HIGH).rearrange(BACK1).intoArray(panel, to + (p + 3) * width);
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
