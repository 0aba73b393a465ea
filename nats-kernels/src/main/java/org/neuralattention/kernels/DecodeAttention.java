package org.neuralattention.kernels;

import java.util.Arrays;
import org.neuralattention.kernels.vector.DecodeAttentionVector;

/**
 * Attention of one new token to all keys a cache holds.
 *
 * <p>{@code out[h] = sum_n softmax_n(q[h] . k_n / sqrt(headDim)) v_n} over the keys n of KV head h / (nHeads / nKvHeads), which
 * may lie in any number of spans. The query heads of a group share each read of a key and a value. (spec 6.3, step 1)
 *
 * <p>The keys of a head are cut into blocks of {@link #BLOCK}; a block leaves its largest score, its sum and its weighted values,
 * and blocks are put together in ascending order. Neither the number of threads nor where the spans are cut changes a bit.
 */
public final class DecodeAttention {

    /** Keys per task: K and V of a block take 256 KiB at headDim 64, some 20 microseconds of reading. */
    static final int BLOCK = 512;

    /** Scores have room for a whole vector behind the last key. */
    private static final int PAD = 16;

    /** What the vector loops need beside the scores. */
    private static final int SUMS = 64;

    /** Below this many multiply-adds a second thread gains less than waking it costs. */
    private static final long SHARED_FROM = 200_000;

    private DecodeAttention() {}

    /**
     * One new token's attention. A head without keys gets zeros; so does one whose scores are all -infinity.
     *
     * @param out [nHeads, headDim], overwritten; must not overlap {@code q}
     * @param q [nHeads, headDim]
     * @param spans one per KV head, the new token's own key and value included
     * @throws IllegalArgumentException if sizes contradict each other
     * @throws IndexOutOfBoundsException if an array is too short
     */
    public static void forward(float[] out, int outOffset, float[] q, int qOffset,
            KeySpans[] spans, int nHeads, int nKvHeads, int headDim, Team team) {
        float scale = new AttentionShape(1, 1, nHeads, nKvHeads, headDim).scale(); // checks the sizes
        Check.range("out", out, outOffset, (long) nHeads * headDim);
        Check.range("q", q, qOffset, (long) nHeads * headDim);
        if (spans.length < nKvHeads) {
            throw new IllegalArgumentException("spans.length = " + spans.length + ": must be at least nKvHeads = " + nKvHeads);
        }
        for (int g = 0; g < nKvHeads; g++) {
            spans[g].check(g, headDim);
        }
        forward(out, outOffset, q, qOffset, spans, nHeads / nKvHeads, nKvHeads, headDim, scale, team, Kernels.VECTOR);
    }

    static void forward(float[] out, int outOffset, float[] q, int qOffset,
            KeySpans[] spans, int group, int nKvHeads, int headDim, float scale, Team team, boolean vector) {
        int tasks = 0;
        long keys = 0;
        int longest = 0;
        for (int g = 0; g < nKvHeads; g++) {
            tasks += blocks(spans[g]);
            keys += spans[g].keys();
            longest = Math.max(longest, spans[g].keys());
        }
        int stride = partialLength(group, headDim);
        int workLength = SUMS + group * (Math.min(longest, BLOCK) + PAD);
        int threads = keys * group * headDim < SHARED_FROM ? 1 : team.size();
        float[] scratch = team.scratch(DecodeAttention.class, 0, Math.addExact(Math.multiplyExact(tasks, stride), threads * workLength));
        int work = tasks * stride;
        if (threads == 1) {
            team.enter(); // as run does, but without a task object: a token decoded on one thread allocates nothing
            try {
                for (int task = 0; task < tasks; task++) {
                    block(scratch, task, work, q, qOffset, spans, group, headDim, scale, vector);
                }
            } finally {
                team.leave();
            }
        } else {
            team.run(tasks, (task, worker) ->
                    block(scratch, task, work + worker * workLength, q, qOffset, spans, group, headDim, scale, vector));
        }
        for (int g = 0, task = 0; g < nKvHeads; task += blocks(spans[g]), g++) {
            int first = g * group;
            for (int h = first; h < first + group; h++) {
                int at = task * stride + (h - first) * (2 + headDim);
                combine(out, outOffset + h * headDim, scratch, at, stride, blocks(spans[g]), headDim);
            }
        }
    }

    private static int blocks(KeySpans spans) {
        return (spans.keys() + BLOCK - 1) / BLOCK;
    }

    /** What a block leaves: [group, (largest score, sum of weights, weighted values [headDim])]. */
    private static int partialLength(int group, int headDim) {
        return group * (2 + headDim);
    }

    /** One block of one KV head: scores of all its keys, weights, weighted values. */
    private static void block(float[] scratch, int task, int sums, float[] q, int qOffset,
            KeySpans[] spans, int group, int headDim, float scale, boolean vector) {
        int g = 0;
        int blockOfHead = task;
        while (blockOfHead >= blocks(spans[g])) {
            blockOfHead -= blocks(spans[g++]);
        }
        KeySpans held = spans[g];
        int first = blockOfHead * BLOCK;
        int end = Math.min(first + BLOCK, held.keys());
        int stride = end - first + PAD;
        int scores = sums + SUMS;
        int partial = task * partialLength(group, headDim);
        Arrays.fill(scratch, partial, partial + partialLength(group, headDim), 0);

        for (int i = held.spanOf(first); i < held.size && held.start[i] < end; i++) {
            int from = Math.max(first, held.start[i]);
            int count = Math.min(end, held.start[i + 1]) - from;
            int row = held.kOffset[i] + (from - held.start[i]) * headDim;
            for (int h = 0; h < group; h++) {
                int to = scores + h * stride + from - first;
                int at = qOffset + (g * group + h) * headDim;
                if (vector) {
                    DecodeAttentionVector.scores(scratch, to, sums, q, at, held.k[i], row, count, headDim, scale);
                } else {
                    scores(scratch, to, q, at, held.k[i], row, count, headDim, scale);
                }
            }
        }
        for (int h = 0; h < group; h++) {
            int at = partial + h * (2 + headDim);
            if (vector) {
                DecodeAttentionVector.weights(scratch, scores + h * stride, end - first, at);
            } else {
                weights(scratch, scores + h * stride, end - first, at);
            }
        }
        for (int i = held.spanOf(first); i < held.size && held.start[i] < end; i++) {
            int from = Math.max(first, held.start[i]);
            int count = Math.min(end, held.start[i + 1]) - from;
            int row = held.vOffset[i] + (from - held.start[i]) * headDim;
            for (int h = 0; h < group; h++) {
                int to = partial + h * (2 + headDim) + 2;
                int weights = scores + h * stride + from - first;
                if (vector) {
                    DecodeAttentionVector.values(scratch, to, weights, held.v[i], row, count, headDim);
                } else {
                    values(scratch, to, weights, held.v[i], row, count, headDim);
                }
            }
        }
    }

    /** scores[j] = scale * q . k_j for the keys of one span. */
    private static void scores(float[] scratch, int scores, float[] q, int qOffset,
            float[] k, int kOffset, int count, int headDim, float scale) {
        for (int j = 0; j < count; j++) {
            int row = kOffset + j * headDim;
            float sum = 0;
            for (int d = 0; d < headDim; d++) {
                sum += q[qOffset + d] * k[row + d];
            }
            scratch[scores + j] = scale * sum;
        }
    }

    /** partial = (max, sum of exp(score - max)); scores become exp(score - max). */
    private static void weights(float[] scratch, int scores, int count, int partial) {
        float max = Float.NEGATIVE_INFINITY;
        for (int j = 0; j < count; j++) {
            max = Math.max(max, scratch[scores + j]);
        }
        float shift = max == Float.NEGATIVE_INFINITY ? 0 : max;
        float sum = 0;
        for (int j = 0; j < count; j++) {
            float weight = (float) Math.exp(scratch[scores + j] - shift);
            scratch[scores + j] = weight;
            sum += weight;
        }
        scratch[partial] = max;
        scratch[partial + 1] = sum;
    }

    /** sums[d] += sum_j weight_j v_j[d] for the values of one span. */
    private static void values(float[] scratch, int sums, int weights,
            float[] v, int vOffset, int count, int headDim) {
        for (int j = 0; j < count; j++) {
            float weight = scratch[weights + j];
            int row = vOffset + j * headDim;
            for (int d = 0; d < headDim; d++) {
                scratch[sums + d] += weight * v[row + d];
            }
        }
    }

    /** out = sum_b e_b values_b / sum_b e_b sum_b with e_b = exp(max_b - max), blocks in ascending order. */
    private static void combine(float[] out, int outOffset, float[] partials, int offset, int stride, int blocks, int headDim) {
        float max = Float.NEGATIVE_INFINITY;
        for (int b = 0; b < blocks; b++) {
            max = Math.max(max, partials[offset + b * stride]);
        }
        Arrays.fill(out, outOffset, outOffset + headDim, 0);
        if (max == Float.NEGATIVE_INFINITY) {
            return;
        }
        float sum = 0;
        for (int b = 0; b < blocks; b++) {
            int partial = offset + b * stride;
            float factor = (float) Math.exp(partials[partial] - max);
            sum += factor * partials[partial + 1];
            for (int d = 0; d < headDim; d++) {
                out[outOffset + d] += factor * partials[partial + 2 + d];
            }
        }
        for (int d = 0; d < headDim; d++) {
            out[outOffset + d] /= sum;
        }
    }
}
