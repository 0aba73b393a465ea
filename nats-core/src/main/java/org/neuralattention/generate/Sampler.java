package org.neuralattention.generate;

import java.util.Objects;
import org.neuralattention.kernels.CounterRandom;

/**
 * Chooses the next token from logits. The choice is a pure function of logits, history, {@link Sampling} and step, so a run that is resumed
 * or forked draws what it would have drawn; between equal logits the lower id counts as likelier.
 *
 * <p>Holds working memory, about 20 bytes for each entry of the vocabulary: one for each thread.
 */
public final class Sampler {

    /** The place of these draws in {@link CounterRandom}: no layer of a model, whose roles are drawn from the same seed, has this number. */
    private static final int LAYER = -1;

    private final Sampling sampling;
    private final Candidates candidates = new Candidates();
    private float[] logits = {};

    public Sampler(Sampling sampling) {
        this.sampling = sampling;
    }

    public Sampling sampling() {
        return sampling;
    }

    /**
     * The next token.
     *
     * @param logits [vocabSize] at {@code offset}, not changed; negative infinity for a token that must not be chosen
     * @param history tokens that the repetition penalty applies to, [historyLength] at {@code historyOffset}; the same one may be there often
     * @param step the number of this choice in its sequence, for the random numbers: for example the position of the new token
     * @return an id in [0, vocabSize)
     * @throws IllegalArgumentException if a logit is NaN or positive infinity or all are negative infinity, or a token of the history is not in
     *     [0, vocabSize)
     */
    public int sample(float[] logits, int offset, int vocabSize, int[] history, int historyOffset, int historyLength, long step) {
        check(logits, offset, vocabSize);
        Objects.checkFromIndexSize(historyOffset, historyLength, history.length);
        if (this.logits.length < vocabSize) {
            this.logits = new float[vocabSize];
        }
        System.arraycopy(logits, offset, this.logits, 0, vocabSize);
        if (sampling.repetitionPenalty() != 1) {
            penalise(logits, offset, vocabSize, history, historyOffset, historyLength);
        }
        int best = best(vocabSize);
        return sampling.greedy() ? best : draw(vocabSize, this.logits[best], step);
    }

    private static void check(float[] logits, int offset, int vocabSize) {
        if (vocabSize < 1) {
            throw new IllegalArgumentException("vocabSize = " + vocabSize + ": must be at least 1");
        }
        Objects.checkFromIndexSize(offset, vocabSize, logits.length);
        for (int id = 0; id < vocabSize; id++) {
            if (!(logits[offset + id] < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("logits[" + id + "] = " + logits[offset + id] + ": must be a number below infinity");
            }
        }
    }

    /** From the caller's logits into the copy, so that a token that occurred twice pays once. */
    private void penalise(float[] original, int offset, int vocabSize, int[] history, int historyOffset, int historyLength) {
        float penalty = sampling.repetitionPenalty();
        for (int i = historyOffset; i < historyOffset + historyLength; i++) {
            int id = history[i];
            if (id < 0 || id >= vocabSize) {
                throw new IllegalArgumentException("history[" + i + "] = " + id + ": must be in [0, " + vocabSize + ")");
            }
            float logit = original[offset + id];
            float result = logit > 0 ? logit / penalty : logit * penalty;
            logits[id] = Math.min(Float.MAX_VALUE, result); // a penalty far below 1 can overflow
        }
    }

    private int best(int vocabSize) {
        int best = 0;
        for (int id = 1; id < vocabSize; id++) {
            if (logits[id] > logits[best]) {
                best = id;
            }
        }
        if (logits[best] == Float.NEGATIVE_INFINITY) {
            throw new IllegalArgumentException("all " + vocabSize + " logits are negative infinity: no token may be chosen");
        }
        return best;
    }

    private int draw(int vocabSize, float max, long step) {
        candidates.clear(vocabSize);
        for (int id = 0; id < vocabSize; id++) {
            if (logits[id] > Float.NEGATIVE_INFINITY) {
                candidates.add(id, logits[id]);
            }
        }
        if (sampling.topK() > 0) {
            candidates.keepBest(sampling.topK());
        }
        candidates.weigh(max, sampling.temperature());
        if (sampling.topP() < 1) {
            candidates.keepMass(sampling.topP());
        }
        if (sampling.minP() > 0) {
            candidates.keepHeavy(sampling.minP());
        }
        return candidates.draw(CounterRandom.uniform(sampling.seed(), step, LAYER, 0, 0, 0));
    }
}
