package org.neuralattention.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

class InitTest {

    private static final ModelConfig PLAIN = ModelConfig.llama(300, 64, 2, 4, 2, 160, 128);

    @Test
    void deviationsAreThoseAskedFor() {
        Weights w = new Weights(PLAIN.withRoleWindows(8));
        new Init(0.1, 0.5, true).apply(w, 3, Team.serial());
        assertEquals(0.5, deviation(w.embedding), 0.02);
        assertEquals(0.1, deviation(w.head), 0.005);
        Weights.Layer layer = w.layers.get(1);
        assertEquals(0.1, deviation(layer.wq), 0.006);
        assertEquals(0.1, deviation(layer.scorer), 0.02);
        assertEquals(0.05, deviation(layer.wo), 0.003);
        assertEquals(0.05, deviation(layer.wDown), 0.003);
        for (float one : layer.attnNorm.data()) {
            assertEquals(1, one);
        }
    }

    @Test
    void aModelWithRolesStartsFromTheSameTrunk() {
        Weights plain = new Weights(PLAIN);
        Weights roles = new Weights(PLAIN.withRoleWindows(8));
        Init.GPT2.apply(plain, 3, Team.serial());
        try (Team team = Team.of(3)) {
            Init.GPT2.apply(roles, 3, team);
        }
        for (Tensor tensor : plain.tensors()) {
            assertArrayEquals(tensor.data(), roles.tensor(tensor.name()).data(), tensor.name());
        }
    }

    private static double deviation(Tensor tensor) {
        double sum = 0;
        for (float x : tensor.data()) {
            sum += (double) x * x;
        }
        return Math.sqrt(sum / tensor.size());
    }
}
