package org.neuralattention.kernels;

/**
 * Random numbers that are a pure function of (seed, step, layer, head, token, draw): there is no state, so resuming a run or
 * splitting its work differently changes nothing.
 *
 * <p>Definition, in 64-bit arithmetic that wraps around; ints are sign-extended, {@code >>>} shifts in zeros:
 * <pre>
 * split(h, word) = z ^ z >>> 31   with z = (y ^ y >>> 27) * 0x94D049BB133111EB,
 *                                      y = (w ^ w >>> 30) * 0xBF58476D1CE4E5B9,
 *                                      w = h + (word + 1) * 0x9E3779B97F4A7C15
 * bits = split(split(split(split(split(seed, step), layer), head), token), draw)
 * </pre>
 * {@code split(h, i)} is output i of the SplitMix64 generator started at h (Steele, Lea and Flood 2014), so the draws of one
 * token are one SplitMix64 stream, and each step from seed to draw derives a stream from the one before. Test vectors:
 * vectors/counter-random.csv.
 */
public final class CounterRandom {

    private CounterRandom() {}

    /** 64 random bits. */
    public static long bits(long seed, long step, int layer, int head, long token, int draw) {
        return split(split(split(split(split(seed, step), layer), head), token), draw);
    }

    private static long split(long h, long word) {
        long z = h + (word + 1) * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** Uniform in the open interval (0, 1): {@code ((bits >>> 12) + 0.5) * 2^-52}; 52 bits, for with 53 the largest would round to 1. */
    public static double uniform(long seed, long step, int layer, int head, long token, int draw) {
        return ((bits(seed, step, layer, head, token, draw) >>> 12) + 0.5) * 0x1p-52;
    }

    /**
     * Standard Gumbel: {@code -log(-log(uniform))}, always within (-3.61, 36.74).
     * The logarithm is {@link StrictMath}'s, so that a run has the same noise on every machine.
     */
    public static double gumbel(long seed, long step, int layer, int head, long token, int draw) {
        return -StrictMath.log(-StrictMath.log(uniform(seed, step, layer, head, token, draw)));
    }

    /**
     * Standard normal by Box and Muller: {@code sqrt(-2 log u) cos(2 pi v)} with u and v the uniforms of draws
     * {@code 2 draw} and {@code 2 draw + 1}, also by {@link StrictMath}.
     */
    public static double gaussian(long seed, long step, int layer, int head, long token, int draw) {
        double u = uniform(seed, step, layer, head, token, 2 * draw);
        double v = uniform(seed, step, layer, head, token, 2 * draw + 1);
        return Math.sqrt(-2 * StrictMath.log(u)) * StrictMath.cos(2 * Math.PI * v);
    }
}
