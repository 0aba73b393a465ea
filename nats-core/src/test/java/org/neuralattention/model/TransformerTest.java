package org.neuralattention.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.neuralattention.kernels.CounterRandom;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations.Keep;
import org.neuralattention.model.ModelConfig.Activation;
import org.neuralattention.model.ModelConfig.Biases;
import org.neuralattention.model.ModelConfig.Norm;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.roles.RoleSpace;

class TransformerTest {

    private static final int BATCH = 2;
    private static final int SEQ_LEN = 13;

    static Stream<ModelConfig> configs() {
        ModelConfig llama = ModelConfig.llama(40, 24, 2, 3, 1, 40, 32);
        return Stream.of(
                llama,
                llama.withTiedHead(true).withRoleWindows(3),
                llama.withRoleWindows(2, 5),
                new ModelConfig(40, 24, 2, 2, 2, 16, 40, 32, Norm.RMS, 1e-6f, new Positions.Rotary(1e4, true, null),
                        Activation.SWIGLU, new Biases(true, false, false), true, true, 4, RoleSpace.of(3)),
                new ModelConfig(40, 24, 2, 3, 3, 8, 96, 32, Norm.LAYER, 1e-5f, new Positions.Learned(),
                        Activation.GELU_TANH, new Biases(true, true, true), false, true, 0, RoleSpace.NONE),
                new ModelConfig(40, 24, 1, 4, 2, 8, 48, 32, Norm.LAYER, 1e-5f, new Positions.Rotary(1e4, false, null),
                        Activation.GELU_ERF, new Biases(true, true, true), false, false, 5, RoleSpace.NONE));
    }

    /** Along a random direction of each tensor, the loss changes as its gradient says. */
    @ParameterizedTest
    @MethodSource("configs")
    void theGradientOfEveryTensorAgreesWithFiniteDifferences(ModelConfig c) {
        Weights w = random(c, 1);
        Weights gradients = new Weights(c);
        RoleChoice choice = c.hasRoles() ? new RoleChoice.Fixed((layer, head, seq, pos) -> (int) ((pos * 7 + layer + head) % c.nRoles())) : RoleChoice.FULL;
        Transformer t = new Transformer(w, Team.serial());
        Activations s = new Activations(c, BATCH, SEQ_LEN, Keep.ALL);
        int[] ids = ids(c, 0);
        int[] targets = ids(c, 1);
        t.forward(s, ids, 0, targets, 0, choice);
        t.backward(gradients, s, ids, 0, targets, 0, choice, 1f / s.rows(), 0);
        for (int i = 0; i < w.tensors().size(); i++) {
            Tensor tensor = w.tensors().get(i);
            if (tensor.name().contains("scorer")) {
                continue; // fixed roles: nothing to learn
            }
            float[] direction = new float[tensor.size()];
            double expected = 0;
            for (int j = 0; j < direction.length; j++) {
                direction[j] = (float) CounterRandom.gaussian(5, i, 0, 0, j, 0);
                expected += direction[j] * gradients.tensors().get(i).data()[j];
            }
            double eps = 2e-3 / Math.sqrt(Math.max(1, direction.length / 24.0));
            double up = lossAt(t, s, ids, targets, choice, tensor, direction, eps);
            double down = lossAt(t, s, ids, targets, choice, tensor, direction, -eps);
            assertEquals(expected, (up - down) / (2 * eps), 2e-3 + 0.02 * Math.abs(expected), tensor.name() + " of " + c);
        }
    }

    private static double lossAt(Transformer t, Activations s, int[] ids, int[] targets, RoleChoice choice, Tensor tensor, float[] direction, double eps) {
        float[] saved = tensor.data().clone();
        for (int j = 0; j < saved.length; j++) {
            tensor.data()[j] = (float) (saved[j] + eps * direction[j]);
        }
        double loss = t.forward(s, ids, 0, targets, 0, choice);
        System.arraycopy(saved, 0, tensor.data(), 0, saved.length);
        return loss;
    }

    @ParameterizedTest
    @MethodSource("configs")
    void anyNumberOfThreadsAndRecomputingGiveTheSameBits(ModelConfig c) {
        List<RoleChoice> choices = c.hasRoles()
                ? List.of(new RoleChoice.Sampled(9, 3, 0), new RoleChoice.Sampled(9, 3, 0, 1, 0, 1, false)) : List.of(RoleChoice.FULL);
        for (RoleChoice choice : choices) {
            Weights expected = gradients(c, choice, 1, Keep.ALL);
            for (int threads : new int[] {1, 2, 3, 7}) {
                for (Keep keep : List.of(Keep.ALL, Keep.INPUTS)) {
                    Weights actual = gradients(c, choice, threads, keep);
                    for (int i = 0; i < expected.tensors().size(); i++) {
                        assertArrayEquals(expected.tensors().get(i).data(), actual.tensors().get(i).data(),
                                expected.tensors().get(i).name() + ", " + threads + " threads, " + keep + ", " + choice);
                    }
                }
            }
        }
    }

    private static Weights gradients(ModelConfig c, RoleChoice choice, int threads, Keep keep) {
        try (Team team = Team.of(threads)) {
            Transformer t = new Transformer(random(c, 1), team);
            Activations s = new Activations(c, BATCH, SEQ_LEN, keep);
            Weights gradients = new Weights(c);
            int[] ids = ids(c, 0);
            int[] targets = ids(c, 1);
            t.forward(s, ids, 0, targets, 0, choice);
            t.backward(gradients, s, ids, 0, targets, 0, choice, 1f / s.rows(), 0.5);
            return gradients;
        }
    }

    @Test
    void aMaskedTargetAsksNothing() {
        ModelConfig c = ModelConfig.llama(40, 24, 1, 3, 1, 40, 32);
        Transformer t = new Transformer(random(c, 1), Team.serial());
        Activations s = new Activations(c, BATCH, SEQ_LEN, Keep.ALL);
        int[] targets = ids(c, 1);
        java.util.Arrays.fill(targets, 1, targets.length, -100);
        double one = t.forward(s, ids(c, 0), 0, targets, 0, RoleChoice.FULL);
        assertEquals(s.losses()[0], one, 1e-6);
        assertEquals(0, s.losses()[1]);
    }

    @Test
    void aModelWithoutRolesRefusesToChooseThem() {
        ModelConfig c = ModelConfig.llama(40, 24, 1, 3, 1, 40, 32);
        Transformer t = new Transformer(random(c, 1), Team.serial());
        Activations s = new Activations(c, BATCH, SEQ_LEN, Keep.ALL);
        String message = assertThrows(IllegalStateException.class, () -> t.forward(s, ids(c, 0), 0, RoleChoice.BEST)).getMessage();
        assertTrue(message.contains("RoleChoice.FULL"), message);
    }

    @Test
    void logitsOfRowsThePassDoesNotHaveAreRefused() {
        ModelConfig c = ModelConfig.llama(40, 24, 1, 3, 1, 40, 32);
        Transformer t = new Transformer(random(c, 1), Team.serial());
        Activations s = new Activations(c, BATCH, SEQ_LEN, Keep.NOTHING);
        s.seqLen(5);
        t.forward(s, ids(c, 0), 0, RoleChoice.FULL);
        float[] logits = new float[2 * 40];
        t.logits(logits, 0, s, 8, 2);
        assertThrows(IndexOutOfBoundsException.class, () -> t.logits(logits, 0, s, 9, 2));
        assertThrows(IndexOutOfBoundsException.class, () -> t.logits(logits, 0, s, 10, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> t.logits(logits, 0, s, -1, 1));
    }

    static Weights random(ModelConfig c, long seed) {
        Weights w = new Weights(c);
        for (int i = 0; i < w.tensors().size(); i++) {
            float[] data = w.tensors().get(i).data();
            boolean gain = w.tensors().get(i).name().endsWith("norm.weight");
            for (int j = 0; j < data.length; j++) {
                data[j] = (float) (0.3 * CounterRandom.gaussian(seed, 0, i, 0, j, 0)) + (gain ? 1 : 0);
            }
        }
        return w;
    }

    private static int[] ids(ModelConfig c, int draw) {
        int[] ids = new int[BATCH * SEQ_LEN];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (int) (CounterRandom.uniform(3, 0, 0, 0, i, draw) * c.vocabSize());
        }
        return ids;
    }
}
