package org.neuralattention.io;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.model.Tensor;

/**
 * One tensor of a file and the tensors of ours it holds.
 *
 * @param name its name in the file
 * @param transposed whether the file has [in, out] where we have [out, in]
 * @param parts ours, of one width; the file has their rows one after the other (transposed: their columns)
 */
record FileTensor(String name, boolean transposed, List<Tensor> parts) {

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

    /** Spreads the file's elements over our tensors, each in the format {@code dtype} says. */
    void toParts(float[] file, Function<Tensor, Dtype> dtype) {
        int rows = rows();
        int width = width();
        int row = 0;
        for (Tensor part : parts) {
            int first = row * width;
            int partWidth = part.rank() < 2 ? part.size() : width; // a bias is one row to itself
            part.read(dtype.apply(part), (out, from, count) -> {
                for (int i = 0; i < count * partWidth; i++) {
                    int element = first + from * partWidth + i;
                    out[i] = file[at(element / width, element % width, rows, width)];
                }
            });
            row += part.shape()[0];
        }
    }

    /** Our tensors in the file's shape; not a copy where that is ours. */
    Tensor export() {
        if (isOurs()) {
            return Tensor.wrap(name, parts.getFirst().data(), shape());
        }
        int rows = rows();
        int width = width();
        float[] file = new float[rows * width];
        int row = 0;
        for (Tensor part : parts) {
            float[] ours = part.data();
            for (int i = 0; i < ours.length; i++) {
                file[at(row + i / width, i % width, rows, width)] = ours[i];
            }
            row += part.shape()[0];
        }
        return Tensor.wrap(name, file, shape());
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
