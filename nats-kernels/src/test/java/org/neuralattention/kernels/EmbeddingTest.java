package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Embedding, Add and Bias. */
class EmbeddingTest {

    @Test
    void forwardCopiesRowsAndBackwardAddsThemBack() {
        SplittableRandom random = new SplittableRandom(1);
        for (int dim : Slice.LENGTHS) {
            int rows = 9;
            int vocabSize = 4;
            int[] ids = new int[rows + 2];
            ids[0] = -1;
            ids[1] = 99;
            Slice table = Slice.random(random, vocabSize * dim, 1);
            Slice dOut = Slice.random(random, rows * dim, 1);
            Slice dTable = Slice.random(random, vocabSize * dim, 1);
            double[] expected = new double[rows * dim];
            double[] expectedTable = dTable.values();
            for (int row = 0; row < rows; row++) {
                ids[2 + row] = random.nextInt(vocabSize);
                for (int i = 0; i < dim; i++) {
                    expected[row * dim + i] = table.values()[ids[2 + row] * dim + i];
                    expectedTable[ids[2 + row] * dim + i] += dOut.values()[row * dim + i];
                }
            }
            Slice out = new Slice(rows * dim);
            Embedding.forward(out.array, out.offset, ids, 2, table.array, table.offset, rows, dim, vocabSize, Team.serial());
            Embedding.backward(dTable.array, dTable.offset, dOut.array, dOut.offset, ids, 2, rows, dim, vocabSize, Team.serial());
            out.assertEach(expected, 0, 0, "out, dim " + dim);
            dTable.assertEach(expectedTable, 1e-6, 1e-6, "dTable, dim " + dim);
        }
    }

    @Test
    void anIdOutsideTheVocabularyIsNamedWithItsPlace() {
        float[] a = new float[64];
        for (int bad : new int[] {-1, 4, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            int[] ids = {0, 3, bad};
            for (Runnable op : new Runnable[] {
                () -> Embedding.forward(a, 0, ids, 1, a, 0, 2, 8, 4, Team.serial()),
                () -> Embedding.backward(a, 0, a, 0, ids, 1, 2, 8, 4, Team.serial())}) {
                String message = assertThrows(IllegalArgumentException.class, op::run).getMessage();
                assertTrue(message.contains("ids[2] = " + bad) && message.contains("[0, 4)"), message);
            }
        }
    }

    @Test
    void addAndBiasAreTheSumsAtEveryLength() {
        SplittableRandom random = new SplittableRandom(2);
        for (int n : Slice.LENGTHS) {
            int rows = 3;
            Slice a = Slice.random(random, rows * n, 1);
            Slice b = Slice.random(random, rows * n, 1);
            Slice bias = Slice.random(random, n, 1);
            Slice out = new Slice(rows * n);
            Add.forward(out.array, out.offset, a.array, a.offset, b.array, b.offset, rows * n, Team.serial());
            out.assertEach(Slice.plus(a.values(), b.values()), 1e-7, 0, "a + b");
            Slice aliased = a.copy();
            Add.forward(aliased.array, aliased.offset, aliased.array, aliased.offset, b.array, b.offset, rows * n, Team.serial());
            aliased.assertEach(out.values(), 0, 0, "a += b");

            double[] expected = a.values();
            double[] dBias = bias.values();
            for (int i = 0; i < rows * n; i++) {
                expected[i] += bias.values()[i % n];
                dBias[i % n] += b.values()[i];
            }
            Bias.forward(a.array, a.offset, bias.array, bias.offset, rows, n, Team.serial());
            a.assertEach(expected, 1e-7, 0, "x + bias");
            Bias.backward(bias.array, bias.offset, b.array, b.offset, rows, n, Team.serial());
            bias.assertEach(dBias, 1e-6, 1e-6, "dBias");
        }
    }

    @Test
    void sameBitsForAnyTeam() {
        SplittableRandom random = new SplittableRandom(3);
        int rows = 300;
        int dim = 257;
        int vocabSize = 11;
        int[] ids = random.ints(rows, 0, vocabSize).toArray();
        Slice d = Slice.random(random, rows * dim, 1);
        Slice.assertSameBitsForAnyTeam(team -> {
            Slice[] made = {new Slice(vocabSize * dim), new Slice(rows * dim), new Slice(dim), new Slice(rows * dim)};
            Embedding.backward(made[0].array, made[0].offset, d.array, d.offset, ids, 0, rows, dim, vocabSize, team);
            Embedding.forward(made[1].array, made[1].offset, ids, 0, made[0].array, made[0].offset, rows, dim, vocabSize, team);
            Bias.backward(made[2].array, made[2].offset, d.array, d.offset, rows, dim, team);
            Add.forward(made[3].array, made[3].offset, made[1].array, made[1].offset, d.array, d.offset, rows * dim, team);
            Bias.forward(made[3].array, made[3].offset, made[2].array, made[2].offset, rows, dim, team);
            return made;
        });
        Add.forward(new float[0], 0, new float[0], 0, new float[0], 0, 0, Team.serial());
    }
}
