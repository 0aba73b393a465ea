package org.neuralattention.eval;

import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.neuralattention.model.ModelConfig;

/**
 * What a cache held while sequences ran. A step counts every key its row attends to, its own included, in each layer and KV head, whichever
 * policy holds them; a key and its value take 2 headDim floats.
 *
 * @param sequences sequences run
 * @param steps rows, of all sequences together
 * @param headPairs pairs (row, key) in which the row sees the key, layer by layer, KV head by KV head
 * @param causalPairs what each head's number would be with every key kept
 * @param behindPairs the pairs of all heads in rows behind the prompt only
 * @param behindCausalPairs what each head's number would be there with every key kept
 * @param behindSteps rows behind the prompt
 * @param peakKeys the most keys of all heads together in any step
 * @param keyBytes bytes of a key and its value
 * @param roleCounts how often each role was taken, layer by layer, KV head by KV head; without roles all are global
 */
public record KvUse(long sequences, long steps, List<Long> headPairs, long causalPairs, long behindPairs, long behindCausalPairs, long behindSteps,
        long peakKeys, int keyBytes, List<List<Long>> roleCounts) {

    public KvUse {
        headPairs = List.copyOf(headPairs);
        roleCounts = roleCounts.stream().map(List::copyOf).toList();
    }

    /** Nothing yet. */
    public static KvUse none(ModelConfig c) {
        int heads = c.nLayers() * c.nKvHeads();
        List<Long> noRoles = Collections.nCopies(Math.max(1, c.nRoles()), 0L);
        return new KvUse(0, 0, Collections.nCopies(heads, 0L), 0, 0, 0, 0, 0, keyBytes(c), Collections.nCopies(heads, noRoles));
    }

    /** Bytes of a key and its value, in float32. */
    static int keyBytes(ModelConfig config) {
        return 2 * config.headDim() * Float.BYTES;
    }

    /** Of both together. */
    public KvUse and(KvUse other) {
        if (headPairs.size() != other.headPairs.size() || keyBytes != other.keyBytes) {
            throw new IllegalArgumentException("caches of " + headPairs.size() + " heads with " + keyBytes + " bytes a key, and of "
                    + other.headPairs.size() + " with " + other.keyBytes + ": must be of one model");
        }
        List<List<Long>> roles = IntStream.range(0, roleCounts.size()).mapToObj(i -> sum(roleCounts.get(i), other.roleCounts.get(i))).toList();
        return new KvUse(sequences + other.sequences, steps + other.steps, sum(headPairs, other.headPairs), causalPairs + other.causalPairs, behindPairs + other.behindPairs,
                behindCausalPairs + other.behindCausalPairs, behindSteps + other.behindSteps, Math.max(peakKeys, other.peakKeys), keyBytes, roles);
    }

    private static List<Long> sum(List<Long> a, List<Long> b) {
        return IntStream.range(0, a.size()).mapToObj(i -> a.get(i) + b.get(i)).toList();
    }

    /** KV share (spec 4.1): what was held of a full cache, averaged over the steps. */
    public double share() {
        return pairs() / ((double) headPairs.size() * causalPairs);
    }

    /** KV share of one head; heads are counted layer by layer. */
    public double share(int head) {
        return headPairs.get(head) / (double) causalPairs;
    }

    /** KV share of the rows behind the prompt; NaN if there are none. */
    public double shareBehindPrompt() {
        return behindPairs / ((double) headPairs.size() * behindCausalPairs);
    }

    /** Bytes held in a step, averaged over the steps. */
    public double meanBytes() {
        return pairs() * (double) keyBytes / steps;
    }

    /** The same over the rows behind the prompt; NaN if there are none. */
    public double meanBytesBehindPrompt() {
        return behindPairs * (double) keyBytes / behindSteps;
    }

    /** The most bytes held in any step. */
    public long peakBytes() {
        return peakKeys * keyBytes;
    }

    /** {@link #meanBytes} of a cache that keeps every key. */
    public double meanFullBytes() {
        return (double) headPairs.size() * causalPairs * keyBytes / steps;
    }

    private long pairs() {
        return headPairs.stream().mapToLong(Long::longValue).sum();
    }
}
