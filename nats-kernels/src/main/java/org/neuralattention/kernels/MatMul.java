package org.neuralattention.kernels;

import java.util.Arrays;
import org.neuralattention.kernels.vector.MatMulVector;

/**
 * Matrix products, the three a linear layer needs: forward ({@link #abt}), input gradient ({@link #ab}) and weight gradient
 * ({@link #atb}).
 *
 * <p>All matrices are row-major without gaps. {@code out} must not overlap an input. Sizes may be 0; with {@code k = 0} the
 * product is all zeros. With {@code accumulate} the product is added to {@code out}, as gradients need; without, what
 * {@code out} held is neither read nor kept. NaN and infinities propagate as in the plain loops. The bits of the result do not
 * depend on the number of threads.
 *
 * <p>Errors: a negative size or a null array is an {@link IllegalArgumentException}; a matrix that does not fit its array is an
 * {@link IndexOutOfBoundsException}.
 */
public final class MatMul {

    /** Rows of {@code out} in a task of the plain loops. */
    private static final int ROWS = 16;

    private MatMul() {}

    /** out[m, n] = a[m, k] b[k, n]. */
    public static void ab(float[] out, int outOffset, float[] a, int aOffset, float[] b, int bOffset,
            int m, int n, int k, boolean accumulate, Team team) {
        check(out, outOffset, a, aOffset, b, bOffset, m, n, k);
        if (Kernels.VECTOR) {
            vector(out, outOffset, a, aOffset, false, b, bOffset, true, m, n, k, accumulate, team);
        } else {
            plainAb(out, outOffset, a, aOffset, b, bOffset, m, n, k, accumulate, team);
        }
    }

    /** out[m, n] = a[m, k] b[n, k]^T: a linear layer's forward, with weights [out, in] as b. */
    public static void abt(float[] out, int outOffset, float[] a, int aOffset, float[] b, int bOffset,
            int m, int n, int k, boolean accumulate, Team team) {
        check(out, outOffset, a, aOffset, b, bOffset, m, n, k);
        if (Kernels.VECTOR && fewRows(m, k)) {
            MatVec.vector(out, outOffset, a, aOffset, b, bOffset, m, n, k, accumulate, team);
        } else if (Kernels.VECTOR) {
            vector(out, outOffset, a, aOffset, false, b, bOffset, false, m, n, k, accumulate, team);
        } else {
            plainAbt(out, outOffset, a, aOffset, b, bOffset, m, n, k, accumulate, team);
        }
    }

    /**
     * out[m, b.rows] = a[m, b.cols] b^T for weights of any format, with the bits of the expanded ones. What is not float32 is expanded
     * as it is packed, or with few rows of {@code a} as {@link MatVec} does it: scratch does not grow with the matrix.
     */
    public static void abt(float[] out, int outOffset, float[] a, int aOffset, WeightMatrix b, int m, Team team) {
        int n = b.rows();
        int k = b.cols();
        if (b instanceof WeightMatrix.F32(float[] data, int offset, int rows, int cols)) {
            abt(out, outOffset, a, aOffset, data, offset, m, n, k, false, team);
        } else if (!Kernels.VECTOR || fewRows(m, k)) {
            MatVec.forward(out, outOffset, a, aOffset, b, m, team);
        } else {
            Check.range("out", out, outOffset, (long) m * n);
            Check.range("a", a, aOffset, (long) m * k);
            if (k == 0) {
                Arrays.fill(out, outOffset, outOffset + m * n, 0);
            } else if (n > 0) {
                run(new MatMulVector(out, outOffset, a, aOffset, b, m), team);
            }
        }
    }

    /** out[m, n] = a[k, m]^T b[k, n]: a linear layer's weight gradient, with k rows of output gradients a and inputs b. */
    public static void atb(float[] out, int outOffset, float[] a, int aOffset, float[] b, int bOffset,
            int m, int n, int k, boolean accumulate, Team team) {
        check(out, outOffset, a, aOffset, b, bOffset, m, n, k);
        if (Kernels.VECTOR) {
            vector(out, outOffset, a, aOffset, true, b, bOffset, true, m, n, k, accumulate, team);
        } else {
            plainAtb(out, outOffset, a, aOffset, b, bOffset, m, n, k, accumulate, team);
        }
    }

    static void plainAb(float[] out, int outOffset, float[] a, int aOffset, float[] b, int bOffset,
            int m, int n, int k, boolean accumulate, Team team) {
        team.run(Math.ceilDiv(m, ROWS), (task, worker) -> {
            for (int i = task * ROWS; i < Blocks.end(task, ROWS, m); i++) {
                int outRow = outOffset + i * n;
                if (!accumulate) {
                    Arrays.fill(out, outRow, outRow + n, 0);
                }
                for (int p = 0; p < k; p++) {
                    float s = a[aOffset + i * k + p];
                    int bRow = bOffset + p * n;
                    for (int j = 0; j < n; j++) {
                        out[outRow + j] += s * b[bRow + j];
                    }
                }
            }
        });
    }

    static void plainAbt(float[] out, int outOffset, float[] a, int aOffset, float[] b, int bOffset,
            int m, int n, int k, boolean accumulate, Team team) {
        team.run(Math.ceilDiv(m, ROWS), (task, worker) -> {
            for (int i = task * ROWS; i < Blocks.end(task, ROWS, m); i++) {
                int outRow = outOffset + i * n;
                int aRow = aOffset + i * k;
                for (int j = 0; j < n; j++) {
                    int bRow = bOffset + j * k;
                    float sum = accumulate ? out[outRow + j] : 0;
                    for (int p = 0; p < k; p++) {
                        sum += a[aRow + p] * b[bRow + p];
                    }
                    out[outRow + j] = sum;
                }
            }
        });
    }

    static void plainAtb(float[] out, int outOffset, float[] a, int aOffset, float[] b, int bOffset,
            int m, int n, int k, boolean accumulate, Team team) {
        team.run(Math.ceilDiv(m, ROWS), (task, worker) -> {
            for (int i = task * ROWS; i < Blocks.end(task, ROWS, m); i++) {
                int outRow = outOffset + i * n;
                if (!accumulate) {
                    Arrays.fill(out, outRow, outRow + n, 0);
                }
                for (int p = 0; p < k; p++) {
                    float s = a[aOffset + p * m + i];
                    int bRow = bOffset + p * n;
                    for (int j = 0; j < n; j++) {
                        out[outRow + j] += s * b[bRow + j];
                    }
                }
            }
        });
    }

    /** Whether to copy b into panels would cost more than it gains: at 32 rows both reach about 125 GFLOP/s (one Zen 5 core). */
    private static boolean fewRows(int m, int k) {
        return m <= 4 || m <= 32 && k >= 256;
    }

    private static void vector(float[] out, int outOffset, float[] a, int aOffset, boolean aByK,
            float[] b, int bOffset, boolean bByK, int m, int n, int k, boolean accumulate, Team team) {
        if (m == 0 || n == 0) {
            return;
        }
        if (k == 0) {
            if (!accumulate) {
                Arrays.fill(out, outOffset, outOffset + m * n, 0);
            }
            return;
        }
        run(new MatMulVector(out, outOffset, a, aOffset, aByK, b, bOffset, bByK, m, n, k, accumulate), team);
    }

    private static void run(MatMulVector product, Team team) {
        float[] shared = team.scratch(MatMul.class, 0, product.shared());
        product.run(shared, team.workerFloats(MatMul.class, product.perWorker()), team);
    }

    private static void check(float[] out, int outOffset, float[] a, int aOffset, float[] b, int bOffset, int m, int n, int k) {
        Check.notNegative("m", m);
        Check.notNegative("n", n);
        Check.notNegative("k", k);
        Check.range("out", out, outOffset, (long) m * n);
        Check.range("a", a, aOffset, (long) m * k);
        Check.range("b", b, bOffset, (long) n * k);
    }
}
