package org.neuralattention.io;

import java.util.List;
import java.util.stream.Collectors;
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

    /** Spreads the file's elements over our tensors. */
    void toParts(float[] file) {
        copy(file, false);
    }

    /** Our tensors in the file's shape; not a copy where that is ours. */
    Tensor export() {
        if (isOurs()) {
            return Tensor.wrap(name, parts.getFirst().data(), shape());
        }
        float[] file = new float[rows() * width()];
        copy(file, true);
        return Tensor.wrap(name, file, shape());
    }

    private void copy(float[] file, boolean out) {
        int rows = rows();
        int width = width();
        int row = 0;
        for (Tensor part : parts) {
            float[] ours = part.data();
            for (int i = 0; i < ours.length; i++) {
                int r = row + i / width;
                int at = transposed ? i % width * rows + r : r * width + i % width;
                if (out) {
                    file[at] = ours[i];
                } else {
                    ours[i] = file[at];
                }
            }
            row += part.shape()[0];
        }
    }

    @Override
    public String toString() {
        return name + " (" + parts.stream().map(Tensor::name).collect(Collectors.joining(", ")) + ")";
    }
}
