package org.neuralattention.kernels;

import java.util.Arrays;
import org.neuralattention.kernels.vector.CrossEntropyVector;

/**
 * How far a softmax over a linear head is from another one, its teacher: with {@code logits = x head^T}, p its softmax and t that of the
 * teacher, {@code loss[row] = sum over v of t_v (ln t_v - ln p_v)}, the Kullback-Leibler divergence KL(t || p).
 *
 * <p>Shapes: x, dx [rows, dim]; head, dHead [vocabSize, dim]; teacherX [rows, teacherHead.cols]; teacherHead [vocabSize, any]; targets,
 * losses [rows]. Losses are in nats. A negative target masks its row: its loss is 0. The logits are held for a block of rows at a time.
 *
 * <p>Source: Hinton, Vinyals and Dean 2015 (arXiv 1503.02531), temperature 1.
 */
public final class KlDivergence {

    /** Most rows of a block. */
    static final int ROWS = 512;

    /** Most logits held of each of the two, 64 MiB. */
    private static final int HELD = 1 << 24;

    private KlDivergence() {}

    /**
     * Writes {@code losses} and adds {@code scale} times the gradient of their sum to {@code dx} and {@code dHead}, which may be null: the
     * head is frozen. With {@code g = scale * (p - t)}, {@code dx += g head} and {@code dHead += g^T x}.
     *
     * @return the sum of the losses, in double and in the order of the rows
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     * @throws IllegalArgumentException if the teacher's vocabulary is of another size
     */
    public static double forwardBackward(float[] losses, int lossesOffset, float[] dx, int dxOffset, float[] dHead, int dHeadOffset,
            float[] x, int xOffset, float[] teacherX, int teacherXOffset, float[] head, int headOffset, WeightMatrix teacherHead,
            int[] targets, int targetsOffset, float scale, int rows, int dim, int vocabSize, Team team) {
        check(losses, lossesOffset, dx, dxOffset, x, xOffset, teacherX, teacherXOffset, head, headOffset, teacherHead,
                targets, targetsOffset, rows, dim, vocabSize);
        if (dHead != null) {
            Check.range("dHead", dHead, dHeadOffset, (long) vocabSize * dim);
        }
        int blockRows = Math.min(rows, Math.clamp(HELD / vocabSize, 1, ROWS));
        float[] logits = team.scratch(KlDivergence.class, 0, blockRows * vocabSize);
        float[] teacher = team.scratch(KlDivergence.class, 1, blockRows * vocabSize);
        float[][] apart = team.workerFloats(KlDivergence.class, vocabSize);
        for (int from = 0; from < rows; from += blockRows) {
            int first = from;
            int count = Math.min(blockRows, rows - from);
            MatMul.abt(logits, 0, x, xOffset + from * dim, head, headOffset, count, vocabSize, dim, false, team);
            MatMul.abt(teacher, 0, teacherX, teacherXOffset + from * teacherHead.cols(), teacherHead, count, team);
            team.run(count, (row, worker) -> {
                boolean asked = targets[targetsOffset + first + row] >= 0;
                losses[lossesOffset + first + row] = asked
                        ? (float) row(logits, row * vocabSize, teacher, row * vocabSize, apart[worker], scale, vocabSize) : 0;
                if (!asked) {
                    Arrays.fill(logits, row * vocabSize, (row + 1) * vocabSize, 0);
                }
            });
            MatMul.ab(dx, dxOffset + from * dim, logits, 0, head, headOffset, count, dim, vocabSize, true, team);
            if (dHead != null) {
                MatMul.atb(dHead, dHeadOffset, logits, 0, x, xOffset + from * dim, vocabSize, dim, count, true, team);
            }
        }
        double sum = 0;
        for (int row = 0; row < rows; row++) {
            sum += losses[lossesOffset + row];
        }
        return sum;
    }

    /** The loss of a row, whose logits become {@code scale * (p - t)}; the teacher's become t. */
    private static double row(float[] logits, int at, float[] teacher, int teacherAt, float[] apart, float scale, int n) {
        for (int v = 0; v < n; v++) {
            apart[v] = teacher[teacherAt + v] - logits[at + v];
        }
        double lse = softmax(logits, at, n, scale);
        double teacherLse = softmax(teacher, teacherAt, n, 1);
        double loss = lse - teacherLse;
        for (int v = 0; v < n; v++) {
            loss += (double) teacher[teacherAt + v] * apart[v];
        }
        for (int v = 0; v < n; v++) {
            logits[at + v] -= scale * teacher[teacherAt + v];
        }
        return loss;
    }

    /** Logits become scale times their softmax; returns their log-sum-exp. */
    private static double softmax(float[] logits, int at, int n, float scale) {
        if (Kernels.VECTOR) {
            float max = CrossEntropyVector.max(logits, at, n);
            double lse = max + Math.log(CrossEntropyVector.sumExp(logits, at, n, max));
            CrossEntropyVector.gradient(logits, at, n, (float) lse, scale);
            return lse;
        }
        float max = CrossEntropy.plainMax(logits, at, n);
        double lse = max + Math.log(CrossEntropy.plainSumExp(logits, at, n, max));
        CrossEntropy.plainGradient(logits, at, n, (float) lse, scale);
        return lse;
    }

    private static void check(float[] losses, int lossesOffset, float[] dx, int dxOffset, float[] x, int xOffset,
            float[] teacherX, int teacherXOffset, float[] head, int headOffset, WeightMatrix teacherHead,
            int[] targets, int targetsOffset, int rows, int dim, int vocabSize) {
        Check.notNegative("rows", rows);
        Check.positive("dim", dim);
        Check.positive("vocabSize", vocabSize);
        Check.range("losses", losses, lossesOffset, rows);
        Check.range("dx", dx, dxOffset, (long) rows * dim);
        Check.range("x", x, xOffset, (long) rows * dim);
        Check.range("teacherX", teacherX, teacherXOffset, (long) rows * teacherHead.cols());
        Check.range("head", head, headOffset, (long) vocabSize * dim);
        Check.range("targets", targets, targetsOffset, rows);
        if (teacherHead.rows() != vocabSize) {
            throw new IllegalArgumentException("a teacher of " + teacherHead.rows() + " tokens for a vocabulary of " + vocabSize);
        }
    }
}
