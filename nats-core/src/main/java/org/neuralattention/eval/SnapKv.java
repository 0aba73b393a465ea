package org.neuralattention.eval;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.neuralattention.model.ModelConfig;

/**
 * SnapKV: when the prompt ends, its last tokens, the observation window, vote with their attention for the tokens before them; those with the
 * most votes are kept, and the window. Before that, and while decoding, nothing is dropped.
 *
 * <pre>votes[n] = sum over the window's rows and the KV head's query heads of the attention to n;  pooled[n] = pool of votes[n - kernel/2 .. n + kernel/2]</pre>
 * Votes beyond an end of the range count as 0. Of equal ones the earlier token is kept.
 *
 * <p>Source: Li et al., SnapKV: LLM Knows What You are Looking for Before Generation, arXiv 2404.14469, and its code
 * (github.com/FasterDecoding/SnapKV, snapkv_utils.py): window 32, kernel 5, average. There every query head keeps keys of its own; here, as in
 * later grouped forms, the query heads of a KV head vote together. The votes are summed before they are pooled, which makes no difference to an average.
 *
 * <p>The budget is one of the rows behind the prompt only: until it ends, everything is held, which the peak shows.
 *
 * @param window most tokens of the observation window; no more than half of the keys kept
 * @param kernel tokens that are pooled, odd
 * @param pooling how
 */
public record SnapKv(Budget budget, int window, int kernel, Pooling pooling) implements Policy {

    public enum Pooling { AVERAGE, MAX }

    public SnapKv {
        if (window < 1 || kernel < 1 || kernel % 2 == 0) {
            throw new IllegalArgumentException("window = " + window + ", kernel = " + kernel + ": both must be at least 1, kernel odd");
        }
    }

    /** As the authors' code has it. */
    public static SnapKv of(Budget budget) {
        return new SnapKv(budget, 32, 5, Pooling.AVERAGE);
    }

    @Override
    public String name() {
        return "SnapKV";
    }

    @Override
    public String source() {
        return "arXiv 2404.14469";
    }

    @Override
    public Rule rule(int layer, Sequence sequence, ModelConfig config) {
        int prompt = sequence.promptLength();
        int keys = budget.keysOfPrompt(sequence, config);
        int observed = Math.min(window, Math.ceilDiv(keys, 2));
        int before = prompt - observed;
        return (heads, position) -> {
            if (keys < prompt && position >= before && position < prompt) {
                for (HeldKeys head : heads) {
                    head.addMassToScores();
                    if (position == prompt - 1) {
                        keep(head, before, keys - observed);
                    }
                }
            }
        };
    }

    /** Keeps the {@code count} keys with the most votes of those before position {@code before}, and all later ones. */
    private void keep(HeldKeys head, int before, int count) {
        float[] votes = new float[before];
        for (int key = 0; key < head.size(); key++) {
            if (head.position(key) < before) {
                votes[head.position(key)] = head.score(key);
            }
        }
        float[] pooled = pool(votes);
        Integer[] order = IntStream.range(0, before).boxed().toArray(Integer[]::new);
        Arrays.sort(order, (a, b) -> Float.compare(pooled[b], pooled[a])); // stable: of equal ones the earlier first
        boolean[] kept = new boolean[before];
        for (int i = 0; i < count; i++) {
            kept[order[i]] = true;
        }
        for (int key = head.size() - 1; key >= 0; key--) {
            if (head.position(key) < before && !kept[head.position(key)]) {
                head.drop(key);
            }
        }
    }

    private float[] pool(float[] votes) {
        float[] pooled = new float[votes.length];
        for (int n = 0; n < votes.length; n++) {
            float sum = 0;
            float max = 0;
            for (int i = Math.max(0, n - kernel / 2); i <= Math.min(votes.length - 1, n + kernel / 2); i++) {
                sum += votes[i];
                max = Math.max(max, votes[i]);
            }
            pooled[n] = pooling == Pooling.AVERAGE ? sum / kernel : max;
        }
        return pooled;
    }
}
