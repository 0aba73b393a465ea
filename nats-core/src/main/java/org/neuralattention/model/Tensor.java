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
            size *= n;
        }
        if (size > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(name + " " + Arrays.toString(shape) + " has " + size + " elements: more than one array can hold");
        }
        this.name = name;
        this.shape = shape;
        this.size = (int) size;
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

    /** Number of dimensions. */
    public int rank() {
        return shape.length;
    }

    /** Number of elements. */
    public int size() {
        return size;
    }

    /** The elements, not a copy. */
    public float[] data() {
        return data;
    }

    @Override
    public String toString() {
        return name + " " + Arrays.toString(shape);
    }
}
