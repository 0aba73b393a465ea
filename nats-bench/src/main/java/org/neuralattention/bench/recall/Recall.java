package org.neuralattention.bench.recall;

/** How many questions are answered right: the target is the likeliest token. */
public final class Recall {

    private Recall() {}

    /** Share of the asked places (target not negative) whose largest logit is the target's. */
    public static double of(float[] logits, int[] targets, int vocabSize) {
        int asked = 0;
        int right = 0;
        for (int i = 0; i < targets.length; i++) {
            if (targets[i] >= 0) {
                asked++;
                right += right(logits, i * vocabSize, targets[i], vocabSize) ? 1 : 0;
            }
        }
        return asked == 0 ? 0 : right / (double) asked;
    }

    /** Whether no other token is as likely as {@code target}. */
    public static boolean right(float[] logits, int offset, int target, int vocabSize) {
        for (int i = 0; i < vocabSize; i++) {
            if (i != target && logits[offset + i] >= logits[offset + target]) {
                return false;
            }
        }
        return true;
    }
}
