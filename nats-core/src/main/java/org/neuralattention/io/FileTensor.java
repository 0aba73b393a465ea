package org.neuralattention.io;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.Tensor;

/**
 * One tensor of a file and the tensors of ours it holds.
 *
 * @param name its name in the file
 * @param transposed whether the file has [in, out] where we have [out, in]
 * @param parts ours, of one width; the file has their rows one after the other (transposed: their columns)
 */
record FileTensor(String name, boolean transposed, List<Tensor> parts) {

    /** The same where the file leaves the prefix out. */
    FileTensor withoutPrefix(String prefix) {
        return name.startsWith(prefix) ? new FileTensor(name.substring(prefix.length()), transposed, parts) : this;
    }

    /** Its shape in the file. */
    int[] shape() {
        int[] shape = parts.getFirst().shape();
        shape[0] = rows();
        return transposed ? new int[] {shape[1], shape[0]} : shape;
    }

    /** Whether the file's elements are those of one tensor of ours, in the same order. */
    boolean isOurs() {
        return !transposed && parts.size() == 1;
    }

    private int rows() {
        return parts.stream().mapToInt(t -> t.shape()[0]).sum();
    }

    /** Elements per row of ours; 1 for a bias. */
    private int width() {
        Tensor first = parts.getFirst();
        return first.size() / first.shape()[0];
    }

    /** How many of our elements stand before a part's first: also how many of the file's, unless it is transposed. */
    int before(Tensor part) {
        return parts.subList(0, parts.indexOf(part)).stream().mapToInt(Tensor::size).sum();
    }

    /** A part's rows out of all of the file's elements. */
    WeightMatrix.Source<IOException> rows(float[] file, Tensor part) {
        int rows = rows();
        int width = width();
        int before = before(part);
        return (out, from, count) -> {
            for (int i = 0; i < count * part.cols(); i++) {
                int element = before + from * part.cols() + i;
                out[i] = file[at(element / width, element % width, rows, width)];
            }
        };
    }

    /** Our tensors in the file's shape; not a copy where that is ours. */
    Tensor export() {
        return Tensor.wrap(name, isOurs() ? parts.getFirst().data() : join(parts.stream().map(Tensor::data).toList()), shape());
    }

    /** The file's elements, of those of each part. */
    float[] join(List<float[]> ours) {
        int rows = rows();
        int width = width();
        float[] file = new float[rows * width];
        int row = 0;
        for (float[] part : ours) {
            for (int i = 0; i < part.length; i++) {
                file[at(row + i / width, i % width, rows, width)] = part[i];
            }
            row += part.length / width;
        }
        return file;
    }

    /** Where the file has element {@code column} of our row {@code row}, counted through the parts. */
    private int at(int row, int column, int rows, int width) {
        return transposed ? column * rows + row : row * width + column;
    }

    @Override
    public String toString() {
        return name + " (" + parts.stream().map(Tensor::name).collect(Collectors.joining(", ")) + ")";
    }
}
