package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class CrossEntropyTest {

    /** One team for many calls: what a call leaves in its scratch must not reach the next. */
    private static final Team TEAM = Team.serial();

    private static double[] losses(double[] x, double[] head, int[] targets, int dim) {
        int vocabSize = head.length / dim;
        double[] losses = new double[targets.length];
        double[] logits = new double[vocabSize];
        for (int row = 0; row < targets.length; row++) {
            if (targets[row] < 0) {
                continue;
            }
            double max = Double.NEGATIVE_INFINITY;
            for (int token = 0; token < vocabSize; token++) {
                logits[token] = 0;
                for (int i = 0; i < dim; i++) {
                    logits[token] += x[row * dim + i] * head[token * dim + i];
                }
                max = Math.max(max, logits[token]);
            }
            double sum = 0;
            for (double logit : logits) {
                sum += Math.exp(logit - max);
            }
            losses[row] = max + Math.log(sum) - logits[targets[row]];
        }
        return losses;
    }

    private static int[] targets(SplittableRandom random, int rows, int vocabSize) {
        int[] targets = new int[rows];
        for (int row = 0; row < rows; row++) {
            targets[row] = random.nextInt(4) == 0 ? -1 - random.nextInt(100) : random.nextInt(vocabSize);
        }
        return targets;
    }

    private static double forward(Slice losses, Slice x, Slice head, int[] targets, int dim, Team team) {
        return CrossEntropy.forward(losses.array, losses.offset, x.array, x.offset, head.array, head.offset,
                targets, 0, targets.length, dim, head.n / dim, team);
    }

    /** Its losses must be the forward pass's, to the bit. */
    private static double forwardBackward(Slice losses, Slice dx, Slice dHead, Slice x, Slice head, int[] targets, float scale, int dim, Team team) {
        double sum = CrossEntropy.forwardBackward(losses.array, losses.offset, dx.array, dx.offset, dHead == null ? null : dHead.array,
                dHead == null ? 0 : dHead.offset, x.array, x.offset, head.array, head.offset, targets, 0, scale,
                targets.length, dim, head.n / dim, team);
        Slice alone = new Slice(targets.length);
        assertEquals(forward(alone, x, head, targets, dim, team), sum, "sum of the losses");
        assertArrayEquals(alone.values(), losses.values(), "losses");
        return sum;
    }

    private static double sum(double[] values) {
        return Arrays.stream(values).sum();
    }

    @Test
    void lossesAreThePlainSoftmaxAroundEveryChunkBoundary() {
        SplittableRandom random = new SplittableRandom(1);
        int dim = 3;
        for (int vocabSize : new int[] {1, 2, 17, CrossEntropy.VOCAB - 1, CrossEntropy.VOCAB, CrossEntropy.VOCAB + 1, 2 * CrossEntropy.VOCAB + 5}) {
            Slice head = Slice.random(random, vocabSize * dim, 2);
            Slice x = Slice.random(random, 20 * dim, 2);
            int[] targets = targets(random, 20, vocabSize);
            targets[0] = vocabSize - 1;
            targets[1] = 0;
            Slice losses = new Slice(20);
            double sum = forward(losses, x, head, targets, dim, Team.serial());
            double[] expected = losses(x.values(), head.values(), targets, dim);
            losses.assertEach(expected, 1e-6, 2e-6, "vocabSize " + vocabSize);
            assertEquals(sum(expected), sum, 2e-5);
        }
    }

    @Test
    void severalBlocksOfRowsAndMaskedRowsAreNotRead() {
        SplittableRandom random = new SplittableRandom(2);
        int dim = 4;
        int vocabSize = 9;
        int rows = 2 * CrossEntropy.ROWS + 3;
        int[] targets = targets(random, rows, vocabSize);
        Arrays.fill(targets, CrossEntropy.ROWS, 2 * CrossEntropy.ROWS, -1); // a whole block
        Slice x = Slice.random(random, rows * dim, 1);
        Slice head = Slice.random(random, vocabSize * dim, 1);
        double[] clean = x.values();
        for (int row = 0; row < rows; row++) {
            if (targets[row] < 0) {
                Arrays.fill(x.array, x.offset + row * dim, x.offset + row * dim + dim, Float.NaN);
            }
        }
        Slice losses = Slice.random(random, rows, 1);
        forward(losses, x, head, targets, dim, Team.serial());
        losses.assertEach(losses(clean, head.values(), targets, dim), 1e-6, 1e-6, "losses");
        Slice dx = new Slice(rows * dim);
        Slice dHead = new Slice(vocabSize * dim);
        forwardBackward(losses, dx, dHead, x, head, targets, 1, dim, Team.serial());
        for (int row = 0; row < rows; row++) {
            boolean zero = true;
            for (int i = 0; i < dim; i++) {
                zero &= dx.array[dx.offset + row * dim + i] == 0;
            }
            assertEquals(targets[row] < 0, zero, "row " + row);
            assertTrue(targets[row] >= 0 || losses.array[losses.offset + row] == 0);
        }
        dHead.assertNear(Slice.gradient(head.values(), v -> sum(losses(clean, v, targets, dim))), 1e-5, "dHead");
        assertEquals(Arrays.stream(targets).filter(t -> t >= 0).count(), CrossEntropy.count(targets, 0, rows));
    }

    @Test
    void hugeLogitsStayExact() {
        // The logit of token t is t's weight times 100: up to 1e4 in size, apart by 0, 1 or 20000.
        Slice head = Slice.of(new double[] {100, 100, 99.99, -100});
        Slice x = Slice.of(new double[] {100, 100, 100, -100});
        int[] targets = {0, 2, 3, 3};
        double[] expected = losses(x.values(), head.values(), targets, 1);
        Slice losses = new Slice(4);
        forward(losses, x, head, targets, 1, Team.serial());
        losses.assertEach(expected, 1e-6, 1e-3, "losses"); // 1e-3 is a float's rounding at 1e4
        Slice dx = new Slice(4);
        forwardBackward(losses, dx, new Slice(4), x, head, targets, 1, 1, Team.serial());
        dx.assertNear(Slice.gradient(x.values(), v -> sum(losses(v, head.values(), targets, 1))), 1e-3, "dx");
    }

    @Property(tries = 30)
    void backwardAddsTheScaledFiniteDifferences(@ForAll @IntRange(min = 1, max = 9) int rows, @ForAll @IntRange(min = 1, max = 20) int dim,
            @ForAll @IntRange(min = 1, max = 50) int vocabSize, @ForAll boolean frozen, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Slice x = Slice.random(random, rows * dim, 1);
        Slice head = Slice.random(random, vocabSize * dim, 1);
        int[] targets = targets(random, rows, vocabSize);
        Slice dx = Slice.random(random, rows * dim, 1);
        Slice dHead = frozen ? null : Slice.random(random, vocabSize * dim, 1);
        float scale = 0.37f;
        double[] expectedX = Slice.plus(dx.values(), Slice.gradient(x.values(), v -> scale * sum(losses(v, head.values(), targets, dim))));
        double[] expectedHead = frozen ? null
                : Slice.plus(dHead.values(), Slice.gradient(head.values(), v -> scale * sum(losses(x.values(), v, targets, dim))));
        forwardBackward(new Slice(rows), dx, dHead, x, head, targets, scale, dim, TEAM);
        dx.assertEach(expectedX, 2e-6, 4e-6, "dx");
        if (!frozen) {
            dHead.assertEach(expectedHead, 2e-6, 4e-6, "dHead");
        }
    }

    @Test
    void backwardOverSeveralChunks() {
        SplittableRandom random = new SplittableRandom(3);
        int dim = 5;
        int vocabSize = CrossEntropy.VOCAB + 3;
        Slice x = Slice.random(random, 3 * dim, 1);
        Slice head = Slice.random(random, vocabSize * dim, 1);
        int[] targets = {CrossEntropy.VOCAB + 1, 7, -1};
        Slice dx = new Slice(3 * dim);
        Slice dHead = new Slice(vocabSize * dim);
        forwardBackward(new Slice(3), dx, dHead, x, head, targets, 0.5f, dim, Team.serial());
        dx.assertNear(Slice.gradient(x.values(), v -> 0.5 * sum(losses(v, head.values(), targets, dim))), 1e-5, "dx");
        for (int row = 0; row < 2; row++) {
            double[] single = new double[dim];
            for (int i = 0; i < dim; i++) {
                single[i] = dHead.values()[targets[row] * dim + i];
            }
            int at = targets[row] * dim;
            double[] expected = Slice.gradient(Arrays.copyOfRange(head.values(), at, at + dim), v -> {
                double[] changed = head.values();
                System.arraycopy(v, 0, changed, at, dim);
                return 0.5 * sum(losses(x.values(), changed, targets, dim));
            });
            Slice.of(single).assertNear(expected, 1e-5, "dHead of token " + targets[row]);
        }
    }

    @Test
    void aLargeVocabularyIsHeldInSmallerBlocksOfRows() {
        SplittableRandom random = new SplittableRandom(5);
        int vocabSize = 150_000; // 223 rows of it are held at a time
        int rows = 230;
        int[] targets = new int[rows];
        Arrays.fill(targets, -1);
        for (int row : new int[] {0, 222, 223, 229}) {
            targets[row] = random.nextInt(vocabSize);
        }
        Slice x = Slice.random(random, rows, 1);
        Slice head = Slice.random(random, vocabSize, 1);
        Slice dx = new Slice(rows);
        forwardBackward(new Slice(rows), dx, new Slice(vocabSize), x, head, targets, 1, 1, Team.serial());
        for (int row = 0; row < rows; row++) {
            if (targets[row] < 0) {
                assertEquals(0, dx.values()[row], "row " + row);
                continue;
            }
            double z = 0;
            double mean = 0;
            for (double h : head.values()) {
                double e = Math.exp(x.values()[row] * h);
                z += e;
                mean += e * h;
            }
            assertEquals(mean / z - head.values()[targets[row]], dx.values()[row], 1e-5, "row " + row);
        }
    }

    @Test
    void sameBitsForAnyTeam() {
        SplittableRandom random = new SplittableRandom(4);
        int rows = CrossEntropy.ROWS + 70;
        int dim = 24;
        int vocabSize = 300;
        Slice x = Slice.random(random, rows * dim, 1);
        Slice head = Slice.random(random, vocabSize * dim, 1);
        int[] targets = targets(random, rows, vocabSize);
        Slice.assertSameBitsForAnyTeam(team -> {
            Slice[] made = {new Slice(rows), new Slice(rows * dim), new Slice(vocabSize * dim)};
            forwardBackward(made[0], made[1], made[2], x, head, targets, 1, dim, team);
            return made;
        });
    }

    @Test
    void aTargetOutsideTheVocabularyIsNamed() {
        float[] a = new float[16];
        String message = assertThrows(IllegalArgumentException.class, () -> CrossEntropy.forward(a, 0, a, 0, a, 0,
                new int[] {0, 4}, 0, 2, 4, 4, Team.serial())).getMessage();
        assertTrue(message.contains("targets[1] = 4"), message);
    }
}
