package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.VectorOperators.MAX;

import jdk.incubator.vector.FloatVector;

/** Vector twin of {@link org.neuralattention.kernels.DecodeAttention}. */
public final class DecodeAttentionVector {

    private static final int N = Lanes.N;

    private DecodeAttentionVector() {}

    /**
     * scores[h][j] = sum over d of query[h][d] k[d][j] for the keys of a tile, three query heads and two vectors of keys at a time, for an
     * array's vectors straddle cache lines and each load must be used more than once; where there are fewer, the last is computed again.
     * Whole vectors are read and written, also behind a tile.
     *
     * @param scores [heads], {@code scoreStride} apart
     * @param query [heads, stride]
     * @param k [stride, width], stride an even number
     */
    public static void scores(float[] scratch, int scores, int scoreStride, int query, int heads, float[] k, int at, int width, int stride) {
        for (int h = 0; h < heads; h += 3) {
            int h1 = Math.min(h + 1, heads - 1);
            int h2 = Math.min(h + 2, heads - 1);
            for (int j = 0; j < width; j += 2 * N) {
                int next = Math.clamp(width - j - N, 0, N);
                columns(scratch, scores + h * scoreStride + j, scores + h1 * scoreStride + j, scores + h2 * scoreStride + j,
                        query + h * stride, query + h1 * stride, query + h2 * stride, k, at + j, next, width, stride);
            }
        }
    }

    private static void columns(float[] scratch, int to0, int to1, int to2, int q0, int q1, int q2,
            float[] k, int at, int next, int width, int stride) {
        FloatVector a0 = FloatVector.zero(Lanes.F); // heads a, b, c; even d: 0 and 1, odd d: 2 and 3
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector b2 = a0;
        FloatVector b3 = a0;
        FloatVector c0 = a0;
        FloatVector c1 = a0;
        FloatVector c2 = a0;
        FloatVector c3 = a0;
        for (int d = 0; d < stride; d += 2) {
            int row = at + d * width;
            FloatVector k0 = FloatVector.fromArray(Lanes.F, k, row);
            FloatVector k1 = FloatVector.fromArray(Lanes.F, k, row + next);
            FloatVector q = FloatVector.broadcast(Lanes.F, scratch[q0 + d]);
            a0 = q.fma(k0, a0);
            a1 = q.fma(k1, a1);
            q = FloatVector.broadcast(Lanes.F, scratch[q1 + d]);
            b0 = q.fma(k0, b0);
            b1 = q.fma(k1, b1);
            q = FloatVector.broadcast(Lanes.F, scratch[q2 + d]);
            c0 = q.fma(k0, c0);
            c1 = q.fma(k1, c1);
            k0 = FloatVector.fromArray(Lanes.F, k, row + width);
            k1 = FloatVector.fromArray(Lanes.F, k, row + width + next);
            q = FloatVector.broadcast(Lanes.F, scratch[q0 + d + 1]);
            a2 = q.fma(k0, a2);
            a3 = q.fma(k1, a3);
            q = FloatVector.broadcast(Lanes.F, scratch[q1 + d + 1]);
            b2 = q.fma(k0, b2);
            b3 = q.fma(k1, b3);
            q = FloatVector.broadcast(Lanes.F, scratch[q2 + d + 1]);
            c2 = q.fma(k0, c2);
            c3 = q.fma(k1, c3);
        }
        a0.add(a2).intoArray(scratch, to0);
        a1.add(a3).intoArray(scratch, to0 + next);
        b0.add(b2).intoArray(scratch, to1);
        b1.add(b3).intoArray(scratch, to1 + next);
        c0.add(c2).intoArray(scratch, to2);
        c1.add(c3).intoArray(scratch, to2 + next);
    }

    /** partial = (max, sum of exp(score - max)); the {@code count} scores become exp(score - max). */
    public static void weights(float[] scores, int offset, int count, int partial) {
        for (int j = count; j < count + N; j++) {
            scores[offset + j] = Float.NEGATIVE_INFINITY; // fills the last vector
        }
        FloatVector most = FloatVector.broadcast(Lanes.F, Float.NEGATIVE_INFINITY);
        for (int j = 0; j < count; j += N) {
            most = most.max(FloatVector.fromArray(Lanes.F, scores, offset + j));
        }
        float max = most.reduceLanes(MAX);
        float shift = max == Float.NEGATIVE_INFINITY ? 0 : max;
        FloatVector sum = FloatVector.zero(Lanes.F);
        for (int j = 0; j < count; j += N) {
            FloatVector weight = VectorMath.exp(FloatVector.fromArray(Lanes.F, scores, offset + j).sub(shift));
            weight.intoArray(scores, offset + j);
            sum = sum.add(weight);
        }
        scores[partial] = max;
        scores[partial + 1] = VectorMath.sum(sum);
    }

    /**
     * sums[h][d] += sum_j weights[h][j] v_j[d], j ascending, for three query heads and four vectors of d at a time; where there are
     * fewer, the last is computed again.
     *
     * @param sums [heads], {@code sumStride} apart; weights likewise
     * @param v [count, stride], stride a multiple of 16
     */
    public static void values(float[] scratch, int sums, int sumStride, int weights, int weightStride, int heads,
            float[] v, int at, int count, int stride) {
        for (int h = 0; h < heads; h += 3) {
            int h1 = Math.min(h + 1, heads - 1);
            int h2 = Math.min(h + 2, heads - 1);
            for (int d = 0; d < stride; d += 4 * N) {
                fourVectors(scratch, sums + d, h * sumStride, h1 * sumStride, h2 * sumStride,
                        weights + h * weightStride, weights + h1 * weightStride, weights + h2 * weightStride, v, at + d, count, stride, stride - d);
            }
        }
    }

    private static void fourVectors(float[] scratch, int sums, int to0, int to1, int to2, int w0, int w1, int w2,
            float[] v, int at, int count, int stride, int left) {
        int d1 = Math.min(N, left - N);
        int d2 = Math.min(2 * N, left - N);
        int d3 = Math.min(3 * N, left - N);
        FloatVector a0 = FloatVector.fromArray(Lanes.F, scratch, sums + to0);
        FloatVector a1 = FloatVector.fromArray(Lanes.F, scratch, sums + to0 + d1);
        FloatVector a2 = FloatVector.fromArray(Lanes.F, scratch, sums + to0 + d2);
        FloatVector a3 = FloatVector.fromArray(Lanes.F, scratch, sums + to0 + d3);
        FloatVector b0 = FloatVector.fromArray(Lanes.F, scratch, sums + to1);
        FloatVector b1 = FloatVector.fromArray(Lanes.F, scratch, sums + to1 + d1);
        FloatVector b2 = FloatVector.fromArray(Lanes.F, scratch, sums + to1 + d2);
        FloatVector b3 = FloatVector.fromArray(Lanes.F, scratch, sums + to1 + d3);
        FloatVector c0 = FloatVector.fromArray(Lanes.F, scratch, sums + to2);
        FloatVector c1 = FloatVector.fromArray(Lanes.F, scratch, sums + to2 + d1);
        FloatVector c2 = FloatVector.fromArray(Lanes.F, scratch, sums + to2 + d2);
        FloatVector c3 = FloatVector.fromArray(Lanes.F, scratch, sums + to2 + d3);
        for (int j = 0; j < count; j++) {
            FloatVector wa = FloatVector.broadcast(Lanes.F, scratch[w0 + j]);
            FloatVector wb = FloatVector.broadcast(Lanes.F, scratch[w1 + j]);
            FloatVector wc = FloatVector.broadcast(Lanes.F, scratch[w2 + j]);
            int row = at + j * stride;
            FloatVector value = FloatVector.fromArray(Lanes.F, v, row);
            a0 = value.fma(wa, a0);
            b0 = value.fma(wb, b0);
            c0 = value.fma(wc, c0);
            value = FloatVector.fromArray(Lanes.F, v, row + d1);
            a1 = value.fma(wa, a1);
            b1 = value.fma(wb, b1);
            c1 = value.fma(wc, c1);
            value = FloatVector.fromArray(Lanes.F, v, row + d2);
            a2 = value.fma(wa, a2);
            b2 = value.fma(wb, b2);
            c2 = value.fma(wc, c2);
            value = FloatVector.fromArray(Lanes.F, v, row + d3);
            a3 = value.fma(wa, a3);
            b3 = value.fma(wb, b3);
            c3 = value.fma(wc, c3);
        }
        a0.intoArray(scratch, sums + to0);
        a1.intoArray(scratch, sums + to0 + d1);
        a2.intoArray(scratch, sums + to0 + d2);
        a3.intoArray(scratch, sums + to0 + d3);
        b0.intoArray(scratch, sums + to1);
        b1.intoArray(scratch, sums + to1 + d1);
        b2.intoArray(scratch, sums + to1 + d2);
        b3.intoArray(scratch, sums + to1 + d3);
        c0.intoArray(scratch, sums + to2);
        c1.intoArray(scratch, sums + to2 + d1);
        c2.intoArray(scratch, sums + to2 + d2);
        c3.intoArray(scratch, sums + to2 + d3);
    }
}
