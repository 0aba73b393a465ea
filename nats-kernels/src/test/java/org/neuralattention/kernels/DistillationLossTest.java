package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** {@link KlDivergence} and {@link SquaredDistance}: losses against their definitions, gradients against finite differences. */
class DistillationLossTest {

    private static final Team TEAM = Team.serial();

    private static double[] logSoftmax(double[] x, double[] head, int row, int dim) {
        double[] logits = new double[head.length / dim];
        for (int v = 0; v < logits.length; v++) {
            for (int i = 0; i < dim; i++) {
                logits[v] += x[row * dim + i] * head[v * dim + i];
            }
        }
        double max = Arrays.stream(logits).max().orElseThrow();
        double lse = max + Math.log(Arrays.stream(logits).map(l -> Math.exp(l - max)).sum());
        return Arrays.stream(logits).map(l -> l - lse).toArray();
    }

    private static double[] divergences(double[] x, double[] teacherX, double[] head, double[] teacherHead, int[] targets, int dim, int teacherDim) {
        double[] losses = new double[targets.length];
        for (int row = 0; row < targets.length; row++) {
            double[] p = logSoftmax(x, head, row, dim);
            double[] t = logSoftmax(teacherX, teacherHead, row, teacherDim);
            for (int v = 0; v < p.length && targets[row] >= 0; v++) {
                losses[row] += Math.exp(t[v]) * (t[v] - p[v]);
            }
        }
        return losses;
    }

    private static int[] targets(SplittableRandom random, int rows) {
        return random.ints(rows, -1, 3).toArray();
    }

    private static double kl(Slice losses, Slice dx, Slice dHead, Slice x, Slice teacherX, Slice head, Slice teacherHead,
            int[] targets, float scale, int dim, Team team) {
        int vocabSize = head.n / dim;
        return KlDivergence.forwardBackward(losses.array, losses.offset, dx.array, dx.offset, dHead == null ? null : dHead.array,
                dHead == null ? 0 : dHead.offset, x.array, x.offset, teacherX.array, teacherX.offset, head.array, head.offset,
                new WeightMatrix.F32(teacherHead.array, teacherHead.offset, vocabSize, teacherHead.n / vocabSize),
                targets, 0, scale, targets.length, dim, vocabSize, team);
    }

    @Property(tries = 40)
    void divergenceAndItsGradientAreTheDefinition(@ForAll @IntRange(min = 1, max = 9) int rows, @ForAll @IntRange(min = 1, max = 20) int dim,
            @ForAll @IntRange(min = 1, max = 70) int vocabSize, @ForAll boolean frozen, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int teacherDim = 1 + random.nextInt(12);
        Slice x = Slice.random(random, rows * dim, 1);
        Slice teacherX = Slice.random(random, rows * teacherDim, 1);
        Slice head = Slice.random(random, vocabSize * dim, 1);
        Slice teacherHead = Slice.random(random, vocabSize * teacherDim, 1);
        int[] targets = targets(random, rows);
        Slice dx = Slice.random(random, rows * dim, 1);
        Slice dHead = frozen ? null : Slice.random(random, vocabSize * dim, 1);
        float scale = 0.37f;
        double[] expected = divergences(x.values(), teacherX.values(), head.values(), teacherHead.values(), targets, dim, teacherDim);
        double[] expectedX = Slice.plus(dx.values(), Slice.gradient(x.values(), v -> scale
                * sum(divergences(v, teacherX.values(), head.values(), teacherHead.values(), targets, dim, teacherDim))));
        double[] expectedHead = frozen ? null : Slice.plus(dHead.values(), Slice.gradient(head.values(), v -> scale
                * sum(divergences(x.values(), teacherX.values(), v, teacherHead.values(), targets, dim, teacherDim))));
        Slice losses = new Slice(rows);
        double sum = kl(losses, dx, dHead, x, teacherX, head, teacherHead, targets, scale, dim, TEAM);
        losses.assertEach(expected, 2e-6, 4e-6, "losses");
        assertEquals(sum(expected), sum, 4e-6 * rows);
        dx.assertEach(expectedX, 2e-6, 8e-6, "dx");
        if (!frozen) {
            dHead.assertEach(expectedHead, 2e-6, 8e-6, "dHead");
        }
    }

    private static double sum(double[] values) {
        return Arrays.stream(values).sum();
    }

    @Test
    void aModelIsAtNoDistanceFromItself() {
        SplittableRandom random = new SplittableRandom(1);
        Slice x = Slice.random(random, 6 * 8, 3);
        Slice head = Slice.random(random, 40 * 8, 3);
        Slice dx = new Slice(x.n);
        assertEquals(0, kl(new Slice(6), dx, null, x, x, head, head, new int[6], 1, 8, TEAM), 1e-6);
        dx.assertEach(new double[x.n], 0, 0, "dx");
        assertEquals(0, squared(new Slice(6), dx, x, x, new int[6], 1, 8, TEAM));
    }

    @Test
    void blocksOfRowsAndAnyTeamGiveTheSameBits() {
        SplittableRandom random = new SplittableRandom(4);
        int rows = KlDivergence.ROWS + 70;
        int dim = 24;
        int vocabSize = 100;
        Slice x = Slice.random(random, rows * dim, 1);
        Slice teacherX = Slice.random(random, rows * dim, 1);
        Slice head = Slice.random(random, vocabSize * dim, 1);
        int[] targets = targets(random, rows);
        Slice.assertSameBitsForAnyTeam(team -> {
            Slice[] made = {new Slice(rows), new Slice(rows * dim), new Slice(vocabSize * dim), new Slice(rows), new Slice(rows * dim)};
            kl(made[0], made[1], made[2], x, teacherX, head, head, targets, 1, dim, team);
            squared(made[3], made[4], x, teacherX, targets, 1, dim, team);
            made[0].assertEach(divergences(x.values(), teacherX.values(), head.values(), head.values(), targets, dim, dim), 4e-6, 8e-6, "losses");
            return made;
        });
    }

    private static double squared(Slice losses, Slice dx, Slice x, Slice teacher, int[] targets, float scale, int dim, Team team) {
        return SquaredDistance.forwardBackward(losses.array, losses.offset, dx.array, dx.offset, x.array, x.offset, teacher.array, teacher.offset,
                targets, 0, scale, targets.length, dim, team);
    }

    @Test
    void halfTheSquaredDistanceOfRowsThatAreAsked() {
        Slice dx = Slice.of(new double[] {1, 1, 1, 1});
        Slice losses = Slice.of(new double[] {9, 9});
        double sum = squared(losses, dx, Slice.of(new double[] {3, 0, 5, 5}), Slice.of(new double[] {1, -1, 0, 0}), new int[] {7, -1}, 0.5f, 2, TEAM);
        assertEquals(2.5, sum);
        losses.assertEach(new double[] {2.5, 0}, 0, 0, "losses");
        dx.assertEach(new double[] {2, 1.5, 1, 1}, 0, 0, "dx");
    }

    @Test
    void aTeacherOfAnotherVocabularyIsRefused() {
        float[] a = new float[16];
        assertThrows(IllegalArgumentException.class, () -> KlDivergence.forwardBackward(a, 0, a, 0, null, 0, a, 0, a, 0, a, 0,
                new WeightMatrix.F32(a, 0, 3, 2), new int[1], 0, 1, 1, 2, 4, TEAM));
        assertThrows(IndexOutOfBoundsException.class, () -> SquaredDistance.forwardBackward(a, 0, a, 0, a, 0, a, 0, new int[1], 0, 1, 2, 16, TEAM));
    }
}
