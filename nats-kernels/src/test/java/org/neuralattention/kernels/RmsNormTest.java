package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RmsNormTest {

    private static final float EPS = 1e-5f;

    private static double[] reference(double[] x, double[] weight, int rows) {
        int dim = weight.length;
        double[] out = new double[x.length];
        for (int row = 0; row < rows; row++) {
            double squares = 0;
            for (int i = 0; i < dim; i++) {
                squares += x[row * dim + i] * x[row * dim + i];
            }
            for (int i = 0; i < dim; i++) {
                out[row * dim + i] = x[row * dim + i] / Math.sqrt(squares / dim + EPS) * weight[i];
            }
        }
        return out;
    }

    private static void forward(Slice out, Slice rstd, Slice x, Slice weight, Team team) {
        RmsNorm.forward(out.array, out.offset, rstd.array, rstd.offset, x.array, x.offset, weight.array, weight.offset,
                rstd.n, weight.n, EPS, team);
    }

    private static void backward(Slice dx, Slice dWeight, Slice dOut, Slice x, Slice weight, Slice rstd, Team team) {
        RmsNorm.backward(dx.array, dx.offset, dWeight.array, dWeight.offset, dOut.array, dOut.offset, x.array, x.offset,
                weight.array, weight.offset, rstd.array, rstd.offset, rstd.n, weight.n, team);
    }

    @Test
    void forwardIsTheEquationAtEveryLength() {
        SplittableRandom random = new SplittableRandom(1);
        for (int dim : Slice.LENGTHS) {
            for (double scale : new double[] {1e-6, 1, 1e6}) {
                int rows = 1 + random.nextInt(3);
                Slice x = Slice.random(random, rows * dim, scale);
                Slice weight = Slice.random(random, dim, 2);
                Slice out = new Slice(rows * dim);
                forward(out, new Slice(rows), x, weight, Team.serial());
                out.assertEach(reference(x.values(), weight.values(), rows), 4e-7, 0, "dim " + dim);
            }
        }
    }

    @Property(tries = 40)
    void backwardAddsTheFiniteDifferences(@ForAll @IntRange(min = 1, max = 5) int rows, @ForAll @IntRange(min = 1, max = 70) int dim,
            @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Slice x = Slice.random(random, rows * dim, 1);
        Slice weight = Slice.random(random, dim, 2);
        Slice dOut = Slice.random(random, rows * dim, 1);
        Slice dx = Slice.random(random, rows * dim, 1);
        Slice dWeight = Slice.random(random, dim, 1);
        double[] dx0 = dx.values();
        double[] dWeight0 = dWeight.values();
        Slice rstd = new Slice(rows);
        forward(new Slice(rows * dim), rstd, x, weight, Team.serial());
        backward(dx, dWeight, dOut, x, weight, rstd, Team.serial());
        double[] expectedX = Slice.gradient(x.values(), v -> Slice.dot(reference(v, weight.values(), rows), dOut.values()));
        double[] expectedWeight = Slice.gradient(weight.values(), v -> Slice.dot(reference(x.values(), v, rows), dOut.values()));
        double steepest = 1;
        for (double r : rstd.values()) {
            steepest = Math.max(steepest, r);
        }
        dx.assertEach(Slice.plus(dx0, expectedX), 4e-6, 4e-6 * steepest, "dx");
        dWeight.assertEach(Slice.plus(dWeight0, expectedWeight), 4e-6, 4e-6 * rows, "dWeight"); // terms of size 1 may cancel
    }

    @Test
    void sameBitsForAnyTeam() {
        SplittableRandom random = new SplittableRandom(2);
        int rows = 101;
        int dim = 515;
        Slice x = Slice.random(random, rows * dim, 1);
        Slice weight = Slice.random(random, dim, 1);
        Slice dOut = Slice.random(random, rows * dim, 1);
        Slice.assertSameBitsForAnyTeam(team -> {
            Slice[] made = {new Slice(rows * dim), new Slice(rows), new Slice(rows * dim), new Slice(dim)};
            forward(made[0], made[1], x, weight, team);
            backward(made[2], made[3], dOut, x, weight, made[1], team);
            return made;
        });
    }

    @Test
    void noRowsAreFineAndBadShapesAreNamed() {
        float[] a = new float[8];
        RmsNorm.forward(a, 8, a, 8, a, 8, a, 0, 0, 8, EPS, Team.serial());
        assertThrows(IndexOutOfBoundsException.class, () -> RmsNorm.forward(a, 1, a, 0, a, 0, a, 0, 1, 8, EPS, Team.serial()));
        assertThrows(IllegalArgumentException.class, () -> RmsNorm.forward(a, 0, a, 0, a, 0, a, 0, 1, 0, EPS, Team.serial()));
        assertThrows(IllegalArgumentException.class, () -> RmsNorm.forward(a, 0, null, 0, a, 0, a, 0, 1, 8, EPS, Team.serial()));
    }
}
