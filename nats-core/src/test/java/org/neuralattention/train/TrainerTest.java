package org.neuralattention.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.Role;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.roles.RolePolicy;
import org.neuralattention.roles.RoleSpace;
import org.neuralattention.testing.Vectors;

class TrainerTest {

    /** vectors/adamw: 40 steps of PyTorch's AdamW on a tiny Llama. */
    @Test
    @Tag("widths")
    void lossesAndGradientNormsFollowTheGoldenTrajectory() throws IOException {
        JsonObject golden = JsonObject.read(Vectors.path("adamw/trajectory.json"));
        List<?> sequences = golden.list("input_ids");
        int seqLen = ((List<?>) sequences.getFirst()).size() - 1;
        TokenSource source = (ids, targets, offset, step, row, n) -> {
            for (int i = 0; i < n; i++) {
                ids[offset + i] = ((Long) ((List<?>) sequences.get(row)).get(i)).intValue();
                targets[offset + i] = ((Long) ((List<?>) sequences.get(row)).get(i + 1)).intValue();
            }
        };
        Optimizer optimizer = new Optimizer(golden.doubleValue("beta1"), golden.doubleValue("beta2"), golden.doubleValue("eps"),
                golden.doubleValue("weight_decay"), golden.doubleValue("grad_clip"));
        TrainConfig config = TrainConfig.of(sequences.size(), seqLen, 40, 1).withOptimizer(optimizer).withLr(LrSchedule.constant(golden.doubleValue("lr")));
        try (Team team = Team.of(2)) {
            Trainer trainer = new Trainer(ModelLoader.load(Vectors.path("adamw")), config, team);
            for (int i = 0; i < golden.list("loss").size(); i++) {
                StepReport report = trainer.step(source);
                assertEquals((double) golden.list("loss").get(i), report.loss(), 2e-5, "loss of step " + i);
                assertEquals((double) golden.list("grad_norm").get(i), report.gradNorm(), 2e-4 * report.gradNorm(), "norm of step " + i);
                assertEquals(1, report.share());
            }
        }
    }

    @Test
    void trainingLearnsAndAPriceMakesTheCacheSmaller() {
        TrainConfig config = Tiny.CONFIG.withShape(4, 40, 1).withLr(LrSchedule.constant(1e-2));
        Trainer free = Tiny.trainer(config.withRoles(RoleLearning.FREE), Team.serial());
        Trainer dear = Tiny.trainer(config.withRoles(RoleLearning.of(new PriceSchedule(3, 0, 0))), Team.serial());
        StepReport first = free.step(Tiny.text());
        dear.step(Tiny.text());
        StepReport lastFree = first;
        StepReport lastDear = first;
        for (int i = 0; i < 60; i++) {
            lastFree = free.step(Tiny.text());
            lastDear = dear.step(Tiny.text());
        }
        assertTrue(lastFree.loss() < first.loss() - 0.5, first + " " + lastFree);
        assertTrue(lastDear.share() < 0.85 * lastFree.share(), lastDear + " " + lastFree);
    }

    @Test
    void settledRolesAreTheMostLikelyOnesAndStillLearn() {
        Trainer trainer = Tiny.trainer(Tiny.CONFIG.withLr(LrSchedule.constant(1e-2)).withRoles(RoleLearning.of(new PriceSchedule(3, 0, 0)).withSettling(2, 4)), Team.serial());
        for (int i = 0; i < 4; i++) {
            StepReport loud = trainer.step(Tiny.text());
            assertTrue(Math.abs(loud.share() - loud.bestShare()) > 1e-9, loud.toString());
        }
        String before = Arrays.toString(trainer.weights().layers.getFirst().scorer.data());
        StepReport quiet = trainer.step(Tiny.text());
        assertEquals(quiet.bestShare(), quiet.share(), 1e-12);
        assertNotEquals(before, Arrays.toString(trainer.weights().layers.getFirst().scorer.data()));
    }

    @Test
    void sameBitsForAnyNumberOfThreads() {
        String expected = null;
        for (int threads : new int[] {1, 2, 3, 7}) {
            try (Team team = Team.of(threads)) {
                Trainer trainer = Tiny.trainer(Tiny.CONFIG, team);
                double loss = 0;
                for (int i = 0; i < 5; i++) {
                    loss = trainer.step(Tiny.text()).loss();
                }
                String bits = loss + " " + Tiny.sha256(trainer.weights());
                expected = expected == null ? bits : expected;
                assertEquals(expected, bits, threads + " threads");
            }
        }
    }

    /** Sequences of four query tiles, of which the gradient looks at two. */
    @Test
    void aSampledRoleGradientDependsOnNeitherThreadsNorMicroBatches() {
        TrainConfig config = Tiny.CONFIG.withShape(2, 250, 1).withRoles(Tiny.CONFIG.roles().withGradientOneIn(2));
        Trainer serial = Tiny.trainer(config, Team.serial());
        serial.step(Tiny.text());
        float[] expected = serial.gradients().layers.getFirst().scorer.data();
        for (int threads : new int[] {2, 3, 7}) {
            try (Team team = Team.of(threads)) {
                Trainer trainer = Tiny.trainer(config, team);
                trainer.step(Tiny.text());
                assertArrayEquals(expected, trainer.gradients().layers.getFirst().scorer.data(), threads + " threads");
            }
        }
        Trainer cut = Tiny.trainer(config.withShape(1, 250, 2), Team.serial());
        cut.step(Tiny.text());
        assertArrayEquals(expected, cut.gradients().layers.getFirst().scorer.data(), 1e-6f);
        Trainer exact = Tiny.trainer(config.withRoles(Tiny.CONFIG.roles()), Team.serial());
        exact.step(Tiny.text());
        assertFalse(Arrays.equals(expected, exact.gradients().layers.getFirst().scorer.data()));
        assertArrayEquals(exact.gradients().layers.getFirst().wq.data(), serial.gradients().layers.getFirst().wq.data());
    }

    /** Also where micro-batches ask for different numbers of targets: the mean is over the step. */
    @Test
    void aStepCutIntoMicroBatchesIsTheSameStep() {
        TextTokens text = Tiny.text();
        TokenSource gaps = (ids, targets, offset, step, row, n) -> {
            text.fill(ids, targets, offset, step, row, n);
            Arrays.fill(targets, offset, offset + 4 * row, TokenSource.NOT_ASKED);
        };
        for (boolean detached : new boolean[] {true, false}) {
            TrainConfig config = Tiny.CONFIG.withRoles(RoleLearning.of(new PriceSchedule(2, 0, 0)).withDetached(detached));
            Trainer whole = Tiny.trainer(config.withShape(4, 17, 1), Team.serial());
            Trainer cut = Tiny.trainer(config.withShape(1, 17, 4), Team.serial());
            StepReport a = whole.step(gaps);
            StepReport b = cut.step(gaps);
            assertEquals(a.loss(), b.loss(), 1e-6);
            assertEquals(a.share(), b.share(), 1e-12);
            for (Tensor tensor : whole.gradients().tensors()) {
                assertArrayEquals(tensor.data(), cut.gradients().tensor(tensor.name()).data(), 1e-6f, tensor.name());
            }
        }
    }

    @Test
    void onlyMatricesDecay() {
        TokenSource nothing = (ids, targets, offset, step, row, n) -> Arrays.fill(targets, offset, offset + n, TokenSource.NOT_ASKED);
        Optimizer optimizer = new Optimizer(0.9, 0.95, 1e-8, 0.5, 1);
        Trainer trainer = Tiny.trainer(Tiny.CONFIG.withRoles(RoleLearning.FREE).withOptimizer(optimizer).withLr(LrSchedule.constant(0.1)), Team.serial());
        Weights before = Tiny.trainer(Tiny.CONFIG, Team.serial()).weights();
        assertEquals(0, trainer.step(nothing).loss());
        for (Tensor tensor : trainer.weights().tensors()) {
            float factor = tensor.rank() < 2 ? 1 : 0.95f;
            for (int i = 0; i < tensor.size(); i++) {
                assertEquals(factor * before.tensor(tensor.name()).data()[i], tensor.data()[i], 1e-6, tensor.name());
            }
        }
    }

    @Test
    void fixedRolesLeaveTheScorerAlone() {
        Trainer trainer = Tiny.trainer(Tiny.CONFIG.withOptimizer(new Optimizer(0.9, 0.95, 1e-8, 0.5, 1)), Team.serial());
        trainer.step(Tiny.text()); // so that there is momentum
        List<float[]> before = scorers(trainer);
        float[] wq = trainer.weights().layers.get(0).wq.data().clone();
        trainer.fixRoles(RoleChoice.FULL);
        StepReport report = trainer.step(Tiny.text());
        assertEquals(1, report.share());
        List<float[]> after = scorers(trainer);
        for (int i = 0; i < before.size(); i++) {
            assertArrayEquals(before.get(i), after.get(i));
        }
        assertFalse(Arrays.equals(wq, trainer.weights().layers.get(0).wq.data()));
        assertThrows(IllegalArgumentException.class, () -> trainer.fixRoles(new RoleChoice.Sampled(0, 0, 0)));
    }

    /** The yardstick of a fixed window, tuned: no scorer learns, and all else is, to the bit, what the rule gives. */
    @Test
    void whereTheRoleSpaceLeavesNoChoiceTrainingIsThatOfTheRule() {
        RoleSpace window = RoleSpace.of(2, 5).withSinks(3).inLayers(List.of(List.of(3), List.of(3)));
        Weights weights = Tiny.plain().withRoleSpace(window);
        Trainer fixed = new Trainer(weights, Tiny.CONFIG, Team.serial());
        Trainer ruled = new Trainer(Tiny.plain().withRoleSpace(RoleSpace.of(2, 5)), Tiny.CONFIG, Team.serial());
        ruled.fixRoles(new RoleChoice.Fixed(RolePolicy.sinkAndWindow(3, 1)));
        for (int i = 0; i < 3; i++) {
            StepReport report = fixed.step(Tiny.text());
            StepReport expected = ruled.step(Tiny.text());
            assertEquals(expected.loss(), report.loss());
            assertEquals(expected.gradNorm(), report.gradNorm());
            assertEquals(expected.share(), report.bestShare());
        }
        assertEquals(Tiny.sha256(ruled.weights()), Tiny.sha256(weights));
        assertNull(fixed.gradients().layers.getFirst().scorer.data());
        assertEquals(List.of(), scorers(fixed));
        assertThrows(IllegalArgumentException.class, () -> new Trainer(weights, Tiny.CONFIG.withTuning(new Tuning.ScorersOnly()), Team.serial()));
    }

    @Test
    void ofALayerWithOneRoleTheScorerHasNoGradient() {
        RoleSpace space = Tiny.MODEL.roleSpace().inLayer(0, Role.sliding(1));
        Weights weights = Tiny.plain().withRoleSpace(space);
        Trainer trainer = new Trainer(weights, Tiny.CONFIG.withRoles(RoleLearning.of(new PriceSchedule(0.5, 0, 0)).withGlobalBonus(4, 10)), Team.serial());
        trainer.step(Tiny.text());
        assertArrayEquals(new float[weights.layers.get(0).scorer.size()], trainer.gradients().layers.get(0).scorer.data());
        assertFalse(Arrays.equals(new float[weights.layers.get(1).scorer.size()], trainer.gradients().layers.get(1).scorer.data()));
    }

    /** Copies of the scorers and of their moments. */
    private static List<float[]> scorers(Trainer trainer) {
        return trainer.learner().learned().stream().filter(Learned::isScorer)
                .flatMap(one -> Stream.of(one.weight(), one.m(), one.v())).map(tensor -> tensor.data().clone()).toList();
    }

    @Test
    void recomputingGivesTheSameBits() {
        Trainer keeping = Tiny.trainer(Tiny.CONFIG, Team.serial());
        Weights weights = new Weights(Tiny.MODEL);
        Init.LIVELY.apply(weights, 5, Team.serial());
        Trainer recomputing = new Trainer(weights, Tiny.CONFIG, Team.serial(), Activations.Keep.INPUTS);
        for (int i = 0; i < 3; i++) {
            assertEquals(keeping.step(Tiny.text()).loss(), recomputing.step(Tiny.text()).loss());
        }
        assertEquals(Tiny.sha256(keeping.weights()), Tiny.sha256(recomputing.weights()));
        assertThrows(IllegalArgumentException.class, () -> new Trainer(weights, Tiny.CONFIG, Team.serial(), Activations.Keep.NOTHING));
    }

    @Test
    void afterAConfigurationThatDoesNotFitAnotherOneDoes() {
        Trainer trainer = Tiny.trainer(Tiny.CONFIG, Team.serial());
        Trainer expected = Tiny.trainer(Tiny.CONFIG, Team.serial());
        assertThrows(IllegalArgumentException.class, () -> trainer.config(Tiny.CONFIG.withShape(1 << 12, 1 << 12, 1)));
        assertThrows(IllegalStateException.class, () -> trainer.step(Tiny.text()));
        trainer.config(Tiny.CONFIG);
        assertEquals(expected.step(Tiny.text()).loss(), trainer.step(Tiny.text()).loss());
    }

    @Test
    void aGradientThatIsNotFiniteChangesNothing() {
        Trainer trainer = Tiny.trainer(Tiny.CONFIG, Team.serial());
        trainer.step(Tiny.text());
        trainer.weights().finalNorm.data()[3] = Float.NaN;
        String before = Tiny.sha256(trainer.weights());
        String moments = Tiny.sha256(trainer.learner().state());
        assertThrows(ArithmeticException.class, () -> trainer.step(Tiny.text()));
        assertEquals(before, Tiny.sha256(trainer.weights()));
        assertEquals(moments, Tiny.sha256(trainer.learner().state()));
        assertEquals(1, trainer.steps());
    }

    @Test
    void sequencesMayGrowDuringTheRun() {
        Trainer trainer = Tiny.trainer(Tiny.CONFIG, Team.serial());
        trainer.step(Tiny.text());
        trainer.config(Tiny.CONFIG.withShape(1, 40, 1));
        StepReport report = trainer.step(Tiny.text());
        assertEquals(1, report.step());
        assertEquals(40, report.tokens());
    }
}
