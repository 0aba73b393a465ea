package org.neuralattention.cache;

import java.util.List;

/**
 * What a cache holds and what it saved, at one moment.
 *
 * @param tokens tokens taken in
 * @param heads what each head holds, layer by layer, KV head by KV head
 * @param liveKeys keys held in all heads: those the next token sees beside itself
 * @param bytesLogical what the live keys and values take: liveKeys * 2 * headDim * 4
 * @param bytesHeld all memory that grows with what is held: blocks, full or not, spare blocks, lists, the copy made for a prefill piece
 * @param peakBytes the most {@code bytesHeld} has been since the cache was made or cleared
 * @param fullBytes what a cache without roles holds after as many tokens: tokens * layers * KV heads * 2 * headDim * 4
 * @param kvShare visible pairs / causal pairs (spec 4.1): what was held of a full cache, averaged over the steps; 1 before the first token
 */
public record KvStats(
        long tokens, List<Head> heads, long liveKeys, long bytesLogical, long bytesHeld, long peakBytes, long fullBytes, double kvShare) {

    public KvStats {
        heads = List.copyOf(heads);
    }

    /** Live keys of one KV head; {@code sliding} has one number per window, ascending. */
    public record Head(int layer, int kvHead, int globals, int locals, List<Integer> sliding) {

        public Head {
            sliding = List.copyOf(sliding);
        }

        public int keys() {
            return globals + locals + sliding.stream().mapToInt(Integer::intValue).sum();
        }
    }
}
