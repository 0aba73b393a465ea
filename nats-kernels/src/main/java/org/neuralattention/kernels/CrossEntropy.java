package org.neuralattention.kernels;

import java.util.Arrays;
import org.neuralattention.kernels.vector.CrossEntropyVector;

/**
 * Negative log-likelihood of target tokens under a softmax over a linear head:
 * {@code loss[row] = lse[row] - logits[row, target]}, {@code lse[row] = log(sum over v of exp(logits[row, v]))},
 * {@code logits = x head^T}.
 *
 * <p>Shapes: x, dx [rows, dim]; head, dHead [vocabSize, dim]; targets, losses, lse [rows]. Losses are in nats. A negative target
 * masks its row: loss and lse are 0, and the row of x is not read.
 *
 * <p>The logits are never stored whole: tiles of {@link #ROWS} unmasked rows by {@link #VOCAB} tokens pass through one scratch
 * tile, and the backward pass computes them again. A running maximum and sum per row (online softmax: Milakov and Gimelshein
 * 2018) make any finite logits safe.
 */
public final class CrossEntropy {

    /** A tile of logits holds at most ROWS x VOCAB floats, 4 MiB; larger ones gain nothing in the matrix products. */
    static final int ROWS = 512;

    static final int VOCAB = 2048;

    /** Rows of a tile in one task: 16 x 2048 exponentials. */
    private static final int TASK_ROWS = 16;

    /** What a row of the tile carries from chunk to chunk: its row in x, running maximum, running sum, logit of its target. */
    private static final int ROW = 0;

    private static final int MAX = 1;
    private static final int SUM = 2;
    private static final int TARGET = 3;
    private static final int STATE = 4;

    private CrossEntropy() {}

    /**
     * Writes {@code losses} and {@code lse}.
     *
     * @return the sum of the losses, in double and in the order of the rows; divide by {@link #count} for the mean
     * @throws IllegalArgumentException if a target is not below vocabSize
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static double forward(float[] losses, int lossesOffset, float[] lse, int lseOffset, float[] x, int xOffset,
            float[] head, int headOffset, int[] targets, int targetsOffset, int rows, int dim, int vocabSize, Team team) {
        Check.range("losses", losses, lossesOffset, rows);
        Check.range("lse", lse, lseOffset, rows);
        check(x, xOffset, head, headOffset, targets, targetsOffset, rows, dim, vocabSize);
        Arrays.fill(losses, lossesOffset, lossesOffset + rows, 0);
        Arrays.fill(lse, lseOffset, lseOffset + rows, 0);
        Tile tile = new Tile(rows, dim, vocabSize, team);
        double sum = 0;
        for (int block = 0; block < Math.ceilDiv(rows, ROWS); block++) {
            int count = tile.gather(x, xOffset, targets, targetsOffset, block * ROWS, Blocks.end(block, ROWS, rows));
            for (int chunk = 0; chunk < Math.ceilDiv(vocabSize, VOCAB); chunk++) {
                int from = chunk * VOCAB;
                int width = tile.logits(head, headOffset, from, count);
                team.run(Math.ceilDiv(count, TASK_ROWS), (task, worker) -> {
                    for (int i = task * TASK_ROWS; i < Blocks.end(task, TASK_ROWS, count); i++) {
                        int target = targets[targetsOffset + tile.row(i)] - from;
                        accumulate(tile.state, i * STATE, tile.logits, i * width, width, target);
                    }
                });
            }
            for (int i = 0; i < count; i++) {
                int row = tile.row(i);
                double logSum = Math.log(tile.state[i * STATE + SUM]);
                double max = tile.state[i * STATE + MAX];
                lse[lseOffset + row] = (float) (max + logSum);
                losses[lossesOffset + row] = (float) (max - tile.state[i * STATE + TARGET] + logSum);
                sum += losses[lossesOffset + row];
            }
        }
        return sum;
    }

    private static void accumulate(double[] state, int at, float[] logits, int offset, int width, int target) {
        if (target >= 0 && target < width) {
            state[at + TARGET] = logits[offset + target];
        }
        double before = state[at + MAX];
        double max = Math.max(before, Kernels.VECTOR ? CrossEntropyVector.max(logits, offset, width) : plainMax(logits, offset, width));
        double sum = Kernels.VECTOR ? CrossEntropyVector.sumExp(logits, offset, width, (float) max)
                : plainSumExp(logits, offset, width, (float) max);
        state[at + SUM] = state[at + SUM] * Math.exp(before - max) + sum;
        state[at + MAX] = max;
    }

    static float plainMax(float[] logits, int offset, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, logits[offset + i]);
        }
        return max;
    }

    static double plainSumExp(float[] logits, int offset, int n, float max) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += Math.exp((double) logits[offset + i] - max);
        }
        return sum;
    }

    /**
     * Adds {@code scale} times the gradient of the sum of losses to {@code dx} and {@code dHead}: with
     * {@code g = scale * (softmax(logits) - onehot(target))}, {@code dx += g head} and {@code dHead += g^T x}.
     * {@code dHead} may be null: the head is frozen. {@code lse} comes from {@link #forward}; for the mean loss,
     * {@code scale = 1 / count}.
     *
     * @throws IllegalArgumentException if a target is not below vocabSize
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static void backward(float[] dx, int dxOffset, float[] dHead, int dHeadOffset, float[] x, int xOffset,
            float[] head, int headOffset, int[] targets, int targetsOffset, float[] lse, int lseOffset, float scale,
            int rows, int dim, int vocabSize, Team team) {
        check(x, xOffset, head, headOffset, targets, targetsOffset, rows, dim, vocabSize);
        Check.range("lse", lse, lseOffset, rows);
        Check.range("dx", dx, dxOffset, (long) rows * dim);
        if (dHead != null) {
            Check.range("dHead", dHead, dHeadOffset, (long) vocabSize * dim);
        }
        Tile tile = new Tile(rows, dim, vocabSize, team);
        float[] dxRows = team.scratch(CrossEntropy.class, 2, Math.min(rows, ROWS) * dim);
        for (int block = 0; block < Math.ceilDiv(rows, ROWS); block++) {
            int count = tile.gather(x, xOffset, targets, targetsOffset, block * ROWS, Blocks.end(block, ROWS, rows));
            for (int chunk = 0; chunk < Math.ceilDiv(vocabSize, VOCAB); chunk++) {
                int from = chunk * VOCAB;
                int width = tile.logits(head, headOffset, from, count);
                team.run(Math.ceilDiv(count, TASK_ROWS), (task, worker) -> {
                    for (int i = task * TASK_ROWS; i < Blocks.end(task, TASK_ROWS, count); i++) {
                        int row = tile.row(i);
                        int target = targets[targetsOffset + row] - from;
                        if (Kernels.VECTOR) {
                            CrossEntropyVector.gradient(tile.logits, i * width, width, lse[lseOffset + row], scale);
                        } else {
                            plainGradient(tile.logits, i * width, width, lse[lseOffset + row], scale);
                        }
                        if (target >= 0 && target < width) {
                            tile.logits[i * width + target] -= scale;
                        }
                    }
                });
                MatMul.ab(dxRows, 0, tile.logits, 0, head, headOffset + from * dim, count, dim, width, from > 0, team);
                if (dHead != null) {
                    MatMul.atb(dHead, dHeadOffset + from * dim, tile.logits, 0, tile.x, 0, width, dim, count, true, team);
                }
            }
            for (int i = 0; i < count; i++) {
                int dxo = dxOffset + tile.row(i) * dim;
                Add.plain(dx, dxo, dx, dxo, dxRows, i * dim, dim);
            }
        }
    }

    /** Logits become {@code scale * exp(logit - lse)}, in place. */
    static void plainGradient(float[] logits, int offset, int n, float lse, float scale) {
        for (int i = 0; i < n; i++) {
            logits[offset + i] = (float) (scale * Math.exp((double) logits[offset + i] - lse));
        }
    }

    /** How many of the targets are not masked. */
    public static int count(int[] targets, int targetsOffset, int rows) {
        Check.notNegative("rows", rows);
        Check.range("targets", targets, targetsOffset, rows);
        int count = 0;
        for (int row = 0; row < rows; row++) {
            if (targets[targetsOffset + row] >= 0) {
                count++;
            }
        }
        return count;
    }

    private static void check(float[] x, int xOffset, float[] head, int headOffset, int[] targets, int targetsOffset,
            int rows, int dim, int vocabSize) {
        Check.notNegative("rows", rows);
        Check.positive("dim", dim);
        Check.positive("vocabSize", vocabSize);
        Check.range("x", x, xOffset, (long) rows * dim);
        Check.range("head", head, headOffset, (long) vocabSize * dim);
        Check.range("targets", targets, targetsOffset, rows);
        for (int row = 0; row < rows; row++) {
            if (targets[targetsOffset + row] >= vocabSize) {
                throw new IllegalArgumentException("targets[" + (targetsOffset + row) + "] = " + targets[targetsOffset + row]
                        + ": must be below vocabSize = " + vocabSize + " (negative to mask)");
            }
        }
    }

    /** The unmasked rows of a block, packed, and the tile of logits they are multiplied into; a view of the team's scratch. */
    private static final class Tile {
        final float[] logits;
        final float[] x;
        final double[] state;
        private final int dim;
        private final int vocabSize;
        private final Team team;

        Tile(int rows, int dim, int vocabSize, Team team) {
            this.dim = dim;
            this.vocabSize = vocabSize;
            this.team = team;
            int most = Math.min(rows, ROWS);
            logits = team.scratch(CrossEntropy.class, 0, most * Math.min(vocabSize, VOCAB));
            x = team.scratch(CrossEntropy.class, 1, Math.multiplyExact(most, dim));
            state = team.scratchDoubles(CrossEntropy.class, most * STATE);
        }

        /** Packs the unmasked rows of [from, to) and returns their number. */
        int gather(float[] source, int offset, int[] targets, int targetsOffset, int from, int to) {
            int count = 0;
            for (int row = from; row < to; row++) {
                if (targets[targetsOffset + row] >= 0) {
                    System.arraycopy(source, offset + row * dim, x, count * dim, dim);
                    state[count * STATE + ROW] = row;
                    state[count * STATE + MAX] = Double.NEGATIVE_INFINITY;
                    state[count * STATE + SUM] = 0;
                    count++;
                }
            }
            return count;
        }

        /** Row in x of the packed row {@code i}. */
        int row(int i) {
            return (int) state[i * STATE + ROW];
        }

        /** Fills the tile with the logits of the tokens from {@code from} on, [count, width], and returns width. */
        int logits(float[] head, int headOffset, int from, int count) {
            int width = Math.min(VOCAB, vocabSize - from);
            MatMul.abt(logits, 0, x, 0, head, headOffset + from * dim, count, width, dim, false, team);
            return width;
        }
    }
}
