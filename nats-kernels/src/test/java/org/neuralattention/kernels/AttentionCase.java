package org.neuralattention.kernels;

import java.util.Arrays;
import java.util.Random;

/** Random inputs of an attention call with its outputs, each behind an offset and in front of guard cells, and the same in double by brute force. */
final class AttentionCase {

    static final float GUARD = 12345.5f;

    final AttentionShape shape;
    final Random random;
    final float[] q, k, v, dOut;
    final float[] out, lse, dq, dk, dv;
    final int[] lastRow;
    final int qOffset, kOffset, vOffset, dOutOffset, outOffset, lseOffset, dqOffset, dkOffset, dvOffset, lastRowOffset;
    PastKeys past;

    AttentionCase(AttentionShape shape, long seed) {
        this(shape, seed, 1);
    }

    /** {@code size}: standard deviation of q, which sets how peaked the softmax is. */
    AttentionCase(AttentionShape shape, long seed, double size) {
        this.shape = shape;
        random = new Random(seed);
        qOffset = random.nextInt(5);
        kOffset = random.nextInt(5);
        vOffset = random.nextInt(5);
        dOutOffset = random.nextInt(5);
        outOffset = random.nextInt(5);
        lseOffset = random.nextInt(5);
        dqOffset = random.nextInt(5);
        dkOffset = random.nextInt(5);
        dvOffset = random.nextInt(5);
        lastRowOffset = random.nextInt(5);
        q = normal(queries(), qOffset, size);
        k = normal(keys(), kOffset, 1);
        v = normal(keys(), vOffset, 1);
        dOut = normal(queries(), dOutOffset, 1);
        out = guarded(queries(), outOffset);
        lse = guarded(shape.batch() * shape.nHeads() * shape.rows(), lseOffset);
        dq = guarded(queries(), dqOffset);
        dk = guarded(keys(), dkOffset);
        dv = guarded(keys(), dvOffset);
        lastRow = new int[lastRowOffset + shape.batch() * shape.nKvHeads() * shape.rows() + 3];
        Arrays.fill(lastRow, SparseAttention.OPEN);
    }

    int queries() {
        return shape.batch() * shape.rows() * shape.nHeads() * shape.headDim();
    }

    int keys() {
        return shape.batch() * shape.rows() * shape.nKvHeads() * shape.headDim();
    }

    float[] normal(int length, int offset, double size) {
        float[] x = guarded(length, offset);
        for (int i = 0; i < length; i++) {
            x[offset + i] = (float) (random.nextGaussian() * size);
        }
        return x;
    }

    private static float[] guarded(int length, int offset) {
        float[] x = new float[offset + length + 4];
        Arrays.fill(x, 0, offset, GUARD);
        Arrays.fill(x, offset + length, x.length, GUARD);
        return x;
    }

    /** Last rows of every kind: open, dead, one of a few windows, anything. */
    AttentionCase mixedLastRows() {
        int rows = shape.rows();
        for (int i = 0; i < shape.batch() * shape.nKvHeads() * rows; i++) {
            int n = i % rows;
            lastRow[lastRowOffset + i] = switch (random.nextInt(8)) {
                case 0 -> SparseAttention.OPEN;
                case 1 -> n - 1 - random.nextInt(3);
                case 2 -> n;
                case 3 -> n + random.nextInt(rows);
                default -> n + 5;
            };
        }
        return this;
    }

    /** Ragged past keys, some heads with none, some keys seen by no row. */
    AttentionCase withPast() {
        int[] headStart = new int[shape.nKvHeads() + 1];
        headStart[0] = random.nextInt(3);
        for (int h = 0; h < shape.nKvHeads(); h++) {
            headStart[h + 1] = headStart[h] + (random.nextInt(3) == 0 ? 0 : random.nextInt(2 * shape.rows() + 2));
        }
        int total = headStart[shape.nKvHeads()];
        int[] last = new int[total + 2];
        for (int i = 0; i < total; i++) {
            last[2 + i] = random.nextInt(3) == 0 ? SparseAttention.OPEN : random.nextInt(shape.rows() + 4) - 3;
        }
        past = new PastKeys(normal(total * shape.headDim(), 3, 1), 3, normal(total * shape.headDim(), 1, 1), 1, last, 2, headStart);
        return this;
    }

    void forward(Team team) {
        SparseAttention.forward(out, outOffset, lse, lseOffset, q, qOffset, k, kOffset, v, vOffset, lastRow, lastRowOffset, past, shape, team);
    }

    void plainForward(Team team) {
        SparseAttention.plainForward(
                out, outOffset, lse, lseOffset, q, qOffset, k, kOffset, v, vOffset, lastRow, lastRowOffset, past, shape, team);
    }

    void backward(Team team) {
        SparseAttention.backward(dq, dqOffset, dk, dkOffset, dv, dvOffset, dOut, dOutOffset, out, outOffset, lse, lseOffset,
                q, qOffset, k, kOffset, v, vOffset, lastRow, lastRowOffset, shape, team);
    }

    void plainBackward(Team team) {
        SparseAttention.plainBackward(dq, dqOffset, dk, dkOffset, dv, dvOffset, dOut, dOutOffset, out, outOffset, lse, lseOffset,
                q, qOffset, k, kOffset, v, vOffset, lastRow, lastRowOffset, shape, team);
    }

    void clearGradients() {
        Arrays.fill(dq, dqOffset, dqOffset + queries(), 0);
        Arrays.fill(dk, dkOffset, dkOffset + keys(), 0);
        Arrays.fill(dv, dvOffset, dvOffset + keys(), 0);
    }

    /** The same call in double with an explicit mask: out, lse and, where no past is given, dq, dk, dv. */
    final class Reference {
        final double[] out = new double[queries()];
        final double[] lse = new double[shape.batch() * shape.nHeads() * shape.rows()];
        final double[] dq = new double[queries()];
        final double[] dk = new double[keys()];
        final double[] dv = new double[keys()];

        Reference() {
            for (int b = 0; b < shape.batch(); b++) {
                for (int h = 0; h < shape.nHeads(); h++) {
                    for (int m = 0; m < shape.rows(); m++) {
                        row(b, h, m);
                    }
                }
            }
        }

        private void row(int b, int h, int m) {
            int dim = shape.headDim();
            int g = h / shape.group();
            int pastKeys = past == null ? 0 : past.headStart()[g + 1] - past.headStart()[g];
            int query = ((b * shape.rows() + m) * shape.nHeads() + h) * dim;
            double[] s = new double[pastKeys + m + 1];
            boolean[] visible = new boolean[s.length];
            double max = Double.NEGATIVE_INFINITY;
            for (int n = 0; n < s.length; n++) {
                visible[n] = m <= (n < pastKeys
                        ? past.lastRow()[past.lastRowOffset() + past.headStart()[g] + n]
                        : lastRow[lastRowOffset + (b * shape.nKvHeads() + g) * shape.rows() + n - pastKeys]);
                if (visible[n]) {
                    for (int d = 0; d < dim; d++) {
                        s[n] += (double) q[qOffset + query + d] * key(b, g, n - pastKeys, d);
                    }
                    s[n] /= Math.sqrt(dim);
                    max = Math.max(max, s[n]);
                }
            }
            double sum = 0;
            for (int n = 0; n < s.length; n++) {
                sum += visible[n] ? Math.exp(s[n] - max) : 0;
            }
            double logSum = sum == 0 ? Double.NEGATIVE_INFINITY : max + Math.log(sum);
            lse[(b * shape.nHeads() + h) * shape.rows() + m] = logSum;
            for (int n = 0; n < s.length; n++) {
                for (int d = 0; visible[n] && d < dim; d++) {
                    out[query + d] += Math.exp(s[n] - logSum) * value(b, g, n - pastKeys, d);
                }
            }
            if (past == null) {
                gradients(b, g, m, query, s, visible, logSum);
            }
        }

        private void gradients(int b, int g, int m, int query, double[] s, boolean[] visible, double logSum) {
            int dim = shape.headDim();
            double delta = 0;
            for (int d = 0; d < dim; d++) {
                delta += dOut[dOutOffset + query + d] * out[query + d];
            }
            for (int n = 0; n <= m; n++) {
                if (visible[n]) {
                    int key = ((b * shape.rows() + n) * shape.nKvHeads() + g) * dim;
                    double p = Math.exp(s[n] - logSum);
                    double dp = 0;
                    for (int d = 0; d < dim; d++) {
                        dp += (double) dOut[dOutOffset + query + d] * v[vOffset + key + d];
                    }
                    double ds = p * (dp - delta) / Math.sqrt(dim);
                    for (int d = 0; d < dim; d++) {
                        dq[query + d] += ds * k[kOffset + key + d];
                        dk[key + d] += ds * q[qOffset + query + d];
                        dv[key + d] += p * dOut[dOutOffset + query + d];
                    }
                }
            }
        }

        private double key(int b, int g, int n, int d) {
            return n < 0
                    ? past.k()[past.kOffset() + (past.headStart()[g + 1] + n) * shape.headDim() + d]
                    : k[kOffset + ((b * shape.rows() + n) * shape.nKvHeads() + g) * shape.headDim() + d];
        }

        private double value(int b, int g, int n, int d) {
            return n < 0
                    ? past.v()[past.vOffset() + (past.headStart()[g + 1] + n) * shape.headDim() + d]
                    : v[vOffset + ((b * shape.rows() + n) * shape.nKvHeads() + g) * shape.headDim() + d];
        }
    }

    /** Largest absolute difference; two equal infinities differ by nothing, a NaN by infinity. */
    static double maxError(double[] expected, float[] actual, int offset) {
        double error = 0;
        for (int i = 0; i < expected.length; i++) {
            double difference = expected[i] == actual[offset + i] ? 0 : Math.abs(expected[i] - actual[offset + i]);
            error = Math.max(error, Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference);
        }
        return error;
    }

    /** Throws unless the cells around an output of {@code length} are as they were. */
    static void checkGuards(String name, float[] x, int offset, int length) {
        for (int i = 0; i < x.length; i++) {
            if ((i < offset || i >= offset + length) && x[i] != GUARD) {
                throw new AssertionError(name + ": cell " + i + " outside [" + offset + ", " + (offset + length) + ") was written");
            }
        }
    }
}
