package org.neuralattention.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.neuralattention.kernels.Team;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.Activations.Keep;
import org.neuralattention.roles.Role;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.roles.RoleSpace;

class WeightsTest {

    private static final ModelConfig PLAIN = ModelConfig.llama(40, 24, 2, 3, 1, 40, 32);

    /** With scorers of zeros global is chosen throughout: a fine-tune begins with the model as it was. */
    @Test
    void aModelThatIsGivenRolesIsTheSameModel() {
        Weights plain = TransformerTest.random(PLAIN, 1);
        Weights with = plain.withRoleSpace(RoleSpace.of(3, 8).withSinks(2));
        assertEquals(PLAIN.withRoleSpace(RoleSpace.of(3, 8).withSinks(2)), with.config());
        assertSame(plain.layers.get(1).wq.data(), with.layers.get(1).wq.data());
        int[] ids = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
        float[] expected = normed(plain, ids, RoleChoice.FULL);
        assertArrayEquals(expected, normed(with, ids, RoleChoice.BEST));
    }

    private static float[] normed(Weights weights, int[] ids, RoleChoice choice) {
        Activations s = new Activations(weights.config(), 1, ids.length, Keep.NOTHING);
        new Transformer(weights, Team.serial()).forward(s, ids, 0, choice);
        assertEquals(1, s.share());
        return s.finalNormed();
    }

    @Test
    void anotherRestrictionKeepsTheScorersAndOtherWindowsDoNot() {
        Weights with = TransformerTest.random(PLAIN.withRoleWindows(3), 1);
        assertSame(with.layers.getFirst().scorer.data(), with.withRoleSpace(RoleSpace.of(3).without(Role.LOCAL)).layers.getFirst().scorer.data());
        float[] fresh = with.withRoleSpace(RoleSpace.of(4)).layers.getFirst().scorer.data();
        assertArrayEquals(new float[fresh.length], fresh);
        assertNull(with.withRoleSpace(RoleSpace.NONE).layers.getFirst().scorer);
    }

    @Test
    void sharedWeightsAreTheSameMemoryUntilOneTakesAnother() {
        Weights weights = TransformerTest.random(PLAIN, 1);
        Weights shared = weights.shared();
        Tensor wq = shared.layers.getFirst().wq;
        assertSame(weights.layers.getFirst().wq.data(), wq.data());
        wq.take(new WeightMatrix.F32(new float[wq.size()], 0, wq.rows(), wq.cols()));
        assertNotSame(weights.layers.getFirst().wq.data(), wq.data());
        assertSame(weights.embedding.data(), shared.head == shared.embedding ? shared.head.data() : shared.embedding.data());
    }

    @Test
    void weightsThatAreNotHeldHaveNoMemory() {
        Weights some = new Weights(PLAIN.withRoleWindows(3), Weights::isScorer);
        assertEquals(2, some.tensors().stream().filter(t -> t.data() != null).count());
        assertTrue(some.isScorer(some.layers.get(1).scorer) && !some.isScorer(some.embedding));
        assertNull(some.head.data());
    }
}
