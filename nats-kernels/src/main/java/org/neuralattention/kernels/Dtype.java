package org.neuralattention.kernels;

/** How a {@link WeightMatrix} stores its numbers. */
public enum Dtype {

    /** IEEE float32: the only one that can be trained. */
    F32(1, 4),

    /** IEEE float16, rounded to nearest, ties to even. */
    F16(1, 2),

    /** The upper half of a float32, rounded to nearest, ties to even. */
    BF16(1, 2),

    /** Blocks of 32: a float16 scale and 32 signed bytes (GGUF's Q8_0). */
    Q8_0(32, 34),

    /**
     * Blocks of 256 numbers of 6 bits, in sixteenths with a scale of 8 bits each, and a float16 that scales those (GGUF's Q6_K).
     */
    Q6_K(256, 210),

    /** Blocks of 32: a float16 scale and 32 numbers of 4 bits (GGUF's Q4_0). */
    Q4_0(32, 18),

    /**
     * Blocks of 256 numbers of 4 bits, in eighths with a scale and a minimum of 6 bits each, and two float16 that scale those (GGUF's
     * Q4_K).
     */
    Q4_K(256, 144);

    private final int block;
    private final int blockBytes;

    Dtype(int block, int blockBytes) {
        this.block = block;
        this.blockBytes = blockBytes;
    }

    /** Neighbours in a row that are stored together: rows are a multiple of it. */
    public int block() {
        return block;
    }

    /** Bytes that {@code elements} numbers take; a multiple of {@link #block}. */
    public long bytes(long elements) {
        return elements / block * blockBytes;
    }
}
