package org.neuralattention.model;

import java.util.Arrays;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;

/**
 * A named array of numbers with a shape, row-major: float32, or for the matrices of a model that only runs another {@link Dtype}.
 * The array is the tensor's own and is shared with who asks for it.
 */
public final class Tensor {

    private final String name;
    private final int[] shape;
    private final int size;
    private WeightMatrix matrix; // [first dimension, all others] over the elements, in their format

    /** A tensor without memory yet; {@link #allocate} gives it zeros. */
    Tensor(String name, int... shape) {
        long size = 1;
        for (int n : shape) {
            if (n < 0 || size * n > Integer.MAX_VALUE - 8) {
                throw new IllegalArgumentException(name + " " + Arrays.toString(shape) + ": a negative size, or more elements than one array can hold");
            }
            size *= n;
        }
        this.name = name;
        this.shape = shape;
        this.size = (int) size;
    }

    /**
     * A tensor over an array of the caller's, which is not copied.
     *
     * @throws IllegalArgumentException if the array's length is not the shape's product
     */
    public static Tensor wrap(String name, float[] data, int... shape) {
        Tensor tensor = new Tensor(name, shape.clone());
        if (data.length != tensor.size) {
            throw new IllegalArgumentException(tensor + " needs " + tensor.size + " elements, the array has " + data.length);
        }
        tensor.wrap(data);
        return tensor;
    }

    private void wrap(float[] data) {
        matrix = new WeightMatrix.F32(data, 0, rows(), cols());
    }

    void allocate() {
        wrap(new float[size]);
    }

    /** Makes this the same array as another tensor of its shape. */
    void share(Tensor other) {
        matrix = other.matrix;
    }

    /** Takes its numbers from a source of rows, in the given format. */
    public <E extends Exception> void read(Dtype dtype, WeightMatrix.Source<E> source) throws E {
        try {
            matrix = WeightMatrix.read(dtype, rows(), cols(), source);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(this + ": " + e.getMessage(), e);
        }
    }

    /**
     * Takes a matrix [{@link #rows}, {@link #cols}] for its numbers, in whatever format; it is not copied.
     *
     * @throws IllegalArgumentException if it is of another shape
     */
    public void take(WeightMatrix elements) {
        if (elements.rows() != rows() || elements.cols() != cols()) {
            throw new IllegalArgumentException(this + " needs a matrix [" + rows() + ", " + cols() + "], this one is [" + elements.rows() + ", " + elements.cols() + "]");
        }
        matrix = elements;
    }

    public String name() {
        return name;
    }

    /** A copy of the shape. */
    public int[] shape() {
        return shape.clone();
    }

    /** Length of dimension {@code i}. */
    public int dim(int i) {
        return shape[i];
    }

    /** Number of dimensions. */
    public int rank() {
        return shape.length;
    }

    /** Number of elements. */
    public int size() {
        return size;
    }

    /** Rows of its elements as a matrix: the first dimension; 1 for a vector or a number. */
    public int rows() {
        return shape.length < 2 ? 1 : shape[0];
    }

    /** Columns of its elements as a matrix: all dimensions but the first. */
    public int cols() {
        return rows() == 0 ? 0 : size / rows();
    }

    /** The format of the elements. */
    public Dtype dtype() {
        return matrix == null ? Dtype.F32 : matrix.dtype();
    }

    /** The elements as a matrix [{@link #rows}, {@link #cols}], not a copy; null in a {@link Weights#describe description}. */
    public WeightMatrix matrix() {
        return matrix;
    }

    /**
     * The elements, not a copy; null in a {@link Weights#describe description}.
     *
     * @throws IllegalStateException if they are not float32: such weights can neither be trained nor written
     */
    public float[] data() {
        return switch (matrix) {
            case null -> null;
            case WeightMatrix.F32 f -> f.data();
            default -> throw new IllegalStateException(this + " is " + dtype() + ": only F32 weights can be trained, changed or written");
        };
    }

    @Override
    public String toString() {
        return name + " " + Arrays.toString(shape);
    }
}
