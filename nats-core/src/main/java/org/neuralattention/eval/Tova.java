package org.neuralattention.eval;

import org.neuralattention.model.ModelConfig;

/**
 * TOVA: when a row makes the cache hold one key too many, the one that this row paid the least attention goes, averaged over all query heads of the
 * layer; so all heads of a layer hold the same tokens. No token is protected, neither the first nor the last; of equal ones the earlier goes.
 *
 * <p>Source: Oren et al., Transformers are Multi-State RNNs, arXiv 2401.06104. With grouped heads the average is over the query heads, as in the
 * authors' code (github.com/schwartz-lab-NLP/TOVA, src/tova_cache.py).
 */
public record Tova(Budget budget) implements Policy {

    @Override
    public String name() {
        return "TOVA";
    }

    @Override
    public String source() {
        return "arXiv 2401.06104";
    }

    @Override
    public Rule rule(int layer, Sequence sequence, ModelConfig config) {
        int keys = budget.keys(sequence, config);
        return (heads, position) -> {
            while (heads[0].size() > keys) {
                int key = least(heads);
                for (HeldKeys head : heads) { // they take in and drop alike, so a key has one number in all
                    head.drop(key);
                }
            }
        };
    }

    private static int least(HeldKeys[] heads) {
        int least = 0;
        float leastMass = Float.POSITIVE_INFINITY;
        for (int key = 0; key < heads[0].size(); key++) {
            float mass = 0;
            for (HeldKeys head : heads) {
                mass += head.mass(key);
            }
            if (mass < leastMass || mass == leastMass && heads[0].position(key) < heads[0].position(least)) {
                least = key;
                leastMass = mass;
            }
        }
        return least;
    }
}
