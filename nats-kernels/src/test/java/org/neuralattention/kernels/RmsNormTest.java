package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RmsNormTest {

    private static final float EPS = 1e-5f;

    private static double[] reference(double[] x, double[] weight, int rows) {
        return reference(x, weight, rows, EPS);
    }

    private static double[] reference(double[] x, double[] weight, int rows, double eps) {
        int dim = weight.length;
        double[] out = new double[x.length];
        for (int row = 0; row < rows; row++) {
            double squares = 0;
            for (int i = 0; i < dim; i++) {
                squares += x[row * dim + i] * x[row * dim + i];
            }
            for (int i = 0; i < dim; i++) {
                out[row * dim + i] = x[row * dim + i] / Math.sqrt(squares / dim + eps) * weight[i];
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

    /** Squares of floats lie far outside of what a float holds. */
    @Test
    void rowsOfAnySizeAreTheEquation() {
        SplittableRandom random = new SplittableRandom(3);
        for (int dim : Slice.LENGTHS) {
            for (double scale : new double[] {3e38, 1e30, 2e19, 1e19, 1e18, 1e-18, 1e-20, 1e-25, 1e-30}) {
                int rows = 1 + random.nextInt(3);
                Slice x = Slice.random(random, rows * dim, scale);
                Slice weight = Slice.random(random, dim, 2);
                Slice out = new Slice(rows * dim);
                RmsNorm.forward(out.array, out.offset, new float[rows], 0, x.array, x.offset, weight.array, weight.offset,
                        rows, dim, 0, Team.serial());
                out.assertEach(reference(x.values(), weight.values(), rows, 0), 6e-7, 0, "dim " + dim + ", scale " + scale);
            }
        }
    }

    /** With x by 2^80 and dOut by 2^60, dx is as before by 2^-20, though the products of the two overflow. */
    @Test
    void gradientsOfHugeRowsScale() {
        SplittableRandom random = new SplittableRandom(4);
        for (int dim : Slice.LENGTHS) {
            Slice x = Slice.random(random, dim, 1);
            Slice weight = Slice.random(random, dim, 2);
            Slice dOut = Slice.random(random, dim, 1);
            x.array[x.offset] = 3; // no row that is nearly 0
            Slice expected = backwardScaled(x, weight, dOut, 0, 0).scaled(0x1p-20);
            backwardScaled(x, weight, dOut, 80, 60).assertEach(expected.values(), 0, 0x1p-20 * 1e-5, "dim " + dim);
        }
    }

    private static Slice backwardScaled(Slice x, Slice weight, Slice dOut, int xPower, int dOutPower) {
        int dim = x.n;
        Slice scaledX = x.scaled(Math.scalb(1.0, xPower));
        Slice scaledDOut = dOut.scaled(Math.scalb(1.0, dOutPower));
        Slice rstd = new Slice(1);
        Slice dx = new Slice(dim);
        RmsNorm.forward(new float[dim], 0, rstd.array, rstd.offset, scaledX.array, scaledX.offset, weight.array, weight.offset,
                1, dim, 0, Team.serial());
        backward(dx, new Slice(dim), scaledDOut, scaledX, weight, rstd, Team.serial());
        return dx;
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
    void aFrozenWeightHasNoGradientAndChangesNothingElse() {
        SplittableRandom random = new SplittableRandom(6);
        Slice x = Slice.random(random, 3 * 20, 1);
        Slice weight = Slice.random(random, 20, 1);
        Slice rstd = new Slice(3);
        forward(new Slice(x.n), rstd, x, weight, Team.serial());
        Slice dx = new Slice(x.n);
        Slice frozen = new Slice(x.n);
        backward(dx, new Slice(20), x, x, weight, rstd, Team.serial());
        RmsNorm.backward(frozen.array, frozen.offset, null, 0, x.array, x.offset, x.array, x.offset, weight.array, weight.offset,
                rstd.array, rstd.offset, 3, 20, Team.serial());
        assertArrayEquals(dx.values(), frozen.values());
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
