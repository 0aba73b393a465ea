package org.neuralattention.kernels;

/**
 * The precision a definition is computed in. A definition is written once, in double, and passes the result of every operation through {@link #of}:
 * rounded to float after each, it is plain fp32 code to the bit (a double holds the exact sum or product of two floats well enough for that); not rounded, it is
 * the reference.
 */
enum Precision {
    SINGLE, DOUBLE;

    double of(double x) {
        return this == SINGLE ? (float) x : x;
    }

    /** Sum of n products of elements of a from {@code ai} and b from {@code bi}, one after the other, with these strides. */
    double dot(float[] a, int ai, int aStep, float[] b, int bi, int bStep, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum = of(sum + of((double) a[ai + i * aStep] * b[bi + i * bStep]));
        }
        return sum;
    }

    /** exp, as a float library function would be: rounded correctly. */
    double exp(double x) {
        return of(Math.exp(x));
    }
}
