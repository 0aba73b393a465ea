package org.neuralattention.generate;

/**
 * How the next token is chosen. Immutable; the filters apply in the order of the parameters, as in Hugging Face's generation.
 *
 * @param repetitionPenalty logits of tokens that occurred before are divided by it if positive, multiplied if negative; 1 for none
 * @param temperature logits are divided by it; 0 takes the largest logit, and the parameters below do not matter
 * @param topK only the k likeliest tokens; 0 for all
 * @param topP only the likeliest tokens that together reach this probability, among those that top-k left; 1 for all
 * @param minP only tokens at least this many times as likely as the likeliest; 0 for all
 * @param seed of the random numbers
 */
public record Sampling(float repetitionPenalty, float temperature, int topK, float topP, float minP, long seed) {

    /** Always the largest logit. */
    public static final Sampling GREEDY = new Sampling(1, 0, 0, 1, 0, 0);

    public Sampling {
        check(repetitionPenalty > 0 && repetitionPenalty < Float.POSITIVE_INFINITY, "repetitionPenalty", repetitionPenalty, "positive and finite");
        check(temperature >= 0 && temperature < Float.POSITIVE_INFINITY, "temperature", temperature, "0 or positive, and finite");
        check(topK >= 0, "topK", topK, "0 (all) or positive");
        check(topP > 0 && topP <= 1, "topP", topP, "in (0, 1]");
        check(minP >= 0 && minP <= 1, "minP", minP, "in [0, 1]");
    }

    private static void check(boolean right, String name, Number value, String expected) {
        if (!right) {
            throw new IllegalArgumentException(name + " = " + value + ": must be " + expected);
        }
    }

    /** Draws from the whole distribution at this temperature; narrow it with the {@code with} methods. */
    public static Sampling of(float temperature, long seed) {
        return new Sampling(1, temperature, 0, 1, 0, seed);
    }

    public Sampling withRepetitionPenalty(float penalty) {
        return new Sampling(penalty, temperature, topK, topP, minP, seed);
    }

    public Sampling withTopK(int k) {
        return new Sampling(repetitionPenalty, temperature, k, topP, minP, seed);
    }

    public Sampling withTopP(float p) {
        return new Sampling(repetitionPenalty, temperature, topK, p, minP, seed);
    }

    public Sampling withMinP(float p) {
        return new Sampling(repetitionPenalty, temperature, topK, topP, p, seed);
    }

    /** Whether chance has no part in it. */
    public boolean greedy() {
        return temperature == 0;
    }
}
