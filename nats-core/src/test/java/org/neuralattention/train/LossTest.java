package org.neuralattention.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.neuralattention.kernels.CounterRandom;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Tensor;
import org.neuralattention.roles.RoleChoice;

class LossTest {

    private static final LrSchedule STANDING = LrSchedule.constant(1e-30);

    static Stream<Loss> distillations() {
        return Stream.of(new Loss.HiddenDistillation(), new Loss.KlDistillation());
    }

    private static Trainer trainer(Loss loss, LrSchedule lr, Tuning tuning) {
        return Tiny.trainer(Tiny.CONFIG.withLoss(loss).withLr(lr).withTuning(tuning).withOptimizer(new Optimizer(0.9, 0.95, 1e-8, 0, 0)), Team.serial());
    }

    private static RoleChoice fixed() {
        return new RoleChoice.Fixed((layer, head, sequence, position) -> (int) (position % 4));
    }

    @ParameterizedTest
    @MethodSource("distillations")
    void aModelWithFullAttentionIsItsTeacher(Loss loss) {
        Trainer trainer = trainer(loss, STANDING, new Tuning.All());
        trainer.fixRoles(RoleChoice.FULL);
        StepReport report = trainer.step(Tiny.text());
        assertEquals(0, report.loss(), 1e-6);
        assertEquals(0, report.gradNorm(), 1e-6);
    }

    /** Along a random direction of each tensor of the student, the teacher standing still. */
    @ParameterizedTest
    @MethodSource("distillations")
    void gradientsAgreeWithFiniteDifferences(Loss loss) {
        Trainer trainer = trainer(loss, STANDING, new Tuning.All());
        trainer.fixRoles(fixed());
        assertTrue(trainer.step(Tiny.text()).loss() > 1e-3);
        List<float[]> gradients = trainer.gradients().tensors().stream().map(t -> t.data().clone()).toList();
        List<Tensor> tensors = trainer.weights().tensors();
        for (int t = 0; t < tensors.size(); t++) {
            if (trainer.weights().isScorer(tensors.get(t))) {
                continue;
            }
            float[] data = tensors.get(t).data();
            float[] saved = data.clone();
            double eps = 2e-3 / Math.sqrt(Math.max(1, data.length / 24.0));
            double expected = 0;
            double[] losses = new double[2];
            for (int side = 0; side < 2; side++) {
                expected = 0;
                for (int i = 0; i < data.length; i++) {
                    double direction = CounterRandom.gaussian(5, t, 0, 0, i, 0);
                    data[i] = (float) (saved[i] + (side == 0 ? eps : -eps) * direction);
                    expected += direction * gradients.get(t)[i];
                }
                trainer.resumeAt(0, trainer.price());
                losses[side] = trainer.step(Tiny.text()).loss();
            }
            System.arraycopy(saved, 0, data, 0, data.length);
            assertEquals(expected, (losses[0] - losses[1]) / (2 * eps), 3e-3 + 0.02 * Math.abs(expected), tensors.get(t).name());
        }
    }

    /** Whether its tensors are a copy, shared, or what an adapter began with: the teacher is the start model. */
    @ParameterizedTest
    @MethodSource("distillations")
    void theTeacherStandsWhateverLearns(Loss loss) {
        for (Tuning tuning : List.of(new Tuning.All(), new Tuning.ScorersOnly(), new Tuning.Lora(4, 8, Set.of(Projection.Q, Projection.UP)))) {
            Trainer moved = trainer(loss, LrSchedule.constant(1e-2), tuning);
            for (int i = 0; i < 5; i++) {
                moved.step(Tiny.text());
            }
            Trainer fresh = trainer(loss, STANDING, new Tuning.All());
            for (Tensor tensor : fresh.weights().tensors()) { // the same student, the teacher of one that never moved
                System.arraycopy(moved.weights().tensor(tensor.name()).data(), 0, tensor.data(), 0, tensor.size());
            }
            moved.resumeAt(9, moved.price());
            fresh.resumeAt(9, moved.price());
            assertEquals(fresh.step(Tiny.text()).loss(), moved.step(Tiny.text()).loss(), 1e-9, tuning.toString());
        }
    }

    @Test
    void distillationLearns() {
        Trainer trainer = trainer(new Loss.KlDistillation(), LrSchedule.constant(3e-3), new Tuning.All());
        trainer.fixRoles(fixed());
        double first = 0;
        double last = 0;
        for (int i = 0; i < 60; i++) {
            double loss = trainer.step(Tiny.text()).loss();
            first += i < 5 ? loss : 0;
            last += i >= 55 ? loss : 0;
        }
        assertTrue(last < 0.8 * first, first + " to " + last);
    }
}
