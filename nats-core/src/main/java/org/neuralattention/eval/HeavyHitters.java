package org.neuralattention.eval;

import org.neuralattention.model.ModelConfig;

/**
 * H2O: half of the cache for the last tokens, half for the heavy hitters, those that were paid most attention in all rows since they came.
 *
 * <p>When a row makes a KV head hold one key too many, the one with the least sum goes, of those that are not among the last. Each KV head chooses
 * for itself, by the sum over its query heads; of equal sums the earlier position goes. Prompts are treated as any text.
 *
 * <p>Source: Zhang et al., H2O: Heavy-Hitter Oracle for Efficient Generative Inference of Large Language Models, arXiv 2306.14048 (algorithm 1;
 * half and half as in its experiments). The paper has no grouped heads.
 */
public record HeavyHitters(Budget budget) implements Policy {

    @Override
    public String name() {
        return "H2O";
    }

    @Override
    public String source() {
        return "arXiv 2306.14048";
    }

    @Override
    public Rule rule(int layer, Sequence sequence, ModelConfig config) {
        int keys = budget.keys(sequence, config);
        int recent = Math.ceilDiv(keys, 2);
        return (heads, position) -> {
            for (HeldKeys head : heads) {
                head.addMassToScores();
                while (head.size() > keys) {
                    head.drop(lightest(head, position - recent));
                }
            }
        };
    }

    /** The key of the least sum up to position {@code last}; there is one, since no more than {@code recent} keys are later. */
    private static int lightest(HeldKeys head, int last) {
        int lightest = -1;
        for (int key = 0; key < head.size(); key++) {
            if (head.position(key) <= last && (lightest < 0 || head.score(key) < head.score(lightest)
                    || head.score(key) == head.score(lightest) && head.position(key) < head.position(lightest))) {
                lightest = key;
            }
        }
        return lightest;
    }
}
