package org.neuralattention.kernels;

/**
 * The scale of neighbours that share one, by weighted least squares. For given quants q the best step (and minimum) of
 * {@code x = step q - min} are linear regressions; for a given step the best quants are the nearest. So the quants of a grid of steps
 * around the plain one are tried, and the regression with the least error wins.
 *
 * <p>An error is weighted by the size of the number it is in: what a large weight contributes to an output is large.
 */
final class BlockFit {

    /** Steps that are tried, a tenth of a code apart at the end of the range. */
    private static final int TRIED = 10;

    float step;
    float min;

    /** Largest absolute value; NaN if there is one. */
    static float largest(float[] x, int from, int n) {
        float largest = 0;
        for (int i = from; i < from + n; i++) {
            largest = Math.max(largest, Math.abs(x[i]));
        }
        return largest;
    }

    /** Fits {@code x = step q - min} with q in [0, top], step and min not negative. */
    void stepAndMin(float[] x, int from, int n, int top) {
        float least = 0;
        float most = Float.NEGATIVE_INFINITY;
        double squares = 0;
        for (int i = from; i < from + n; i++) {
            least = Math.min(least, x[i]);
            most = Math.max(most, x[i]);
            squares += (double) x[i] * x[i];
        }
        step = 0;
        min = -least;
        float range = most - least;
        if (!(range > 0) || Float.isInfinite(range)) {
            return;
        }
        float rms = (float) Math.sqrt(squares / n);
        double error = Double.POSITIVE_INFINITY;
        for (int tried = -TRIED; tried <= TRIED; tried++) {
            float inverse = (top + 0.1f * tried) / range;
            double w = 0, wx = 0, wq = 0, wqq = 0, wqx = 0, wxx = 0;
            for (int i = from; i < from + n; i++) {
                int q = Math.min(top, (int) ((x[i] - least) * inverse + 0.5f));
                float weight = rms + Math.abs(x[i]);
                float weightX = weight * x[i];
                float weightQ = weight * q;
                w += weight;
                wx += weightX;
                wq += weightQ;
                wqq += weightQ * q;
                wqx += weightQ * x[i];
                wxx += weightX * x[i];
            }
            double determinant = w * wqq - wq * wq;
            double slope = (w * wqx - wx * wq) / determinant;
            double start = (wqq * wx - wq * wqx) / determinant;
            if (!(determinant > 0) || start > 0) {
                slope = wqx / wqq;
                start = 0;
            }
            double e = wxx + slope * slope * wqq + start * start * w + 2 * (slope * start * wq - slope * wqx - start * wx);
            if (e < error && slope > 0) {
                error = e;
                step = (float) slope;
                min = (float) -start;
            }
        }
    }

    /** Fits {@code x = step q} with q in [-top, top - 1]; the step may be negative. */
    void step(float[] x, int from, int n, int top) {
        float far = 0;
        for (int i = from; i < from + n; i++) {
            far = Math.abs(x[i]) > Math.abs(far) ? x[i] : far;
        }
        step = 0;
        double gain = 0; // the error is the sum of w x x less this
        for (int tried = -TRIED; tried <= TRIED && far != 0; tried++) {
            float inverse = -(top + 0.1f * tried) / far;
            double wqx = 0, wqq = 0;
            for (int i = from; i < from + n; i++) {
                int q = Math.min(top - 1, Math.max(0, (int) (x[i] * inverse + top + 0.5f)) - top);
                float weight = x[i] / far * (x[i] / far);
                wqx += weight * q * x[i];
                wqq += weight * q * q;
            }
            if (wqx * wqx > gain * wqq) {
                gain = wqx * wqx / wqq;
                step = (float) (wqx / wqq);
            }
        }
    }
}
