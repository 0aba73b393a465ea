package org.neuralattention.kernels;

import java.util.Map;
import java.util.SplittableRandom;
import org.neuralattention.kernels.KernelCase.Maker;

/** Losses against a teacher. */
final class DistillationCases {

    static final Map<String, Maker> ALL = Map.of("KlDivergence", KlDivergenceCase::new, "SquaredDistance", SquaredDistanceCase::new);

    private static final float SCALE = 0.25f;

    private DistillationCases() {}

    private static final class KlDivergenceCase extends KernelCase {
        final int rows = size("rows", 20);
        final int dim = size("dim", 100);
        final int vocabSize = size("vocab", 600);
        final Slice x = input(rows * dim, 1);
        final Slice teacher = input(rows * dim, 1);
        final Slice head = input(vocabSize * dim, 0.3);
        final int[] targets = random.ints(rows, -1, 3).toArray();
        final Slice losses = output("losses", rows);
        final Slice dx = gradient("dx", rows * dim);
        final Slice dHead = gradient("dHead", vocabSize * dim);

        KlDivergenceCase(SplittableRandom random, boolean large) {
            super(random, large);
        }

        @Override
        void run(Team team) {
            KlDivergence.forwardBackward(losses.array, losses.offset, dx.array, dx.offset, dHead.array, dHead.offset, x.array, x.offset,
                    teacher.array, teacher.offset, head.array, head.offset, new WeightMatrix.F32(head.array, head.offset, vocabSize, dim),
                    targets, 0, SCALE, rows, dim, vocabSize, team);
        }

        @Override
        double[][] define(Precision p) {
            double[] loss = new double[rows];
            double[] gx = start(1);
            double[] gh = start(2);
            for (int row = 0; row < rows; row++) {
                if (targets[row] >= 0) {
                    row(row, loss, gx, gh, p);
                }
            }
            return new double[][] {loss, gx, gh};
        }

        private void row(int row, double[] loss, double[] gx, double[] gh, Precision p) {
            double[] student = logSoftmax(x, row, p);
            double[] t = logSoftmax(teacher, row, p);
            for (int v = 0; v < vocabSize; v++) {
                loss[row] = p.of(loss[row] + p.of(p.exp(t[v]) * p.of(t[v] - student[v])));
                double g = p.of(SCALE * p.of(p.exp(student[v]) - p.exp(t[v])));
                for (int i = 0; i < dim; i++) {
                    gx[row * dim + i] = p.of(gx[row * dim + i] + p.of(g * head.array[head.offset + v * dim + i]));
                    gh[v * dim + i] = p.of(gh[v * dim + i] + p.of(g * x.array[x.offset + row * dim + i]));
                }
            }
        }

        private double[] logSoftmax(Slice of, int row, Precision p) {
            double[] logits = new double[vocabSize];
            double max = Double.NEGATIVE_INFINITY;
            for (int v = 0; v < vocabSize; v++) {
                logits[v] = p.dot(of.array, of.offset + row * dim, 1, head.array, head.offset + v * dim, 1, dim);
                max = Math.max(max, logits[v]);
            }
            double sum = 0;
            for (int v = 0; v < vocabSize; v++) {
                sum = p.of(sum + p.exp(p.of(logits[v] - max)));
            }
            double lse = p.of(max + p.of(Math.log(sum)));
            for (int v = 0; v < vocabSize; v++) {
                logits[v] = p.of(logits[v] - lse);
            }
            return logits;
        }
    }

    private static final class SquaredDistanceCase extends KernelCase {
        final int rows;
        final int dim;
        final Slice x;
        final Slice teacher;
        final int[] targets;
        final Slice losses;
        final Slice dx;

        SquaredDistanceCase(SplittableRandom random, boolean large) {
            super(random, large);
            rows = size("rows", large ? 300 : 9);
            dim = size("dim", 1100);
            x = input(rows * dim, 1);
            teacher = input(rows * dim, 1);
            targets = random.ints(rows, -1, 3).toArray();
            losses = output("losses", rows);
            dx = gradient("dx", rows * dim);
        }

        @Override
        void run(Team team) {
            SquaredDistance.forwardBackward(losses.array, losses.offset, dx.array, dx.offset, x.array, x.offset, teacher.array, teacher.offset,
                    targets, 0, SCALE, rows, dim, team);
        }

        @Override
        double[][] define(Precision p) {
            double[] loss = new double[rows];
            double[] g = start(1);
            for (int i = 0; i < rows * dim; i++) {
                if (targets[i / dim] >= 0) {
                    double apart = p.of((double) x.array[x.offset + i] - teacher.array[teacher.offset + i]);
                    loss[i / dim] = p.of(loss[i / dim] + p.of(0.5 * p.of(apart * apart)));
                    g[i] = p.of(g[i] + p.of(SCALE * apart));
                }
            }
            return new double[][] {loss, g};
        }
    }
}
