package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/** SwiGlu and Gelu. */
class ActivationTest {

    private static double silu(double g) {
        return g / (1 + Math.exp(-g));
    }

    /** The distribution function by Simpson's rule over the density: shares nothing with the kernel. */
    private static double phi(double x) {
        int steps = 400;
        double a = Math.abs(x);
        double h = a / steps;
        double sum = 0;
        for (int i = 0; i <= steps; i++) {
            double weight = i == 0 || i == steps ? 1 : i % 2 == 0 ? 2 : 4;
            sum += weight * Math.exp(-0.5 * i * h * i * h);
        }
        double half = sum * h / 3 / Math.sqrt(2 * Math.PI);
        return x < 0 ? 0.5 - half : 0.5 + half;
    }

    private static DoubleUnaryOperator gelu(Gelu.Form form) {
        return form == Gelu.Form.ERF ? x -> x * phi(x)
                : x -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }

    private static double slope(DoubleUnaryOperator f, double x) {
        return (f.applyAsDouble(x + 1e-5) - f.applyAsDouble(x - 1e-5)) / 2e-5;
    }

    @Test
    void swiGluIsTheEquationAtEveryLength() {
        SplittableRandom random = new SplittableRandom(1);
        for (int n : Slice.LENGTHS) {
            Slice gate = Slice.random(random, n, 12);
            Slice up = Slice.random(random, n, 2);
            Slice out = new Slice(n);
            SwiGlu.forward(out.array, out.offset, gate.array, gate.offset, up.array, up.offset, n, Team.serial());
            double[] expected = new double[n];
            for (int i = 0; i < n; i++) {
                expected[i] = silu(gate.values()[i]) * up.values()[i];
            }
            out.assertEach(expected, 6e-7, 0, "n " + n);
        }
    }

    @Test
    void swiGluBackwardAddsTheSlope() {
        SplittableRandom random = new SplittableRandom(2);
        for (int n : Slice.LENGTHS) {
            Slice gate = Slice.random(random, n, 12);
            Slice up = Slice.random(random, n, 2);
            Slice dOut = Slice.random(random, n, 1);
            Slice dGate = Slice.random(random, n, 1);
            Slice dUp = Slice.random(random, n, 1);
            double[] expectedGate = dGate.values();
            double[] expectedUp = dUp.values();
            for (int i = 0; i < n; i++) {
                expectedGate[i] += dOut.values()[i] * up.values()[i] * slope(ActivationTest::silu, gate.values()[i]);
                expectedUp[i] += dOut.values()[i] * silu(gate.values()[i]);
            }
            SwiGlu.backward(dGate.array, dGate.offset, dUp.array, dUp.offset, dOut.array, dOut.offset, gate.array, gate.offset,
                    up.array, up.offset, n, Team.serial());
            dGate.assertEach(expectedGate, 1e-6, 1e-6, "dGate, n " + n);
            dUp.assertEach(expectedUp, 1e-6, 1e-6, "dUp, n " + n);
        }
    }

    @Test
    void farGatesAreOpenOrShut() {
        int n = 64;
        Slice up = new Slice(n);
        Slice gate = new Slice(n);
        Slice out = new Slice(n);
        for (int i = 0; i < n; i++) {
            up.array[up.offset + i] = 1;
            gate.array[gate.offset + i] = i % 2 == 0 ? -1e4f : 1e4f;
        }
        SwiGlu.forward(out.array, out.offset, gate.array, gate.offset, up.array, up.offset, n, Team.serial());
        for (int i = 0; i < n; i++) {
            assertEquals(i % 2 == 0 ? 0f : 1e4f, out.array[out.offset + i] + 0f);
        }
        Slice dGate = new Slice(n);
        Slice dUp = new Slice(n);
        SwiGlu.backward(dGate.array, dGate.offset, dUp.array, dUp.offset, up.array, up.offset, gate.array, gate.offset,
                up.array, up.offset, n, Team.serial());
        for (int i = 0; i < n; i++) {
            assertEquals(i % 2 == 0 ? 0f : 1f, dGate.array[dGate.offset + i] + 0f);
            assertEquals(i % 2 == 0 ? 0f : 1e4f, dUp.array[dUp.offset + i] + 0f);
        }
    }

    @Test
    void geluIsTheEquationAtEveryLength() {
        SplittableRandom random = new SplittableRandom(3);
        for (Gelu.Form form : Gelu.Form.values()) {
            for (int n : Slice.LENGTHS) {
                Slice x = Slice.random(random, n, 8);
                Slice dOut = Slice.random(random, n, 1);
                Slice out = new Slice(n);
                Slice dx = Slice.random(random, n, 1);
                double[] expected = new double[n];
                double[] expectedDx = dx.values();
                for (int i = 0; i < n; i++) {
                    double v = x.values()[i];
                    expected[i] = gelu(form).applyAsDouble(v);
                    expectedDx[i] += dOut.values()[i] * slope(gelu(form), v);
                }
                Gelu.forward(out.array, out.offset, x.array, x.offset, n, form, Team.serial());
                Gelu.backward(dx.array, dx.offset, dOut.array, dOut.offset, x.array, x.offset, n, form, Team.serial());
                out.assertEach(expected, 6e-7, 4e-7, form + " out, n " + n);
                dx.assertEach(expectedDx, 1e-6, 1e-6, form + " dx, n " + n);
            }
        }
    }

    @Test
    void geluKnownValues() {
        // x * Phi(x) to twelve digits, from a table of the normal distribution.
        double[] x = {-3, -1, -0.5, 0, 0.5, 1, 3};
        double[] expected = {-0.004049694094984, -0.158655253931457, -0.154268769363402, 0, 0.345731230636598, 0.841344746068543, 2.995950305905016};
        Slice out = new Slice(x.length);
        Slice in = Slice.of(x);
        Gelu.forward(out.array, out.offset, in.array, in.offset, x.length, Gelu.Form.ERF, Team.serial());
        out.assertEach(expected, 6e-7, 0, "erf");
        for (double far : new double[] {-1e4, 1e4}) {
            for (Gelu.Form form : Gelu.Form.values()) {
                Slice one = Slice.of(new double[] {far});
                Gelu.forward(one.array, one.offset, one.array, one.offset, 1, form, Team.serial());
                assertEquals(Math.max(0, far), one.array[one.offset] + 0.0, form + " of " + far);
            }
        }
    }

    /** The square and the cube of x overflow on the way. */
    @Test
    void farGeluSlopesAreZeroOrOne() {
        int n = 64;
        for (Gelu.Form form : Gelu.Form.values()) {
            for (double far : new double[] {20, 1e6, 1e12, 2e13, 1e19, 2e19, 1e30, 3e38}) {
                Slice x = new Slice(n);
                Slice dOut = new Slice(n);
                Slice dx = new Slice(n);
                double[] expected = new double[n];
                for (int i = 0; i < n; i++) {
                    x.array[x.offset + i] = (float) (i % 2 == 0 ? -far : far);
                    dOut.array[dOut.offset + i] = 3;
                    expected[i] = i % 2 == 0 ? 0 : 3;
                }
                Gelu.backward(dx.array, dx.offset, dOut.array, dOut.offset, x.array, x.offset, n, form, Team.serial());
                dx.assertEach(expected, 0, 1e-30, form + " of " + far);
            }
        }
    }

    @Test
    void sameBitsForAnyTeam() {
        int n = 5 * Blocks.ELEMENTS + 77;
        SplittableRandom random = new SplittableRandom(4);
        Slice a = Slice.random(random, n, 4);
        Slice b = Slice.random(random, n, 4);
        Slice d = Slice.random(random, n, 1);
        Slice.assertSameBitsForAnyTeam(team -> {
            Slice[] made = {new Slice(n), new Slice(n), new Slice(n), new Slice(n), new Slice(n)};
            SwiGlu.forward(made[0].array, made[0].offset, a.array, a.offset, b.array, b.offset, n, team);
            SwiGlu.backward(made[1].array, made[1].offset, made[2].array, made[2].offset, d.array, d.offset, a.array, a.offset, b.array, b.offset, n, team);
            Gelu.forward(made[3].array, made[3].offset, a.array, a.offset, n, Gelu.Form.TANH, team);
            Gelu.backward(made[4].array, made[4].offset, d.array, d.offset, a.array, a.offset, n, Gelu.Form.ERF, team);
            return made;
        });
    }
}
