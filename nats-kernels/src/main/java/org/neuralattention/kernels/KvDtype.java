package org.neuralattention.kernels;

/** The form in which a cache stores keys and values; sums are float32 whatever it is. See docs/layouts.md. */
public enum KvDtype {

    /** As they come: 4 bytes per element. */
    F32,

    /** The upper half of a float32, rounded to the nearest, ties to even: 2 bytes. */
    BF16,

    /** Bytes in [-127, 127] and a bf16 scale for each {@link #SCALED} of a row: 1.0625 bytes. */
    Q8;

    /** Elements of a row that share a scale; the last ones of a row may be fewer. */
    static final int SCALED = 32;

    /** Bytes of a key and its value. */
    public long bytes(int headDim) {
        return switch (this) {
            case F32 -> 2L * Float.BYTES * headDim;
            case BF16 -> 2L * Short.BYTES * headDim;
            case Q8 -> 2L * (headDim + Short.BYTES * scales(headDim));
        };
    }

    /** Scales of a row. */
    static int scales(int headDim) {
        return (headDim + SCALED - 1) / SCALED;
    }
}
