package org.neuralattention.kernels;

/**
 * Rotary position embedding: pair i of a head is rotated by {@code angle = pos * frequency[i]},
 * {@code (a, b) -> (a cos - b sin, b cos + a sin)}, with {@code frequency[i] = theta^(-2i / headDim)}.
 *
 * <p>The pairs are {@code (i, i + headDim/2)} ("rotate half", as HF checkpoints store them) or {@code (2i, 2i + 1)}
 * (adjacent, as llama2.c and GGUF do). Angles are computed in double from a long position, so that a far position is as exact
 * as a near one. Instances are immutable. Source: Su et al. 2021, section 3.2.2.
 */
public final class Rope {

    private final double[] frequencies;
    private final boolean adjacentPairs;

    /** What becomes of frequency i. */
    private interface Scaling {
        double frequency(int i, double plain);
    }

    private Rope(int headDim, double theta, boolean adjacentPairs, Scaling scaling) {
        if (headDim < 2 || headDim % 2 != 0) {
            throw new IllegalArgumentException("headDim = " + headDim + ": must be positive and even");
        }
        if (!(theta > 0) || Double.isInfinite(theta)) {
            throw new IllegalArgumentException("theta = " + theta + ": must be positive and finite");
        }
        this.adjacentPairs = adjacentPairs;
        frequencies = new double[headDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = scaling.frequency(i, Math.pow(theta, -2.0 * i / headDim));
        }
    }

    /**
     * Plain rotary embedding.
     *
     * @throws IllegalArgumentException if headDim is not even or theta not positive
     */
    public static Rope of(int headDim, double theta, boolean adjacentPairs) {
        return new Rope(headDim, theta, adjacentPairs, (i, frequency) -> frequency);
    }

    /**
     * The scaling of Llama 3.1 for long contexts: waves shorter than {@code originalMaxSeqLen / highFreqFactor} positions stay,
     * waves longer than {@code originalMaxSeqLen / lowFreqFactor} become {@code factor} times as long, between them the
     * frequency is interpolated. Source: Llama 3.1's published reference, {@code rope_type = "llama3"}.
     *
     * @throws IllegalArgumentException if a factor is not positive or the high factor is not above the low one
     */
    public static Rope llama3(int headDim, double theta, boolean adjacentPairs, double factor, double lowFreqFactor,
            double highFreqFactor, int originalMaxSeqLen) {
        if (!(factor > 0 && lowFreqFactor > 0 && highFreqFactor > lowFreqFactor) || originalMaxSeqLen < 1) {
            throw new IllegalArgumentException("factor = " + factor + ", lowFreqFactor = " + lowFreqFactor + ", highFreqFactor = "
                    + highFreqFactor + ", originalMaxSeqLen = " + originalMaxSeqLen + ": all must be positive, high above low");
        }
        return new Rope(headDim, theta, adjacentPairs, (i, frequency) -> {
            double waves = originalMaxSeqLen * frequency / (2 * Math.PI); // full turns within the original context
            double keep = Math.clamp((waves - lowFreqFactor) / (highFreqFactor - lowFreqFactor), 0.0, 1.0);
            return keep * frequency + (1 - keep) * frequency / factor;
        });
    }

    /**
     * Each frequency divided by a factor of its own, as files of llama.cpp have them.
     *
     * @param factors [headDim/2]
     * @throws IllegalArgumentException if there are more or fewer, or one is not positive and finite
     */
    public static Rope divided(int headDim, double theta, boolean adjacentPairs, float[] factors) {
        if (factors.length != headDim / 2) {
            throw new IllegalArgumentException(factors.length + " factors for headDim = " + headDim + ": must be half as many");
        }
        for (float factor : factors) {
            if (!(factor > 0) || factor == Float.POSITIVE_INFINITY) {
                throw new IllegalArgumentException("a factor of " + factor + ": must be positive and finite");
            }
        }
        return new Rope(headDim, theta, adjacentPairs, (i, frequency) -> frequency / factors[i]);
    }

    /**
     * What {@link #llama3} divides each frequency by, [headDim/2], rounded to float32: for files that know nothing but {@link #divided}.
     */
    public static float[] llama3Factors(int headDim, double theta, double factor, double lowFreqFactor, double highFreqFactor, int originalMaxSeqLen) {
        Rope plain = of(headDim, theta, false);
        Rope scaled = llama3(headDim, theta, false, factor, lowFreqFactor, highFreqFactor, originalMaxSeqLen);
        float[] factors = new float[headDim / 2];
        for (int i = 0; i < factors.length; i++) {
            factors[i] = (float) (plain.frequencies[i] / scaled.frequencies[i]);
        }
        return factors;
    }

    /** Elements of a head. */
    public int headDim() {
        return 2 * frequencies.length;
    }

    /**
     * Writes the cosines and sines, each [rows, headDim/2], of the {@code rows} positions from {@code firstPos} on.
     *
     * @throws IllegalArgumentException if the position is negative
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public void table(float[] cos, int cosOffset, float[] sin, int sinOffset, long firstPos, int rows) {
        int half = frequencies.length;
        Check.notNegative("rows", rows);
        if (firstPos < 0) {
            throw new IllegalArgumentException("firstPos = " + firstPos + ": must not be negative");
        }
        Check.range("cos", cos, cosOffset, (long) rows * half);
        Check.range("sin", sin, sinOffset, (long) rows * half);
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < half; i++) {
                double angle = (firstPos + row) * frequencies[i];
                cos[cosOffset + row * half + i] = (float) Math.cos(angle);
                sin[sinOffset + row * half + i] = (float) Math.sin(angle);
            }
        }
    }

    /**
     * Rotates {@code x} [rows, nHeads, headDim] in place; cos and sin are [rows, headDim/2], from {@link #table}.
     *
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public void forward(float[] x, int xOffset, float[] cos, int cosOffset, float[] sin, int sinOffset,
            int rows, int nHeads, Team team) {
        rotate("x", x, xOffset, cos, cosOffset, sin, sinOffset, rows, nHeads, 1, team);
    }

    /**
     * Rotates the gradient {@code dx} [rows, nHeads, headDim] back, in place: the transpose of a rotation is the rotation by
     * the negative angle.
     *
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public void backward(float[] dx, int dxOffset, float[] cos, int cosOffset, float[] sin, int sinOffset,
            int rows, int nHeads, Team team) {
        rotate("dx", dx, dxOffset, cos, cosOffset, sin, sinOffset, rows, nHeads, -1, team);
    }

    private void rotate(String name, float[] x, int xOffset, float[] cos, int cosOffset, float[] sin, int sinOffset,
            int rows, int nHeads, float sign, Team team) {
        int half = frequencies.length;
        int dim = Math.multiplyExact(nHeads, 2 * half);
        Check.notNegative("rows", rows);
        Check.positive("nHeads", nHeads);
        Check.range(name, x, xOffset, (long) rows * dim);
        Check.range("cos", cos, cosOffset, (long) rows * half);
        Check.range("sin", sin, sinOffset, (long) rows * half);
        int block = Blocks.rows(dim);
        team.run(Math.ceilDiv(rows, block), (task, worker) -> {
            int end = Blocks.end(task, block, rows);
            for (int row = task * block; row < end; row++) {
                for (int head = 0; head < nHeads; head++) {
                    int xo = xOffset + row * dim + head * 2 * half;
                    if (adjacentPairs) {
                        plainAdjacent(x, xo, cos, cosOffset + row * half, sin, sinOffset + row * half, half, sign);
                    } else {
                        plainHalves(x, xo, cos, cosOffset + row * half, sin, sinOffset + row * half, half, sign);
                    }
                }
            }
        });
    }

    /** No vector twin: 0.14 ns an element as compiled (adjacent pairs 0.57), beside hundreds for the products around it. */
    static void plainHalves(float[] x, int xOffset, float[] cos, int cosOffset, float[] sin, int sinOffset, int half, float sign) {
        for (int i = 0; i < half; i++) {
            float a = x[xOffset + i];
            float b = x[xOffset + half + i];
            float c = cos[cosOffset + i];
            float s = sign * sin[sinOffset + i];
            x[xOffset + i] = a * c - b * s;
            x[xOffset + half + i] = b * c + a * s;
        }
    }

    static void plainAdjacent(float[] x, int xOffset, float[] cos, int cosOffset, float[] sin, int sinOffset, int half, float sign) {
        for (int i = 0; i < half; i++) {
            float a = x[xOffset + 2 * i];
            float b = x[xOffset + 2 * i + 1];
            float c = cos[cosOffset + i];
            float s = sign * sin[sinOffset + i];
            x[xOffset + 2 * i] = a * c - b * s;
            x[xOffset + 2 * i + 1] = b * c + a * s;
        }
    }
}
