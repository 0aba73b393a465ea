package org.neuralattention.kernels;

import java.util.Arrays;
import org.neuralattention.kernels.vector.DecodeAttentionVector;

/**
 * Attention of one new token to all keys a cache holds.
 *
 * <p>{@code out[h] = sum_n softmax_n(q[h] . k_n / sqrt(headDim)) v_n} over the keys n of KV head h / (nHeads / nKvHeads), which
 * may lie in any number of spans, each in its stored form. (spec 6.3, step 1)
 *
 * <p>The keys of a head are cut into blocks of {@link #BLOCK}; a block leaves its largest score, its sum and its weighted values,
 * and blocks are put together in ascending order. Neither the number of threads nor where the spans are cut changes a bit.
 */
public final class DecodeAttention {

    /** Keys per task: K and V of a block take 256 KiB at headDim 64 in float32, some 10 microseconds of reading. */
    static final int BLOCK = 512;

    /** The vector loops write and read whole vectors: room behind what is used. */
    private static final int PAD = 16;

    /** Scores of a head: tiles are computed whole, also the last. */
    private static final int SCORES = BLOCK + KvBlock.WIDEST + PAD;

    /** Below this many multiply-adds a second thread gains less than waking it costs. */
    private static final long SHARED_FROM = 200_000;

    private DecodeAttention() {}

    /**
     * One new token's attention. A head without keys gets zeros; so does one whose scores are all -infinity.
     *
     * @param out [nHeads, headDim], overwritten
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
        for (int g = 0; g < nKvHeads; g++) {
            tasks += blocks(spans[g]);
            keys += spans[g].keys();
        }
        int stride = KvBlock.stride(headDim);
        int queryLength = group * nKvHeads * stride;
        long partials = (long) tasks * partialLength(group, stride);
        int threads = keys * group * headDim < SHARED_FROM ? 1 : team.size();
        long length = queryLength + partials + (long) threads * workLength(group, stride);
        float[] scratch = team.scratch(DecodeAttention.class, 0, Math.toIntExact(length));
        int work = (int) (queryLength + partials);
        for (int h = 0; h < group * nKvHeads; h++) { // the queries, scaled: [heads, stride], zero behind headDim
            for (int d = 0; d < headDim; d++) {
                scratch[h * stride + d] = scale * q[qOffset + h * headDim + d];
            }
            Arrays.fill(scratch, h * stride + headDim, (h + 1) * stride, 0);
        }
        if (threads == 1) {
            team.enter(); // as run does, but without a task object: a token decoded on one thread allocates nothing
            try {
                for (int task = 0; task < tasks; task++) {
                    block(scratch, queryLength, work, task, spans, group, headDim, vector);
                }
            } finally {
                team.leave();
            }
        } else {
            team.run(tasks, (task, worker) ->
                    block(scratch, queryLength, work + worker * workLength(group, stride), task, spans, group, headDim, vector));
        }
        for (int g = 0, at = queryLength; g < nKvHeads; g++) {
            for (int h = 0; h < group; h++) {
                combine(out, outOffset + (g * group + h) * headDim, scratch, at + h * (PAD + stride), partialLength(group, stride),
                        blocks(spans[g]), headDim);
            }
            at += blocks(spans[g]) * partialLength(group, stride);
        }
    }

    private static int blocks(KeySpans spans) {
        return (spans.keys() + BLOCK - 1) / BLOCK;
    }

    /** What a block leaves: [group, (largest score, sum of weights, ..., weighted values [stride] from {@link #PAD} on)]. */
    private static int partialLength(int group, int stride) {
        return group * (PAD + stride);
    }

    /** One block of one KV head: scores of all its keys, weights, weighted values. */
    private static void block(float[] scratch, int partials, int work, int task, KeySpans[] spans, int group, int headDim, boolean vector) {
        int g = 0;
        int blockOfHead = task;
        while (blockOfHead >= blocks(spans[g])) {
            blockOfHead -= blocks(spans[g++]);
        }
        KeySpans held = spans[g];
        int stride = KvBlock.stride(headDim);
        int first = blockOfHead * BLOCK;
        int end = Math.min(first + BLOCK, held.keys());
        int query = g * group * stride;
        int scores = allScores(work, group, stride);
        int partial = partials + task * partialLength(group, stride);
        Arrays.fill(scratch, partial, partial + partialLength(group, stride), 0);

        for (int key = first, i = held.spanOf(first); key < end; ) {
            int slot = held.first[i] + key - held.start[i];
            int count = Math.min(Math.min(end, held.start[i + 1]) - key, held.block[i].width - slot % held.block[i].width);
            scores(scratch, scores + key - first, work, query, held.block[i], slot, count, group, vector);
            key += count;
            i += key == held.start[i + 1] ? 1 : 0;
        }
        for (int h = 0; h < group; h++) {
            int at = scores + h * SCORES;
            if (vector) {
                DecodeAttentionVector.weights(scratch, at, end - first, partial + h * (PAD + stride));
            } else {
                weights(scratch, at, end - first, partial + h * (PAD + stride));
            }
        }
        for (int key = first, i = held.spanOf(first); key < end; ) {
            int slot = held.first[i] + key - held.start[i];
            int count = Math.min(Math.min(end, held.start[i + 1]) - key, held.block[i].width - slot % held.block[i].width);
            values(scratch, partial, scores + key - first, work, held.block[i], slot, count, group, vector);
            key += count;
            i += key == held.start[i + 1] ? 1 : 0;
        }
    }

    /**
     * Scores of keys of one tile, from {@code scores} on. The tile is computed whole; where the first key stands inside it, the scores
     * are moved to their place.
     */
    private static void scores(float[] scratch, int scores, int work, int query, KvBlock block, int slot, int count, int group, boolean vector) {
        int lane = slot % block.width;
        int stride = block.stride;
        float[] k = block.floats();
        int at = (slot - lane) * stride;
        if (k == null) {
            k = scratch;
            at = expanded(work, group, stride);
            block.expand(k, at, scales(work, group), slot - lane, block.width, true, vector);
        }
        int to = lane == 0 ? scores : work;
        int apart = lane == 0 ? SCORES : KvBlock.WIDEST + PAD;
        if (vector) {
            DecodeAttentionVector.scores(scratch, to, apart, query, group, k, at, block.width, stride);
        } else {
            plainScores(scratch, to, apart, query, group, k, at, block.width, stride);
        }
        for (int h = 0; h < group && lane != 0; h++) {
            System.arraycopy(scratch, to + h * apart + lane, scratch, scores + h * SCORES, count);
        }
    }

    /** Adds the weighted values of at most {@link KvBlock#WIDEST} keys of a block to the sums of all heads. */
    private static void values(float[] scratch, int partial, int weights, int work, KvBlock block, int slot, int count, int group, boolean vector) {
        float[] v = block.floats();
        int at = (block.capacity + slot) * block.stride;
        if (v == null) {
            v = scratch;
            at = expanded(work, group, block.stride);
            block.expand(v, at, scales(work, group), slot, count, false, vector);
        }
        int sums = partial + PAD;
        if (vector) {
            DecodeAttentionVector.values(scratch, sums, PAD + block.stride, weights, SCORES, group, v, at, count, block.stride);
        } else {
            plainValues(scratch, sums, PAD + block.stride, weights, SCORES, group, v, at, count, block.stride);
        }
    }

    /** Of a worker's scratch: [group, WIDEST + PAD] scores before they move to their place, then scales of rows, ... */
    private static int scales(int work, int group) {
        return work + group * (KvBlock.WIDEST + PAD);
    }

    /** ... then [WIDEST, stride] rows as floats, ... */
    private static int expanded(int work, int group, int stride) {
        return scales(work, group) + KvBlock.WIDEST * (stride / KvBlock.PAD) + PAD;
    }

    /** ... then [group, SCORES] scores. */
    private static int allScores(int work, int group, int stride) {
        return expanded(work, group, stride) + KvBlock.WIDEST * stride + PAD;
    }

    private static int workLength(int group, int stride) {
        return allScores(0, group, stride) + group * SCORES;
    }

    /** scores[h][j] = sum over d of query[h][d] k[d][j]. */
    private static void plainScores(float[] scratch, int scores, int scoreStride, int query, int heads, float[] k, int at, int width, int stride) {
        for (int h = 0; h < heads; h++) {
            int to = scores + h * scoreStride;
            Arrays.fill(scratch, to, to + width, 0);
            for (int d = 0; d < stride; d++) {
                for (int j = 0; j < width; j++) {
                    scratch[to + j] += scratch[query + h * stride + d] * k[at + d * width + j];
                }
            }
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

    /** sums[h][d] += sum_j weights[h][j] v_j[d], j ascending. */
    private static void plainValues(float[] scratch, int sums, int sumStride, int weights, int weightStride, int heads,
            float[] v, int at, int count, int stride) {
        for (int h = 0; h < heads; h++) {
            for (int j = 0; j < count; j++) {
                float weight = scratch[weights + h * weightStride + j];
                for (int d = 0; d < stride; d++) {
                    scratch[sums + h * sumStride + d] += weight * v[at + j * stride + d];
                }
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
                out[outOffset + d] += factor * partials[partial + PAD + d];
            }
        }
        for (int d = 0; d < headDim; d++) {
            out[outOffset + d] /= sum;
        }
    }
}
