package org.neuralattention.kernels;

import org.neuralattention.kernels.vector.GeluVector;

/**
 * Gaussian error linear unit, all [n], in two forms:
 * <ul>
 *   <li>{@link Form#ERF}: {@code out = x * Phi(x)}, Phi the standard normal distribution function
 *   <li>{@link Form#TANH}: {@code out = 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))}, what GPT-2 uses
 * </ul>
 *
 * <p>Source: Hendrycks and Gimpel 2016, sections 2 and 2.1.
 */
public final class Gelu {

    /** Which of the two functions. */
    public enum Form { TANH, ERF }

    private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
    private static final double CUBIC = 0.044715;

    /**
     * {@code Phi(-a) = exp(-a^2/2) t (Q[0] + Q[1] t + ... )} with {@code t = 1 / (1 + 0.21 a)}, a >= 0: a minimax fit of the
     * relative error, which stays below 1.2e-9 for any a, a fiftieth of a float's rounding.
     */
    private static final double[] Q = {
        0.08377787878920093, 0.08377791324466244, 0.08008124084996152, 0.072740771144177, 0.061549515821126714,
        0.05305853069616042, 0.01923690819731295, 0.06841835515689974, -0.0724123413483768, 0.10072302876730377,
        -0.06498322550790353, 0.014031424760393457,
    };

    private static final double T = 0.21;

    private static final float[] Q_FLOAT = new float[Q.length];

    static {
        for (int i = 0; i < Q.length; i++) {
            Q_FLOAT[i] = (float) Q[i];
        }
    }

    private Gelu() {}

    /**
     * Writes {@code out}, which may be {@code x} where no backward pass follows.
     *
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static void forward(float[] out, int outOffset, float[] x, int xOffset, int n, Form form, Team team) {
        Check.notNegative("n", n);
        Check.range("out", out, outOffset, n);
        Check.range("x", x, xOffset, n);
        int tasks = Math.ceilDiv(n, Blocks.ELEMENTS);
        // A task of its own for each form: with both in one, C2 met its limit of nodes (see GeluVector).
        if (form == Form.TANH) {
            team.run(tasks, (task, worker) -> {
                int first = task * Blocks.ELEMENTS;
                int count = Math.min(Blocks.ELEMENTS, n - first);
                int done = Kernels.VECTOR ? GeluVector.forwardTanh(out, outOffset + first, x, xOffset + first, count) : 0;
                plainForward(out, outOffset + first + done, x, xOffset + first + done, count - done, form);
            });
        } else {
            team.run(tasks, (task, worker) -> {
                int first = task * Blocks.ELEMENTS;
                int count = Math.min(Blocks.ELEMENTS, n - first);
                int done = Kernels.VECTOR ? GeluVector.forwardErf(out, outOffset + first, x, xOffset + first, count, Q_FLOAT, (float) T) : 0;
                plainForward(out, outOffset + first + done, x, xOffset + first + done, count - done, form);
            });
        }
    }

    static void plainForward(float[] out, int outOffset, float[] x, int xOffset, int n, Form form) {
        if (form == Form.TANH) {
            for (int i = 0; i < n; i++) {
                double v = x[xOffset + i];
                out[outOffset + i] = (float) (0.5 * v * (1 + tanh(v)));
            }
        } else {
            for (int i = 0; i < n; i++) {
                double v = x[xOffset + i];
                out[outOffset + i] = (float) (v * phi(v));
            }
        }
    }

    /**
     * Adds to {@code dx}. ERF: {@code dx += dOut * (Phi(x) + x * density(x))}. TANH, with t the hyperbolic tangent:
     * {@code dx += dOut * (0.5 (1 + t) + 0.5 x (1 - t^2) sqrt(2/pi) (1 + 3 * 0.044715 x^2))}.
     *
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static void backward(float[] dx, int dxOffset, float[] dOut, int dOutOffset, float[] x, int xOffset, int n,
            Form form, Team team) {
        Check.notNegative("n", n);
        Check.range("dx", dx, dxOffset, n);
        Check.range("dOut", dOut, dOutOffset, n);
        Check.range("x", x, xOffset, n);
        int tasks = Math.ceilDiv(n, Blocks.ELEMENTS);
        if (form == Form.TANH) {
            team.run(tasks, (task, worker) -> {
                int first = task * Blocks.ELEMENTS;
                int count = Math.min(Blocks.ELEMENTS, n - first);
                int done = Kernels.VECTOR
                        ? GeluVector.backwardTanh(dx, dxOffset + first, dOut, dOutOffset + first, x, xOffset + first, count) : 0;
                plainBackward(dx, dxOffset + first + done, dOut, dOutOffset + first + done, x, xOffset + first + done, count - done, form);
            });
        } else {
            team.run(tasks, (task, worker) -> {
                int first = task * Blocks.ELEMENTS;
                int count = Math.min(Blocks.ELEMENTS, n - first);
                int done = Kernels.VECTOR
                        ? GeluVector.backwardErf(dx, dxOffset + first, dOut, dOutOffset + first, x, xOffset + first, count, Q_FLOAT, (float) T) : 0;
                plainBackward(dx, dxOffset + first + done, dOut, dOutOffset + first + done, x, xOffset + first + done, count - done, form);
            });
        }
    }

    static void plainBackward(float[] dx, int dxOffset, float[] dOut, int dOutOffset, float[] x, int xOffset, int n, Form form) {
        if (form == Form.TANH) {
            for (int i = 0; i < n; i++) {
                double v = x[xOffset + i];
                double t = tanh(v);
                double slope = 0.5 * (1 + t) + 0.5 * v * (1 - t * t) * SQRT_2_OVER_PI * (1 + 3 * CUBIC * v * v);
                dx[dxOffset + i] += (float) (dOut[dOutOffset + i] * slope);
            }
        } else {
            for (int i = 0; i < n; i++) {
                double v = x[xOffset + i];
                double density = Math.exp(-0.5 * v * v) / Math.sqrt(2 * Math.PI);
                dx[dxOffset + i] += (float) (dOut[dOutOffset + i] * (phi(v) + v * density));
            }
        }
    }

    private static double tanh(double x) {
        return Math.tanh(SQRT_2_OVER_PI * (x + CUBIC * x * x * x));
    }

    /** The standard normal distribution function. */
    static double phi(double x) {
        double t = 1 / (1 + T * Math.abs(x));
        double sum = 0;
        for (int i = Q.length - 1; i >= 0; i--) {
            sum = (sum + Q[i]) * t;
        }
        double tail = Math.exp(-0.5 * x * x) * sum;
        return x > 0 ? 1 - tail : tail;
    }
}
