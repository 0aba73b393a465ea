package org.neuralattention.kernels;

import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class LayerNormTest {

    private static final float EPS = 1e-5f;

    private static double[] reference(double[] x, double[] weight, double[] bias, int rows) {
        return reference(x, weight, bias, rows, EPS);
    }

    private static double[] reference(double[] x, double[] weight, double[] bias, int rows, double eps) {
        int dim = weight.length;
        double[] out = new double[x.length];
        for (int row = 0; row < rows; row++) {
            double mean = 0;
            for (int i = 0; i < dim; i++) {
                mean += x[row * dim + i] / dim;
            }
            double variance = 0;
            for (int i = 0; i < dim; i++) {
                variance += Math.pow(x[row * dim + i] - mean, 2) / dim;
            }
            for (int i = 0; i < dim; i++) {
                out[row * dim + i] = (x[row * dim + i] - mean) / Math.sqrt(variance + eps) * weight[i] + (bias == null ? 0 : bias[i]);
            }
        }
        return out;
    }

    private static void forward(Slice out, Slice mean, Slice rstd, Slice x, Slice weight, Slice bias, Team team) {
        LayerNorm.forward(out.array, out.offset, mean.array, mean.offset, rstd.array, rstd.offset, x.array, x.offset,
                weight.array, weight.offset, bias == null ? null : bias.array, bias == null ? 0 : bias.offset,
                rstd.n, weight.n, EPS, team);
    }

    private static void backward(Slice dx, Slice dWeight, Slice dBias, Slice dOut, Slice x, Slice weight, Slice mean, Slice rstd, Team team) {
        LayerNorm.backward(dx.array, dx.offset, dWeight.array, dWeight.offset, dBias == null ? null : dBias.array,
                dBias == null ? 0 : dBias.offset, dOut.array, dOut.offset, x.array, x.offset, weight.array, weight.offset,
                mean.array, mean.offset, rstd.array, rstd.offset, rstd.n, weight.n, team);
    }

    @Test
    void forwardIsTheEquationAtEveryLengthWithAndWithoutBias() {
        SplittableRandom random = new SplittableRandom(1);
        for (int dim : Slice.LENGTHS) {
            int rows = 1 + random.nextInt(3);
            Slice x = Slice.random(random, rows * dim, 3);
            Slice weight = Slice.random(random, dim, 2);
            for (Slice bias : new Slice[] {null, Slice.random(random, dim, 1)}) {
                Slice out = new Slice(rows * dim);
                forward(out, new Slice(rows), new Slice(rows), x, weight, bias, Team.serial());
                out.assertEach(reference(x.values(), weight.values(), bias == null ? null : bias.values(), rows), 1e-6, 2e-6, "dim " + dim);
            }
        }
    }

    @Test
    void aLargeMeanDoesNotDrownTheVariance() {
        double[] values = {1000, 1001, 1002, 1003, 1004};
        Slice out = new Slice(5);
        Slice ones = Slice.of(new double[] {1, 1, 1, 1, 1});
        forward(out, new Slice(1), new Slice(1), Slice.of(values), ones, null, Team.serial());
        out.assertNear(reference(values, ones.values(), null, 1), 1e-6, "out");
    }

    /** Sums and squares of floats lie far outside of what a float holds. */
    @Test
    void rowsOfAnySizeAreTheEquation() {
        SplittableRandom random = new SplittableRandom(3);
        for (int dim : Slice.LENGTHS) {
            if (dim == 1) {
                continue; // no variance
            }
            for (double scale : new double[] {1.5e38, 1e30, 2e19, 1e19, 1e18, 1e-18, 1e-20, 1e-25, 1e-30}) {
                int rows = 1 + random.nextInt(3);
                Slice x = Slice.of(random.doubles(rows * dim, -0.5 * scale, scale).toArray()); // means that are not near 0
                Slice weight = Slice.random(random, dim, 2);
                Slice out = new Slice(rows * dim);
                LayerNorm.forward(out.array, out.offset, new float[rows], 0, new float[rows], 0, x.array, x.offset,
                        weight.array, weight.offset, null, 0, rows, dim, 0, Team.serial());
                out.assertEach(reference(x.values(), weight.values(), null, rows, 0), 2e-6, 2e-6, "dim " + dim + ", scale " + scale);
            }
        }
    }

    /** With x by 2^80 and dOut by 2^60, dx is as before by 2^-20, though the products of the two overflow. */
    @Test
    void gradientsOfHugeRowsScale() {
        SplittableRandom random = new SplittableRandom(4);
        for (int dim : Slice.LENGTHS) {
            if (dim == 1) {
                continue; // no variance
            }
            Slice x = Slice.random(random, dim, 1);
            x.array[x.offset] = 3; // no row of nearly equal values
            Slice weight = Slice.random(random, dim, 2);
            Slice dOut = Slice.random(random, dim, 1);
            Slice expected = backwardScaled(x, weight, dOut, 0, 0).scaled(0x1p-20);
            backwardScaled(x, weight, dOut, 80, 60).assertEach(expected.values(), 0, 0x1p-20 * 1e-5, "dim " + dim);
        }
    }

    private static Slice backwardScaled(Slice x, Slice weight, Slice dOut, int xPower, int dOutPower) {
        int dim = x.n;
        Slice scaledX = x.scaled(Math.scalb(1.0, xPower));
        Slice scaledDOut = dOut.scaled(Math.scalb(1.0, dOutPower));
        Slice mean = new Slice(1);
        Slice rstd = new Slice(1);
        Slice dx = new Slice(dim);
        LayerNorm.forward(new float[dim], 0, mean.array, mean.offset, rstd.array, rstd.offset, scaledX.array, scaledX.offset,
                weight.array, weight.offset, null, 0, 1, dim, 0, Team.serial());
        backward(dx, new Slice(dim), null, scaledDOut, scaledX, weight, mean, rstd, Team.serial());
        return dx;
    }

    @Property(tries = 40)
    void backwardAddsTheFiniteDifferences(@ForAll @IntRange(min = 1, max = 5) int rows, @ForAll @IntRange(min = 2, max = 70) int dim,
            @ForAll boolean withBias, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Slice x = Slice.random(random, rows * dim, 1);
        x.array[x.offset] = 3; // no row of nearly equal values, whose derivative would be too steep for float
        Slice weight = Slice.random(random, dim, 2);
        Slice bias = withBias ? Slice.random(random, dim, 1) : null;
        Slice dOut = Slice.random(random, rows * dim, 1);
        Slice dx = Slice.random(random, rows * dim, 1);
        Slice dWeight = Slice.random(random, dim, 1);
        Slice dBias = withBias ? Slice.random(random, dim, 1) : null;
        Slice mean = new Slice(rows);
        Slice rstd = new Slice(rows);
        double[] dx0 = dx.values();
        double[] dWeight0 = dWeight.values();
        double[] dBias0 = withBias ? dBias.values() : null;
        forward(new Slice(rows * dim), mean, rstd, x, weight, bias, Team.serial());
        backward(dx, dWeight, dBias, dOut, x, weight, mean, rstd, Team.serial());
        double[] b = withBias ? bias.values() : null;
        double[] expectedX = Slice.gradient(x.values(), v -> Slice.dot(reference(v, weight.values(), b, rows), dOut.values()));
        double[] expectedWeight = Slice.gradient(weight.values(), v -> Slice.dot(reference(x.values(), v, b, rows), dOut.values()));
        double steepness = 1;
        for (double r : rstd.values()) {
            steepness = Math.max(steepness, r);
        }
        dx.assertEach(Slice.plus(dx0, expectedX), 4e-6 * steepness, 4e-6 * steepness, "dx");
        dWeight.assertEach(Slice.plus(dWeight0, expectedWeight), 4e-6 * steepness, 4e-6 * steepness * rows, "dWeight"); // terms may cancel
        if (withBias) {
            double[] expectedBias = Slice.gradient(b, v -> Slice.dot(reference(x.values(), weight.values(), v, rows), dOut.values()));
            dBias.assertEach(Slice.plus(dBias0, expectedBias), 2e-6, 2e-6 * rows, "dBias");
        }
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
            Slice[] made = {new Slice(rows * dim), new Slice(rows), new Slice(rows), new Slice(rows * dim), new Slice(dim), new Slice(dim)};
            forward(made[0], made[1], made[2], x, weight, null, team);
            backward(made[3], made[4], made[5], dOut, x, weight, made[1], made[2], team);
            return made;
        });
    }
}
