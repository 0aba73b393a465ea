package org.neuralattention.kernels;

import java.util.Arrays;
import org.neuralattention.kernels.vector.CrossEntropyVector;

/**
 * Negative log-likelihood of target tokens under a softmax over a linear head:
 * {@code loss[row] = lse[row] - logits[row, target]}, {@code lse[row] = log(sum over v of exp(logits[row, v]))},
 * {@code logits = x head^T}.
 *
 * <p>Shapes: x, dx [rows, dim]; head, dHead [vocabSize, dim]; targets, losses [rows]. Losses are in nats. A negative target
 * masks its row: its loss is 0, and the row of x is not read.
 *
 * <p>The logits are never stored whole: {@link #forward} passes tiles of {@link #ROWS} unmasked rows by {@link #VOCAB} tokens
 * through one scratch tile, {@link #forwardBackward} holds those of one block of rows, so that they are computed once. A running
 * maximum and sum per row (online softmax: Milakov and Gimelshein 2018) make any finite logits safe.
 */
public final class CrossEntropy {

    /** A tile of logits holds at most ROWS x VOCAB floats, 4 MiB; larger ones gain nothing in the matrix products. */
    static final int ROWS = 512;

    static final int VOCAB = 2048;

    /** Most logits held for the backward pass, 128 MiB: all of 512 rows to a vocabulary of 65,536, fewer rows beyond. */
    private static final int HELD = 1 << 25;

    /** Rows of a tile in one task: 16 x 2048 exponentials. */
    private static final int TASK_ROWS = 16;

    /** What a packed row carries from chunk to chunk: its row in x, running maximum and sum, logit of its target; at last its log-sum-exp. */
    private static final int ROW = 0;

    private static final int MAX = 1;
    private static final int SUM = 2;
    private static final int TARGET = 3;
    private static final int LSE = 4;
    private static final int STATE = 5;

    private CrossEntropy() {}

    /**
     * Writes {@code losses}; {@code head} may be of any format.
     *
     * @return the sum of the losses, in double and in the order of the rows; divide by {@link #count} for the mean
     * @throws IllegalArgumentException if a target is not below vocabSize
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static double forward(float[] losses, int lossesOffset, float[] x, int xOffset, WeightMatrix head,
            int[] targets, int targetsOffset, int rows, Team team) {
        int vocabSize = head.rows();
        int dim = head.cols();
        check(losses, lossesOffset, x, xOffset, targets, targetsOffset, rows, dim, vocabSize);
        Arrays.fill(losses, lossesOffset, lossesOffset + rows, 0);
        Tile tile = new Tile(Math.min(rows, ROWS), Math.min(vocabSize, VOCAB), targets, targetsOffset, dim, team);
        double sum = 0;
        for (int block = 0; block < Math.ceilDiv(rows, ROWS); block++) {
            tile.gather(x, xOffset, block * ROWS, Blocks.end(block, ROWS, rows));
            for (int from = 0; from < vocabSize; from += VOCAB) {
                tile.logits(0, head, from, Math.min(VOCAB, vocabSize - from));
            }
            sum += tile.losses(losses, lossesOffset);
        }
        return sum;
    }

    /** As above with a float32 head [vocabSize, dim]. */
    public static double forward(float[] losses, int lossesOffset, float[] x, int xOffset, float[] head, int headOffset,
            int[] targets, int targetsOffset, int rows, int dim, int vocabSize, Team team) {
        return forward(losses, lossesOffset, x, xOffset, new WeightMatrix.F32(head, headOffset, vocabSize, dim),
                targets, targetsOffset, rows, team);
    }

    /**
     * The loss and its gradient: writes {@code losses} and returns their sum as {@link #forward} does, and adds {@code scale} times
     * the gradient of that sum to {@code dx} and {@code dHead}: with {@code g = scale * (softmax(logits) - onehot(target))},
     * {@code dx += g head} and {@code dHead += g^T x}. {@code dHead} may be null: the head is frozen. For the mean loss,
     * {@code scale = 1 / count}.
     *
     * @throws IllegalArgumentException if a target is not below vocabSize
     * @throws IndexOutOfBoundsException if a shape does not fit its array
     */
    public static double forwardBackward(float[] losses, int lossesOffset, float[] dx, int dxOffset, float[] dHead, int dHeadOffset,
            float[] x, int xOffset, float[] head, int headOffset, int[] targets, int targetsOffset, float scale,
            int rows, int dim, int vocabSize, Team team) {
        check(losses, lossesOffset, x, xOffset, targets, targetsOffset, rows, dim, vocabSize);
        WeightMatrix weights = new WeightMatrix.F32(head, headOffset, vocabSize, dim);
        Check.range("dx", dx, dxOffset, (long) rows * dim);
        if (dHead != null) {
            Check.range("dHead", dHead, dHeadOffset, (long) vocabSize * dim);
        }
        Arrays.fill(losses, lossesOffset, lossesOffset + rows, 0);
        int blockRows = Math.clamp(HELD / vocabSize, 1, ROWS);
        Tile tile = new Tile(Math.min(rows, blockRows), vocabSize, targets, targetsOffset, dim, team);
        float[] dxRows = team.scratch(CrossEntropy.class, 2, Math.min(rows, blockRows) * dim);
        double sum = 0;
        for (int block = 0; block < Math.ceilDiv(rows, blockRows); block++) {
            int count = tile.gather(x, xOffset, block * blockRows, Blocks.end(block, blockRows, rows));
            for (int from = 0; from < vocabSize; from += VOCAB) {
                tile.logits(from * count, weights, from, Math.min(VOCAB, vocabSize - from));
            }
            sum += tile.losses(losses, lossesOffset);
            for (int from = 0; from < vocabSize; from += VOCAB) {
                int width = Math.min(VOCAB, vocabSize - from);
                tile.gradient(from * count, from, width, scale);
                MatMul.ab(dxRows, 0, tile.logits, from * count, head, headOffset + from * dim, count, dim, width, from > 0, team);
                if (dHead != null) {
                    MatMul.atb(dHead, dHeadOffset + from * dim, tile.logits, from * count, tile.x, 0, width, dim, count, true, team);
                }
            }
            for (int i = 0; i < count; i++) {
                int dxo = dxOffset + tile.row(i) * dim;
                Add.plain(dx, dxo, dx, dxo, dxRows, i * dim, dim);
            }
        }
        return sum;
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

    private static void check(float[] losses, int lossesOffset, float[] x, int xOffset,
            int[] targets, int targetsOffset, int rows, int dim, int vocabSize) {
        Check.notNegative("rows", rows);
        Check.positive("dim", dim);
        Check.positive("vocabSize", vocabSize);
        Check.range("losses", losses, lossesOffset, rows);
        Check.range("x", x, xOffset, (long) rows * dim);
        Check.range("targets", targets, targetsOffset, rows);
        for (int row = 0; row < rows; row++) {
            if (targets[targetsOffset + row] >= vocabSize) {
                throw new IllegalArgumentException("targets[" + (targetsOffset + row) + "] = " + targets[targetsOffset + row]
                        + ": must be below vocabSize = " + vocabSize + " (negative to mask)");
            }
        }
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

    /** Logits become {@code scale * exp(logit - lse)}, in place. */
    static void plainGradient(float[] logits, int offset, int n, float lse, float scale) {
        for (int i = 0; i < n; i++) {
            logits[offset + i] = (float) (scale * Math.exp((double) logits[offset + i] - lse));
        }
    }

    /** The unmasked rows of a block, packed, and their logits, chunk after chunk of the vocabulary, each [count, width]; a view of the team's scratch. */
    private static final class Tile {
        final float[] logits;
        final float[] x;
        private final double[] state;
        private final int[] targets;
        private final int targetsOffset;
        private final int dim;
        private final Team team;
        private int count;

        /** For at most {@code rows} rows and {@code width} logits of each. */
        Tile(int rows, int width, int[] targets, int targetsOffset, int dim, Team team) {
            this.targets = targets;
            this.targetsOffset = targetsOffset;
            this.dim = dim;
            this.team = team;
            logits = team.scratch(CrossEntropy.class, 0, rows * width);
            x = team.scratch(CrossEntropy.class, 1, Math.multiplyExact(rows, dim));
            state = team.scratchDoubles(CrossEntropy.class, rows * STATE);
        }

        /** Packs the unmasked rows of [from, to) and returns their number. */
        int gather(float[] source, int offset, int from, int to) {
            count = 0;
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

        /** Computes the logits of {@code width} tokens from {@code from} on, to {@code at}, and takes them into the running sums. */
        void logits(int at, WeightMatrix head, int from, int width) {
            MatMul.abt(logits, at, x, 0, head.slice(from, width), count, team);
            team.run(Math.ceilDiv(count, TASK_ROWS), (task, worker) -> {
                for (int i = task * TASK_ROWS; i < Blocks.end(task, TASK_ROWS, count); i++) {
                    accumulate(i * STATE, at + i * width, width, targets[targetsOffset + row(i)] - from);
                }
            });
        }

        private void accumulate(int s, int at, int width, int target) {
            if (target >= 0 && target < width) {
                state[s + TARGET] = logits[at + target];
            }
            double before = state[s + MAX];
            double max = Math.max(before, Kernels.VECTOR ? CrossEntropyVector.max(logits, at, width) : plainMax(logits, at, width));
            double sum = Kernels.VECTOR ? CrossEntropyVector.sumExp(logits, at, width, (float) max)
                    : plainSumExp(logits, at, width, (float) max);
            state[s + SUM] = state[s + SUM] * Math.exp(before - max) + sum;
            state[s + MAX] = max;
        }

        /** Writes the losses of the rows, once all logits were taken in, and returns their sum. */
        double losses(float[] losses, int lossesOffset) {
            double sum = 0;
            for (int s = 0; s < count * STATE; s += STATE) {
                double logSum = Math.log(state[s + SUM]);
                float loss = (float) (state[s + MAX] - state[s + TARGET] + logSum);
                losses[lossesOffset + (int) state[s + ROW]] = loss;
                state[s + LSE] = state[s + MAX] + logSum;
                sum += loss;
            }
            return sum;
        }

        /** The logits at {@code at}, of the tokens from {@code from} on, become {@code scale * (softmax - onehot(target))}. */
        void gradient(int at, int from, int width, float scale) {
            team.run(Math.ceilDiv(count, TASK_ROWS), (task, worker) -> {
                for (int i = task * TASK_ROWS; i < Blocks.end(task, TASK_ROWS, count); i++) {
                    float lse = (float) state[i * STATE + LSE];
                    if (Kernels.VECTOR) {
                        CrossEntropyVector.gradient(logits, at + i * width, width, lse, scale);
                    } else {
                        plainGradient(logits, at + i * width, width, lse, scale);
                    }
                    int target = targets[targetsOffset + row(i)] - from;
                    if (target >= 0 && target < width) {
                        logits[at + i * width + target] -= scale;
                    }
                }
            });
        }
    }
}
