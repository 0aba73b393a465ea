package org.neuralattention.bench.tasks;

import java.util.function.Consumer;
import org.neuralattention.eval.KvUse;
import org.neuralattention.eval.Policy;
import org.neuralattention.eval.PolicyDecoder;
import org.neuralattention.model.Transformer;
import org.neuralattention.train.TokenSource;

/**
 * Something that a model can be trained to do, and asked to do under a cache policy. Seeds are not negative; what is held out shares no draw with
 * what is trained on, even at the same seed.
 */
public interface Task {

    /** For tables: {@code MQAR 8 of 256}. */
    String name();

    /** Ids the task uses: a model must know at least so many. */
    int vocabSize();

    /** Training rows of the task's own length. */
    TokenSource training(long seed);

    /** Sequence {@code index} of the held-out ones. */
    Example example(long seed, long index);

    /**
     * Asks a model under a policy, over the held-out sequences 0 to {@code sequences - 1}.
     *
     * @param listener hears the score of all sequences until now, after each
     * @throws IllegalArgumentException if the model does not know the task's ids, or the policy does not fit the model
     */
    default TaskScore evaluate(Transformer model, Policy policy, long seed, int sequences, Consumer<TaskScore> listener) {
        checkVocabulary(model);
        PolicyDecoder decoder = new PolicyDecoder(model);
        TaskScore score = TaskScore.recall(0, 0, KvUse.none(model.config()));
        for (int i = 0; i < sequences; i++) {
            Example example = example(seed, i);
            decoder.begin(policy, example.sequence(i));
            double points = example.run(decoder);
            score = TaskScore.recall(score.asked() + example.points(), score.points() + points, score.use().and(decoder.use()));
            listener.accept(score);
        }
        return score;
    }

    /** @throws IllegalArgumentException if the model does not know the task's ids */
    default void checkVocabulary(Transformer model) {
        if (model.config().vocabSize() < vocabSize()) {
            throw new IllegalArgumentException(name() + " uses " + vocabSize() + " ids, but the model knows only " + model.config().vocabSize());
        }
    }

    /** The seed that held-out sequences are drawn with. */
    static long heldOut(long seed) {
        if (seed < 0) {
            throw new IllegalArgumentException("seed = " + seed + ": must not be negative, for those draw what is held out");
        }
        return ~seed;
    }

    /** A training source of one sequence per row, all of the same length; {@code sequences} writes sequence {@code index}. */
    static TokenSource rows(String name, int length, Sequences sequences) {
        return (ids, targets, offset, step, row, seqLen) -> {
            if (seqLen != length) {
                throw new IllegalArgumentException(name + " has sequences of " + length + " tokens, not " + seqLen);
            }
            sequences.fill(ids, targets, offset, (step << 20) + row);
        };
    }

    /** Writes one sequence and its targets from {@code offset} on. */
    interface Sequences {
        void fill(int[] ids, int[] targets, int offset, long index);
    }
}
