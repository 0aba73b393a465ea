package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** AdamW and GradNorm. */
class AdamWTest {

    private static final float LR = 1e-3f;
    private static final float BETA1 = 0.9f;
    private static final float BETA2 = 0.95f;
    private static final float EPS = 1e-8f;
    private static final float DECAY = 0.1f;

    private static void step(Slice param, Slice m, Slice v, Slice grad, float gradScale, long step, Team team) {
        AdamW.step(param.array, param.offset, m.array, m.offset, v.array, v.offset, grad.array, grad.offset, param.n,
                LR, BETA1, BETA2, EPS, DECAY, gradScale, step, team);
    }

    @Test
    void fortyStepsFollowTheEquationInDouble() {
        SplittableRandom random = new SplittableRandom(1);
        for (int n : Slice.LENGTHS) {
            Slice param = Slice.random(random, n, 1);
            Slice m = new Slice(n);
            Slice v = new Slice(n);
            double[] p = param.values();
            double[] em = new double[n];
            double[] ev = new double[n];
            for (int step = 1; step <= 40; step++) {
                Slice grad = Slice.random(random, n, Math.pow(10, -random.nextInt(8)));
                float gradScale = 0.25f * step;
                for (int i = 0; i < n; i++) {
                    double g = gradScale * grad.values()[i];
                    em[i] = BETA1 * em[i] + (1 - (double) BETA1) * g;
                    ev[i] = BETA2 * ev[i] + (1 - (double) BETA2) * g * g;
                    p[i] *= 1 - (double) LR * DECAY;
                    p[i] -= LR * (em[i] / (1 - Math.pow(BETA1, step))) / (Math.sqrt(ev[i] / (1 - Math.pow(BETA2, step))) + EPS);
                }
                step(param, m, v, grad, gradScale, step, Team.serial());
            }
            param.assertEach(p, 0, 40 * 0x1p-24, "param, n " + n); // half a rounding for each of a step's two updates
            m.assertEach(em, 2e-6, 1e-7, "m, n " + n);
            v.assertEach(ev, 5e-6, 0, "v, n " + n);
        }
    }

    @Test
    void whatRunsGivesThePlainLoopsBits() {
        SplittableRandom random = new SplittableRandom(4);
        for (int n : Slice.LENGTHS) {
            Slice[] ours = {Slice.random(random, n, 1), Slice.random(random, n, 1), Slice.of(random.doubles(n).toArray())};
            Slice[] plain = {ours[0].copy(), ours[1].copy(), ours[2].copy()};
            Slice grad = Slice.random(random, n, 1);
            step(ours[0], ours[1], ours[2], grad, 0.3f, 1, Team.serial());
            float keep = (float) (1 - (double) LR * DECAY);
            float rate = (float) (LR / (1 - Math.pow(BETA1, 1)));
            float correction = (float) (1 / Math.sqrt(1 - Math.pow(BETA2, 1)));
            AdamW.plain(plain[0].array, plain[0].offset, plain[1].array, plain[1].offset, plain[2].array, plain[2].offset,
                    grad.array, grad.offset, n, keep, rate, correction, BETA1, BETA2, EPS, 0.3f);
            for (int i = 0; i < 3; i++) {
                assertArrayEquals(plain[i].array, ours[i].array, "array " + i + ", n " + n);
            }
        }
    }

    @Test
    void theFirstStepHasTheSizeOfTheRate() {
        Slice param = Slice.of(new double[] {0, 0, 0});
        step(param, new Slice(3), new Slice(3), Slice.of(new double[] {1e-3, -5, 0}), 1, 1, Team.serial());
        param.assertEach(new double[] {-LR, LR, 0}, 2e-5, 0, "param");
    }

    @Test
    void squaresAddUpInDouble() {
        SplittableRandom random = new SplittableRandom(2);
        for (int n : new int[] {0, 1, 3, 4, 5, 17, 100, Blocks.ELEMENTS - 1, Blocks.ELEMENTS, 3 * Blocks.ELEMENTS + 7}) {
            for (double scale : new double[] {1e-30, 1, 1e30}) {
                Slice grad = Slice.random(random, n, scale);
                double expected = 0;
                for (double g : grad.values()) {
                    expected += g * g;
                }
                double sum = GradNorm.sumOfSquares(grad.array, grad.offset, n, Team.serial());
                assertEquals(expected, sum, 1e-12 * expected, "n " + n + ", scale " + scale);
                try (Team team = Team.of(3)) {
                    assertEquals(sum, GradNorm.sumOfSquares(grad.array, grad.offset, n, team));
                }
            }
        }
    }

    @Test
    void clippingOnlyShrinks() {
        assertEquals(1f, GradNorm.clipFactor(0, 1));
        assertEquals(1f, GradNorm.clipFactor(0.5, 1));
        assertEquals(0.25f, GradNorm.clipFactor(4, 1), 1e-6);
    }

    @Test
    void sameBitsForAnyTeam() {
        int n = 3 * Blocks.ELEMENTS + 77;
        SplittableRandom random = new SplittableRandom(3);
        Slice start = Slice.random(random, n, 1);
        Slice grad = Slice.random(random, n, 1);
        Slice.assertSameBitsForAnyTeam(team -> {
            Slice[] made = {start.copy(), new Slice(n), new Slice(n)};
            step(made[0], made[1], made[2], grad, 1, 1, team);
            step(made[0], made[1], made[2], grad, 1, 2, team);
            return made;
        });
    }

    @Test
    void stepsCountFromOne() {
        Slice a = new Slice(1);
        assertThrows(IllegalArgumentException.class, () -> step(a, a, a, a, 1, 0, Team.serial()));
    }

    /** With eps = 0 an element whose gradient was always 0 would become 0 / 0. */
    @Test
    void epsMustBePositive() {
        float[] a = new float[1];
        for (float eps : new float[] {0, (float) 1e-50, -1e-8f, Float.NaN}) {
            String message = assertThrows(IllegalArgumentException.class,
                    () -> AdamW.step(a, 0, a, 0, a, 0, a, 0, 1, LR, BETA1, BETA2, eps, DECAY, 1, 1, Team.serial())).getMessage();
            assertTrue(message.contains("eps = " + eps), message);
        }
        AdamW.step(a, 0, new float[1], 0, new float[1], 0, new float[1], 0, 1, LR, BETA1, BETA2, Float.MIN_VALUE, DECAY, 1, 1, Team.serial());
        assertEquals(0f, a[0]);
    }
}
