package org.neuralattention.bench.tasks;

import java.util.List;

/**
 * What is asked behind one token: the tokens that a model shall choose there, each the likeliest behind what it chose before.
 *
 * @param at place of the last token of the question
 * @param answer what should be chosen
 * @param shown whether the answer stands in the sequence, from {@code at + 1} on: what the model chose takes its place. Otherwise the sequence goes
 *     on without it, and the answer is one token.
 * @param scoring what counts as right
 */
public record Question(int at, List<Integer> answer, boolean shown, Scoring scoring) {

    public enum Scoring {
        /** One point for the whole answer. */
        EXACT,
        /** One point for each of its tokens that was chosen, in any order. */
        EACH
    }

    public Question {
        answer = List.copyOf(answer);
        if (at < 0 || answer.isEmpty() || !shown && answer.size() > 1) {
            throw new IllegalArgumentException("at = " + at + ", answer " + answer + (shown ? "" : ", not shown")
                    + ": must be behind a token, and one token if it is not shown");
        }
    }

    /** Most points. */
    int points() {
        return scoring == Scoring.EXACT ? 1 : answer.size();
    }

    /** Points for what was chosen, as many tokens as the answer has. */
    int points(List<Integer> chosen) {
        if (scoring == Scoring.EXACT) {
            return chosen.equals(answer) ? 1 : 0;
        }
        return (int) answer.stream().filter(chosen::contains).count();
    }
}
