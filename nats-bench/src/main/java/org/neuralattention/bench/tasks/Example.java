package org.neuralattention.bench.tasks;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.neuralattention.eval.PolicyDecoder;
import org.neuralattention.eval.Sequence;

/**
 * One held-out sequence and what is asked in it.
 *
 * @param ids the sequence, right answers included where they are shown
 * @param prompt tokens before the first answer, or before anything is asked: what a policy that compresses prompts may look at
 * @param questions in the order of their places
 * @param needed positions that answers need: what an oracle keeps
 */
public record Example(int[] ids, int prompt, List<Question> questions, BitSet needed) {

    public Example {
        questions = List.copyOf(questions);
        int free = 0;
        for (Question question : questions) {
            int end = question.at() + 1 + (question.shown() ? question.answer().size() : 0);
            if (question.at() < free || end > ids.length) {
                throw new IllegalArgumentException("the question at " + question.at() + " lies before " + free + " or its answer behind "
                        + ids.length + " tokens");
            }
            free = end;
        }
    }

    /** A question behind every token that has a target: one token, which is not shown. */
    static Example of(int[] ids, int[] targets, int prompt, BitSet needed) {
        List<Question> questions = new ArrayList<>();
        for (int i = 0; i < ids.length; i++) {
            if (targets[i] >= 0) {
                questions.add(new Question(i, List.of(targets[i]), false, Question.Scoring.EXACT));
            }
        }
        return new Example(ids, prompt, questions, needed);
    }

    Sequence sequence(long index) {
        return new Sequence(index, ids.length, prompt, needed);
    }

    /** Most points of all questions. */
    int points() {
        return questions.stream().mapToInt(Question::points).sum();
    }

    /** Takes the sequence in, with the model's own answers where answers are shown; returns the points. The decoder has begun the sequence. */
    double run(PolicyDecoder decoder) {
        int points = 0;
        for (Question question : questions) {
            take(decoder, question.at() + 1);
            List<Integer> chosen = new ArrayList<>();
            for (int i = 0; i < question.answer().size(); i++) {
                int id = likeliest(decoder.logits());
                chosen.add(id);
                if (question.shown()) {
                    decoder.take(new int[] {id}, 0, 1);
                }
            }
            points += question.points(chosen);
        }
        take(decoder, ids.length);
        return points;
    }

    private void take(PolicyDecoder decoder, int to) {
        decoder.take(ids, decoder.position(), to - decoder.position());
    }

    /** The likeliest id, of several the lowest. */
    static int likeliest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }
}
