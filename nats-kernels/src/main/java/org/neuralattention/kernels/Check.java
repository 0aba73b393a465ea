package org.neuralattention.kernels;

/** Argument checks of the public ops: each message carries the offending values. */
final class Check {

    private Check() {}

    /** Checks that {@code length} elements from {@code offset} lie inside an array of {@code arrayLength}. */
    static void range(String name, int arrayLength, int offset, long length) {
        if (offset < 0 || length < 0 || offset > arrayLength - length) {
            throw new IndexOutOfBoundsException(name + ": " + length + " elements from offset " + offset
                    + " do not fit an array of " + arrayLength);
        }
    }

    static void range(String name, float[] array, int offset, long length) {
        if (array == null) {
            throw new IllegalArgumentException(name + " is null");
        }
        range(name, array.length, offset, length);
    }

    static void range(String name, int[] array, int offset, long length) {
        if (array == null) {
            throw new IllegalArgumentException(name + " is null");
        }
        range(name, array.length, offset, length);
    }

    static void range(String name, short[] array, int offset, long length) {
        if (array == null) {
            throw new IllegalArgumentException(name + " is null");
        }
        range(name, array.length, offset, length);
    }

    static void range(String name, byte[] array, int offset, long length) {
        if (array == null) {
            throw new IllegalArgumentException(name + " is null");
        }
        range(name, array.length, offset, length);
    }

    /** {@code floats} as the length of a scratch array; {@code what} they hold. */
    static int scratchLength(String what, long floats, AttentionShape shape) {
        if (floats > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(what + " takes " + floats + " floats, more than an array holds: " + shape);
        }
        return (int) floats;
    }

    static void positive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " = " + value + ": must be at least 1");
        }
    }

    static void notNegative(String name, int value) {
        if (value < 0) {
            throw new IllegalArgumentException(name + " = " + value + ": must not be negative");
        }
    }
}
