package org.neuralattention.generate;

import java.util.List;

/**
 * A token that was chosen.
 *
 * @param index its number among the new tokens, from 0
 * @param id its id
 * @param text what can be shown now that it has come: whole characters, and nothing that may be the beginning of a stop string; so it may be
 *     empty, or hold what earlier tokens began. The texts of all tokens and {@link Listener#rest}, joined, are {@link Generation#text}
 * @param logprob ln of its probability under the model, before temperature, penalty and filters:
 *     {@code logit[id] - ln(sum over j of exp(logit[j]))}; NaN if {@link Request#withLogprobs} did not ask for it
 * @param best the likeliest tokens at this place, likeliest first, as many as were asked for; the chosen one may be among them
 */
public record Token(int index, int id, String text, double logprob, List<Candidate> best) {

    /** An id that could have been chosen, with its logprob. */
    public record Candidate(int id, double logprob) {}
}
