package org.neuralattention.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.neuralattention.kernels.Team;

class KvTargetTest {

    @Test
    void thePathComesDownInALineAndStays() {
        KvTarget target = new KvTarget(0.2, 0.1, 9);
        assertEquals(0.92, target.path(0, 1), 1e-12);
        assertEquals(0.28, target.path(8, 1), 1e-12);
        assertEquals(0.38, target.path(0, 0.4), 1e-12);
        assertEquals(0.11, target.path(0, 0.1), 1e-12, "or up");
        assertEquals(0.2, target.path(9, 1));
        assertEquals(0.2, target.path(1_000_000, 0.4));
        assertEquals(0.2, new KvTarget(0.2, 0.1, 0).path(0, 1));
    }

    @Test
    void keepingTooMuchMakesItDearerAndTooLittleCheaperWithinLimits() {
        KvTarget target = new KvTarget(0.2, 0.1, 0);
        Price.State state = target.start(0);
        assertEquals(new Price.State(0.1, 0, 0), state);
        assertEquals(0.1, target.next(state, 0, 0.9, 0.2).price(), 1e-15, "on the path it stays");
        Price.State dearer = target.next(state, 0, 0.9, 0.3);
        assertTrue(dearer.price() > 0.1);
        assertEquals(0.1, dearer.error(), 1e-12);
        double asinh = Math.log(1 + Math.sqrt(2)); // of 0.1 / 0.1
        assertEquals(0.1 * Math.sinh(asinh + KvTarget.PROPORTIONAL * 0.1 + KvTarget.INTEGRAL * 0.1), dearer.price(), 1e-12);
        assertTrue(target.next(dearer, 1, 0.1, 0.1).price() < 0.1, "what the proportional part added goes again, and more");
        for (int i = 0; i < 10_000; i++) {
            state = target.next(state, i, 1, 1);
        }
        assertEquals(KvTarget.HIGHEST, state.price());
        for (int i = 0; i < 10_000; i++) {
            state = target.next(state, i, 0, 0);
        }
        assertEquals(KvTarget.LOWEST, state.price());
    }

    /** On the path the drawn roles give way to the most likely ones. */
    @Test
    void atFirstTheDrawnRolesCountAndInTheEndTheMostLikelyOnes() {
        KvTarget target = new KvTarget(0.2, 0.1, 99);
        Price.State state = target.start(0);
        assertEquals(0.99 * 0.6 + 0.01 * 1 - target.path(0, 1), target.next(state, 0, 0.6, 1).error(), 1e-12);
        assertEquals(1 - target.path(99, 1), target.next(state, 99, 0.6, 1).error(), 1e-12);
    }

    /** What was learned is not let go to begin again: the path starts where the model is, and the most likely roles count at once. */
    @Test
    void aModelThatKeepsLessBeginsWhereItIs() {
        KvTarget target = new KvTarget(0.2, 0.1, 99);
        Price.State state = target.next(target.start(0), 0, 0.5, 0.4);
        assertEquals(0.4, state.from());
        double done = 0.75 + 0.25 * 0.01;
        assertEquals(0.5 - done * 0.1 - target.path(0, 0.4), state.error(), 1e-12);
        assertEquals(0.4, target.next(state, 1, 0.3, 0.3).from());
        Price.State less = target.next(target.start(0), 0, 0.5, 0.1);
        assertEquals(0.1 - target.path(0, 0.1), less.error(), 1e-12);
    }

    /** A second search goes on with the roles that the first one found. */
    @Test
    void aSecondRunBeginsWithTheRolesOfTheFirst() {
        int steps = 60;
        TrainConfig config = Tiny.CONFIG.withShape(4, 60, 1).withLr(LrSchedule.cosine(1e-2, 1e-3, 0, steps));
        Trainer first = new Trainer(Tiny.plain().withRoleSpace(Tiny.MODEL.roleSpace()), config.withRoles(RoleLearning.fineTune(0.5, steps).withLrFactor(1)), Team.serial());
        StepReport report = null;
        for (int i = 0; i < steps; i++) {
            report = first.step(Tiny.text());
        }
        Trainer second = new Trainer(first.weights(), config.withRoles(RoleLearning.fineTune(0.3, steps).withGlobalBonus(0, 0).withLrFactor(1)), Team.serial());
        assertEquals(report.bestShare(), second.step(Tiny.text()).bestShare(), 0.1);
        for (int i = 1; i < 5; i++) {
            assertTrue(second.step(Tiny.text()).bestShare() < report.bestShare() + 0.1, "step " + i);
        }
    }

    @Test
    void wrongTargetsAreRefused() {
        for (double share : new double[] {0, 1, -1, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> new KvTarget(share, 0.1, 10));
        }
        assertThrows(IllegalArgumentException.class, () -> new KvTarget(0.2, -0.1, 10));
        assertThrows(IllegalArgumentException.class, () -> new KvTarget(0.2, Double.POSITIVE_INFINITY, 10));
        assertThrows(IllegalArgumentException.class, () -> new KvTarget(0.2, 0.1, -1));
    }

    /** From all global to less than half of it, and near the target in the end; a bonus begins where nothing is lost. */
    @Test
    void aRunEndsAtItsTarget() {
        int steps = 160;
        RoleLearning roles = RoleLearning.fineTune(0.4, steps).withLrFactor(1);
        TrainConfig config = Tiny.CONFIG.withShape(4, 60, 1).withLr(LrSchedule.cosine(1e-2, 1e-3, 0, steps)).withRoles(roles);
        Trainer trainer = new Trainer(Tiny.plain().withRoleSpace(Tiny.MODEL.roleSpace()), config, Team.serial());
        StepReport first = trainer.step(Tiny.text());
        assertEquals(1, first.bestShare());
        assertTrue(first.share() > 0.85, "share " + first.share());
        double last = 0;
        for (int i = 1; i < steps; i++) {
            StepReport report = trainer.step(Tiny.text());
            last += i >= steps - 10 ? report.bestShare() / 10 : 0;
        }
        assertEquals(0.4, last, 0.05);
    }
}
