package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.VectorOperators.MAX;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * {@link org.neuralattention.kernels.DecodeAttention}'s loops over the keys of one span.
 *
 * <p>Scores: the lanes run along headDim, four keys at a time share each read of the query; then the partial sums of as many keys as a
 * vector has lanes are added across the lanes in log2(lanes) rounds of one blend, one rearrangement and one addition per pair. Each
 * key's sum is the same tree wherever it stands in a span. Values: the lanes run along headDim too.
 */
public final class DecodeAttentionVector {

    private static final int N = Lanes.N;

    /** Round j pairs lanes 2^j apart: lane i takes from i ^ 2^j; the mask is on where bit j of the lane is set. */
    private static final VectorShuffle<Float> SWAP1 = swap(1);
    private static final VectorShuffle<Float> SWAP2 = swap(2);
    private static final VectorShuffle<Float> SWAP4 = swap(4);
    private static final VectorShuffle<Float> SWAP8 = swap(8);
    private static final VectorMask<Float> ODD1 = odd(1);
    private static final VectorMask<Float> ODD2 = odd(2);
    private static final VectorMask<Float> ODD4 = odd(4);
    private static final VectorMask<Float> ODD8 = odd(8);

    private DecodeAttentionVector() {}

    private static VectorShuffle<Float> swap(int distance) {
        return VectorShuffle.fromOp(Lanes.F, i -> (i ^ distance) % N);
    }

    private static VectorMask<Float> odd(int distance) {
        boolean[] odd = new boolean[N];
        for (int i = 0; i < N; i++) {
            odd[i] = (i & distance) != 0;
        }
        return VectorMask.fromArray(Lanes.F, odd, 0);
    }

    /**
     * scores[j] = scale * q . k_j for the {@code count} keys of a span; writes up to a vector's length behind the last.
     * {@code sums} is room for a vector per four of the keys of a round, [lanes / 4, lanes] and at most 64, in the same array.
     */
    public static void scores(float[] scores, int offset, int sums, float[] q, int qOffset,
            float[] k, int kOffset, int count, int headDim, float scale) {
        for (int j = 0; j < count; j += N) {
            for (int i = 0; i < N && j + i < count; i += 4) {
                fourKeys(scores, sums + i / 4 * N, q, qOffset, k, kOffset, j + i, count, headDim);
            }
            FloatVector s = FloatVector.fromArray(Lanes.F, scores, sums);
            if (N >= 8) {
                s = merge(s, FloatVector.fromArray(Lanes.F, scores, sums + N), SWAP4, ODD4);
            }
            if (N >= 16) {
                FloatVector t = FloatVector.fromArray(Lanes.F, scores, sums + 2 * N);
                t = merge(t, FloatVector.fromArray(Lanes.F, scores, sums + 3 * N), SWAP4, ODD4);
                s = merge(s, t, SWAP8, ODD8);
            }
            s.mul(scale).intoArray(scores, offset + j);
        }
    }

    /**
     * Products of q with the keys j .. j + 3, summed until lane i belongs to key j + i % 4; keys past the end repeat the last.
     * It writes an array: a vector that is returned by a method too big for C2 to inline costs an allocation.
     */
    private static void fourKeys(float[] sums, int offset, float[] q, int qOffset, float[] k, int kOffset, int j, int count, int headDim) {
        FloatVector s0 = FloatVector.zero(Lanes.F);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int k0 = kOffset + j * headDim;
        int k1 = kOffset + Math.min(j + 1, count - 1) * headDim;
        int k2 = kOffset + Math.min(j + 2, count - 1) * headDim;
        int k3 = kOffset + Math.min(j + 3, count - 1) * headDim;
        int d = 0;
        for (; d <= headDim - N; d += N) {
            FloatVector x = FloatVector.fromArray(Lanes.F, q, qOffset + d);
            s0 = x.fma(FloatVector.fromArray(Lanes.F, k, k0 + d), s0);
            s1 = x.fma(FloatVector.fromArray(Lanes.F, k, k1 + d), s1);
            s2 = x.fma(FloatVector.fromArray(Lanes.F, k, k2 + d), s2);
            s3 = x.fma(FloatVector.fromArray(Lanes.F, k, k3 + d), s3);
        }
        if (d < headDim) {
            VectorMask<Float> tail = Lanes.F.indexInRange(d, headDim);
            FloatVector x = FloatVector.fromArray(Lanes.F, q, qOffset + d, tail);
            s0 = x.fma(FloatVector.fromArray(Lanes.F, k, k0 + d, tail), s0);
            s1 = x.fma(FloatVector.fromArray(Lanes.F, k, k1 + d, tail), s1);
            s2 = x.fma(FloatVector.fromArray(Lanes.F, k, k2 + d, tail), s2);
            s3 = x.fma(FloatVector.fromArray(Lanes.F, k, k3 + d, tail), s3);
        }
        merge(merge(s0, s1, SWAP1, ODD1), merge(s2, s3, SWAP1, ODD1), SWAP2, ODD2).intoArray(sums, offset);
    }

    /** Adds pairs of lanes of both: where {@code odd} is off the pair's sum in a, where it is on that in b. */
    private static FloatVector merge(FloatVector a, FloatVector b, VectorShuffle<Float> swap, VectorMask<Float> odd) {
        return a.blend(b, odd).add(b.blend(a, odd).rearrange(swap));
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
        scores[partial + 1] = sum(sum);
    }

    /** Sum of the lanes as a tree: neighbours first. */
    private static float sum(FloatVector x) {
        x = x.add(x.rearrange(SWAP1));
        x = x.add(x.rearrange(SWAP2));
        if (N >= 8) {
            x = x.add(x.rearrange(SWAP4));
        }
        if (N >= 16) {
            x = x.add(x.rearrange(SWAP8));
        }
        return x.lane(0);
    }

    /** sums[d] += sum_j weight_j v_j[d] for the {@code count} values of a span, j ascending; sums and weights lie in {@code scratch}. */
    public static void values(float[] scratch, int sums, int weights, float[] v, int vOffset, int count, int headDim) {
        int d = 0;
        for (; d <= headDim - 4 * N; d += 4 * N) {
            FloatVector s0 = FloatVector.fromArray(Lanes.F, scratch, sums + d);
            FloatVector s1 = FloatVector.fromArray(Lanes.F, scratch, sums + d + N);
            FloatVector s2 = FloatVector.fromArray(Lanes.F, scratch, sums + d + 2 * N);
            FloatVector s3 = FloatVector.fromArray(Lanes.F, scratch, sums + d + 3 * N);
            for (int j = 0; j < count; j++) {
                FloatVector weight = FloatVector.broadcast(Lanes.F, scratch[weights + j]);
                int row = vOffset + j * headDim + d;
                s0 = weight.fma(FloatVector.fromArray(Lanes.F, v, row), s0);
                s1 = weight.fma(FloatVector.fromArray(Lanes.F, v, row + N), s1);
                s2 = weight.fma(FloatVector.fromArray(Lanes.F, v, row + 2 * N), s2);
                s3 = weight.fma(FloatVector.fromArray(Lanes.F, v, row + 3 * N), s3);
            }
            s0.intoArray(scratch, sums + d);
            s1.intoArray(scratch, sums + d + N);
            s2.intoArray(scratch, sums + d + 2 * N);
            s3.intoArray(scratch, sums + d + 3 * N);
        }
        for (; d < headDim; d += N) {
            VectorMask<Float> tail = Lanes.F.indexInRange(d, headDim);
            FloatVector s = FloatVector.fromArray(Lanes.F, scratch, sums + d, tail);
            for (int j = 0; j < count; j++) {
                FloatVector value = FloatVector.fromArray(Lanes.F, v, vOffset + j * headDim + d, tail);
                s = FloatVector.broadcast(Lanes.F, scratch[weights + j]).fma(value, s);
            }
            s.intoArray(scratch, sums + d, tail);
        }
    }
}
