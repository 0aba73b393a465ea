package org.neuralattention.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.neuralattention.kernels.CounterRandom;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;

class TuningTest {

    private static final Tuning.Lora LORA = new Tuning.Lora(3, 6, Set.of(Projection.Q, Projection.V, Projection.O, Projection.DOWN));

    /** No weight moves by a step of this rate, so that gradients can be looked at. */
    private static final LrSchedule STANDING = LrSchedule.constant(1e-30);

    @Test
    void onlyTheScorersChangeAndTheirGradientIsTheOneAmongAll() {
        Trainer all = Tiny.trainer(Tiny.CONFIG, Team.serial());
        Trainer scorers = Tiny.trainer(Tiny.CONFIG.withTuning(new Tuning.ScorersOnly()), Team.serial());
        Weights before = Tiny.trainer(Tiny.CONFIG, Team.serial()).weights();
        double loss = all.step(Tiny.text()).loss();
        assertEquals(loss, scorers.step(Tiny.text()).loss());
        for (Tensor gradient : scorers.gradients().tensors()) {
            boolean scorer = gradient.name().contains("role_scorer");
            float[] now = scorers.weights().tensor(gradient.name()).data();
            if (scorer) {
                assertArrayEquals(all.gradients().tensor(gradient.name()).data(), gradient.data(), gradient.name());
            } else {
                assertNull(gradient.data(), gradient.name());
                assertArrayEquals(before.tensor(gradient.name()).data(), now, gradient.name());
            }
        }
        assertEquals(2, scorers.learner().learned().size());
    }

    @Test
    void adaptersBeginWithTheModelAndStayItsWeights() {
        Weights before = Tiny.trainer(Tiny.CONFIG, Team.serial()).weights();
        Trainer trainer = Tiny.trainer(Tiny.CONFIG.withTuning(LORA).withLr(LrSchedule.constant(2e-2)), Team.serial());
        assertEquals(Tiny.sha256(before), Tiny.sha256(trainer.weights()));
        double first = trainer.step(Tiny.text()).loss();
        double last = 0;
        for (int i = 0; i < 60; i++) {
            last = trainer.step(Tiny.text()).loss();
        }
        assertTrue(last < first - 0.3, first + " to " + last);
        Tensor wq = trainer.weights().layers.get(1).wq;
        float[] a = learned(trainer, wq.name() + ".lora_a").weight().data();
        float[] b = learned(trainer, wq.name() + ".lora_b").weight().data();
        for (int row = 0; row < wq.dim(0); row++) {
            for (int col = 0; col < wq.dim(1); col++) {
                double sum = before.layers.get(1).wq.data()[row * wq.dim(1) + col];
                for (int r = 0; r < LORA.rank(); r++) {
                    sum += 2.0 * b[row * LORA.rank() + r] * a[r * wq.dim(1) + col];
                }
                assertEquals(sum, wq.data()[row * wq.dim(1) + col], 1e-6);
            }
        }
        assertArrayEquals(before.layers.get(1).wk.data(), trainer.weights().layers.get(1).wk.data());
        assertArrayEquals(before.embedding.data(), trainer.weights().embedding.data());
    }

    private static Learned learned(Trainer trainer, String name) {
        return trainer.learner().learned().stream().filter(one -> one.weight().name().equals(name)).findFirst().orElseThrow();
    }

    @Test
    void gradientsOfAdaptersAgreeWithFiniteDifferences() {
        TrainConfig config = Tiny.CONFIG.withLr(STANDING).withOptimizer(new Optimizer(0.9, 0.95, 1e-8, 0, 0)).withTuning(LORA);
        Trainer trainer = Tiny.trainer(config, Team.serial());
        trainer.fixRoles(new RoleChoice.Fixed((layer, head, sequence, position) -> (int) (position % 4)));
        for (Learned one : trainer.learner().learned()) { // away from a B of zeros, where A has no gradient
            for (int i = 0; i < one.weight().size() && one.weight().name().endsWith("lora_b"); i++) {
                one.weight().data()[i] = (float) (0.2 * CounterRandom.gaussian(9, 0, 0, 0, i, 0));
            }
        }
        trainer.learner().merge();
        trainer.step(Tiny.text());
        for (Learned one : trainer.learner().learned()) {
            float[] weight = one.weight().data();
            float[] saved = weight.clone();
            float[] gradient = one.gradient().data().clone();
            double expected = 0;
            double[] losses = new double[2];
            double eps = 1e-3;
            for (int side = 0; side < 2 && !one.isScorer(); side++) {
                expected = 0;
                for (int i = 0; i < weight.length; i++) {
                    double direction = CounterRandom.gaussian(5, 1, 0, 0, i, 0);
                    weight[i] = (float) (saved[i] + (side == 0 ? eps : -eps) * direction);
                    expected += direction * gradient[i];
                }
                trainer.learner().merge();
                trainer.resumeAt(0, trainer.price());
                losses[side] = trainer.step(Tiny.text()).loss();
            }
            System.arraycopy(saved, 0, weight, 0, saved.length);
            assertEquals(expected, (losses[0] - losses[1]) / (2 * eps), 2e-3 + 0.02 * Math.abs(expected), one.weight().name());
        }
    }

    @Test
    void scorersHaveARateOfTheirOwn() {
        TrainConfig config = Tiny.CONFIG.withLr(LrSchedule.constant(1e-3)).withOptimizer(new Optimizer(0.9, 0.95, 1e-8, 0, 0))
                .withRoles(Tiny.CONFIG.roles().withLrFactor(8));
        Trainer trainer = Tiny.trainer(config, Team.serial());
        float before = trainer.weights().layers.getFirst().scorer.data()[3];
        float wq = trainer.weights().layers.getFirst().wq.data()[3];
        trainer.step(Tiny.text());
        assertEquals(8e-3, Math.abs(trainer.weights().layers.getFirst().scorer.data()[3] - before), 1e-4, "AdamW's first step is the rate");
        assertEquals(1e-3, Math.abs(trainer.weights().layers.getFirst().wq.data()[3] - wq), 2e-5);
    }

    @Test
    void whatCannotLearnIsRefused() {
        Weights plain = Tiny.plain();
        assertThrows(IllegalArgumentException.class, () -> new Trainer(plain, Tiny.CONFIG.withTuning(new Tuning.ScorersOnly()), Team.serial()));
        assertThrows(IllegalArgumentException.class, () -> new Tuning.Lora(0, 1, Set.of(Projection.Q)));
        assertThrows(IllegalArgumentException.class, () -> new Tuning.Lora(1, 1, Set.of()));
        assertEquals("projection \"z\": known are q, k, v, o, gate, up, down",
                assertThrows(IllegalArgumentException.class, () -> Projection.of("z")).getMessage());
        Trainer trainer = Tiny.trainer(Tiny.CONFIG, Team.serial());
        assertThrows(IllegalArgumentException.class, () -> trainer.config(Tiny.CONFIG.withTuning(LORA)));
        assertThrows(IllegalArgumentException.class, () -> trainer.config(Tiny.CONFIG.withLoss(new Loss.KlDistillation())));
    }
}
