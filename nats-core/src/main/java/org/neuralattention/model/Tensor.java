package org.neuralattention.model;

import java.util.Arrays;

/**
 * A named array of float32 numbers with a shape, row-major. The array is the tensor's own and is shared with who asks for it.
 */
public final class Tensor {

    private final String name;
    private final int[] shape;
    private final int size;
    private float[] data;

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
        tensor.data = data;
        return tensor;
    }

    void allocate() {
        data = new float[size];
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

    /** The elements, not a copy; null in a {@link Weights#describe description}. */
    public float[] data() {
        return data;
    }

    @Override
    public String toString() {
        return name + " " + Arrays.toString(shape);
    }
}
