package org.neuralattention.generate;

import java.util.ArrayList;
import java.util.List;

/**
 * Log-probabilities of logits z: {@code logprob(i) = z[i] - ln(sum over j of exp(z[j]))}.
 *
 * <p>The largest logit m is taken out of the sum, {@code (z[i] - m) - ln(sum over j of exp(z[j] - m))}, and all is in double, in the order
 * of the ids: for a vocabulary of n within n * 2^-53 of the exact value for these float logits (2e-11 for 150,000), plus half an ulp of the result.
 */
final class Logprobs {

    private final Candidates candidates = new Candidates();
    private double max;
    private double lnSum;

    /** Reads the logits; the other methods are about them. */
    void read(float[] logits) {
        float largest = Float.NEGATIVE_INFINITY;
        for (float logit : logits) {
            largest = Math.max(largest, logit);
        }
        max = largest;
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - max);
        }
        lnSum = Math.log(sum);
    }

    double of(float logit) {
        return logit - max - lnSum;
    }

    /** The k likeliest, likeliest first; of equally likely ones the lower id first. */
    List<Token.Candidate> best(float[] logits, int k) {
        if (k == 0) {
            return List.of();
        }
        candidates.clear(logits.length);
        for (int id = 0; id < logits.length; id++) {
            candidates.add(id, logits[id]);
        }
        candidates.keepBest(k);
        candidates.sort();
        List<Token.Candidate> best = new ArrayList<>(candidates.size());
        for (int i = 0; i < candidates.size(); i++) {
            int id = candidates.id(i);
            best.add(new Token.Candidate(id, of(logits[id])));
        }
        return best;
    }
}
