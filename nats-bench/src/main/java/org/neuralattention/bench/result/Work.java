package org.neuralattention.bench.result;

/**
 * What one call (or one token) cannot do without, whoever computes it.
 *
 * @param flops multiplications and additions
 * @param bytes read and written at least once: inputs, weights, outputs
 */
public record Work(double flops, double bytes) {

    /** Nothing that could be counted. */
    public static final Work NONE = new Work(0, 0);

    /** {@code flops}, and this many floats read or written. */
    public static Work floats(double flops, double floats) {
        return new Work(flops, Float.BYTES * floats);
    }
}
