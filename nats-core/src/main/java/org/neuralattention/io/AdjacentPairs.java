package org.neuralattention.io;

import java.io.IOException;
import org.neuralattention.kernels.WeightMatrix;

/**
 * Rows of query and key projections in files of llama.cpp and llama2.c. We rotate the pairs (j, j + headDim / 2) of a head, as Hugging Face does; those
 * files' Llamas rotate (2 j, 2 j + 1). The same rows in another order, so nothing is rounded.
 */
final class AdjacentPairs {

    private AdjacentPairs() {}

    /** Which row of the file is our row. */
    static int fileRow(int ours, int headDim) {
        int inHead = ours % headDim;
        int half = headDim / 2;
        return ours - inHead + inHead % half * 2 + inHead / half;
    }

    /** Which of our rows is the file's row. */
    static int ourRow(int file, int headDim) {
        int inHead = file % headDim;
        return file - inHead + inHead % 2 * (headDim / 2) + inHead / 2;
    }

    /** The file's rows, of a source of ours. */
    static WeightMatrix.Source<IOException> fileRows(WeightMatrix.Source<IOException> ours, int cols, int headDim) {
        float[] row = new float[cols];
        return (out, from, count) -> {
            for (int i = 0; i < count; i++) {
                ours.read(row, ourRow(from + i, headDim), 1);
                System.arraycopy(row, 0, out, i * cols, cols);
            }
        };
    }
}
