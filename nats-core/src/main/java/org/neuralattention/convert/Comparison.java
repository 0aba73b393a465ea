package org.neuralattention.convert;

import java.io.IOException;
import java.util.Arrays;
import org.neuralattention.io.ModelFile;
import org.neuralattention.io.ModelSource;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.Tensor;

/**
 * What was written against what it was written from, number by number: equal to the bit, both in the format that was asked for.
 *
 * @param integers whether the writer may have rounded by itself, to integers of 8 bits with a float32 scale for some neighbours: a number of a matrix is then
 *     at most half a step of the largest among some rows away
 */
record Comparison(ModelSource source, ModelFile written, boolean integers) {

    private static final int PIECE = 1 << 16;

    /** @throws IOException if a number differs: it is named */
    void check(Tensor tensor) throws IOException {
        WeightMatrix expected = source.read(tensor);
        WeightMatrix.Source<IOException> actual = integers ? written.rows(tensor) : rows(written.read(tensor));
        int most = Math.clamp(PIECE / Math.max(1, tensor.cols()), 1, tensor.rows());
        float[] x = new float[most * tensor.cols()];
        float[] y = new float[x.length];
        for (int from = 0; from < tensor.rows(); from += most) {
            int count = Math.min(most, tensor.rows() - from);
            int n = count * tensor.cols();
            expected.expand(x, 0, from, count);
            actual.read(y, from, count);
            int at = Arrays.mismatch(x, 0, n, y, 0, n);
            if (at >= 0 && integers && tensor.rank() > 1) {
                at = beyondHalfAStep(x, y, n);
            }
            if (at >= 0) {
                throw new IOException("what was written does not read back the same: " + tensor.name() + " has " + y[at] + " where " + x[at]
                        + " should be, in row " + (from + at / tensor.cols()) + ", column " + at % tensor.cols());
            }
        }
    }

    private static WeightMatrix.Source<IOException> rows(WeightMatrix matrix) {
        return (out, from, count) -> matrix.expand(out, 0, from, count);
    }

    private static int beyondHalfAStep(float[] x, float[] y, int n) {
        float max = 0;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, Math.abs(x[i]));
        }
        for (int i = 0; i < n; i++) {
            if (!(Math.abs(x[i] - y[i]) <= max / 127 * 0.501f)) {
                return i;
            }
        }
        return -1;
    }
}
