package org.neuralattention.roles;

/** Argument checks of this package: each message carries the offending values. */
final class Arguments {

    private Arguments() {}

    /** Checks that {@code length} elements from {@code offset} lie inside an array of {@code arrayLength}. */
    static void range(String name, int arrayLength, int offset, long length) {
        if (offset < 0 || length < 0 || offset > arrayLength - length) {
            throw new IndexOutOfBoundsException(name + ": " + length + " elements from offset " + offset
                    + " do not fit an array of " + arrayLength);
        }
    }

    static void positive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " = " + value + ": must be at least 1");
        }
    }

    /** Checks sizes and returns batch * nKvHeads * rows. */
    static long tokens(int batch, int nKvHeads, int rows) {
        positive("batch", batch);
        positive("nKvHeads", nKvHeads);
        positive("rows", rows);
        return (long) batch * nKvHeads * rows;
    }

    /** Checks the number of roles: global, local and at least one window. */
    static void roles(int nRoles) {
        if (nRoles <= Role.FIRST_SLIDING) {
            throw new IllegalArgumentException("nRoles = " + nRoles + ": must be 2 + windows, at least 3");
        }
    }
}
