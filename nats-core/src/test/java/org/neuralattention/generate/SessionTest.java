package org.neuralattention.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.neuralattention.cache.KvBudgetExceededException;
import org.neuralattention.cache.KvCache;
import org.neuralattention.kernels.CounterRandom;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Activation;
import org.neuralattention.model.ModelConfig.Biases;
import org.neuralattention.model.ModelConfig.Norm;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.roles.RolePolicy;

@Tag("widths")
class SessionTest {

    private static final int TOKENS = 90;

    static Stream<ModelConfig> configs() {
        ModelConfig llama = ModelConfig.llama(50, 32, 2, 4, 2, 48, 128);
        return Stream.of(
                llama,
                llama.withRoleWindows(4),
                llama.withRoleWindows(2, 9, 31),
                new ModelConfig(50, 32, 2, 4, 1, 16, 48, 128, Norm.RMS, 1e-6f, new Positions.Rotary(1e4, false, null),
                        Activation.SWIGLU, Biases.NONE, true, true, 12, List.of(3, 20)),
                new ModelConfig(50, 32, 2, 2, 2, 16, 64, 128, Norm.LAYER, 1e-5f, new Positions.Learned(),
                        Activation.GELU_TANH, new Biases(true, true, true), false, true, 0, List.of(5)));
    }

    /** In pieces of any size and one by one, the logits are those of the whole sequence with the same given roles. */
    @ParameterizedTest
    @MethodSource("configs")
    void anySplitGivesTheLogitsOfTheWholeSequence(ModelConfig c) {
        RolePolicy given = (layer, head, sequence, position) ->
                position == 0 ? 0 : (int) (CounterRandom.uniform(11, 0, layer, head, position, 0) * c.nRoles());
        RoleChoice choice = c.hasRoles() ? new RoleChoice.Fixed(given) : RoleChoice.FULL;
        try (Team team = Team.of(2)) {
            Transformer transformer = new Transformer(random(c), team);
            int[] ids = ids(c);
            float[] whole = whole(transformer, ids, choice);
            for (int piece : new int[] {1, 2, 3, 7, 16, 64, TOKENS}) {
                Session session = new Session(transformer, KvCache.of(c), choice, piece);
                for (int at = 0; at < TOKENS; at += piece) {
                    int rows = Math.min(piece, TOKENS - at);
                    session.prefill(ids, at, rows);
                    assertRow(whole, at + rows - 1, session.logits(), "pieces of " + piece);
                }
                assertEquals(TOKENS, session.position());
            }
        }
    }

    /** With its own roles too, a session predicts what evaluation of the whole sequence predicts. */
    @ParameterizedTest
    @MethodSource("configs")
    void theModelsOwnRolesGiveTheLogitsOfEvaluation(ModelConfig c) {
        RoleChoice choice = c.hasRoles() ? RoleChoice.BEST : RoleChoice.FULL;
        Transformer transformer = new Transformer(random(c), Team.serial());
        int[] ids = ids(c);
        float[] whole = whole(transformer, ids, choice);
        Session session = new Session(transformer);
        for (int at = 0; at < TOKENS; at++) {
            session.decode(ids[at]);
            assertRow(whole, at, session.logits(), "one by one");
        }
    }

    @Test
    void aFullBudgetIsATypedErrorAndTheSessionGoesOn() {
        ModelConfig c = ModelConfig.llama(50, 32, 2, 4, 2, 48, 4096);
        Transformer transformer = new Transformer(random(c), Team.serial());
        Session bounded = new Session(transformer, KvCache.of(c, 100_000), RoleChoice.FULL, 16);
        Session free = new Session(transformer, KvCache.of(c), RoleChoice.FULL, 16);
        assertThrows(KvBudgetExceededException.class, () -> {
            for (int i = 0; i < 4000; i++) {
                bounded.decode(i % 50);
            }
        });
        long held = bounded.position();
        assertTrue(held > 10 && held < 1000, "held " + held);
        for (int i = 0; i < held; i++) {
            free.decode(i % 50);
        }
        assertArrayEquals(free.logits(), bounded.logits());
    }

    @Test
    void misuseIsNamed() {
        ModelConfig c = ModelConfig.llama(50, 32, 1, 4, 2, 48, 64).withRoleWindows(4);
        Transformer transformer = new Transformer(random(c), Team.serial());
        assertThrows(IllegalArgumentException.class, () -> new Session(transformer, KvCache.of(c), new RoleChoice.Sampled(1, 1, 0), 4));
        assertThrows(IllegalArgumentException.class, () -> new Session(transformer, KvCache.of(c), RoleChoice.BEST, 0));
        Session session = new Session(transformer);
        assertThrows(IllegalArgumentException.class, () -> session.decode(50));
        assertThrows(IndexOutOfBoundsException.class, () -> session.prefill(new int[3], 2, 2));
        assertEquals(0, session.position());
    }

    private static float[] whole(Transformer transformer, int[] ids, RoleChoice choice) {
        Activations s = new Activations(transformer.config(), 1, TOKENS, Activations.Keep.NOTHING);
        transformer.forward(s, ids, 0, choice);
        float[] logits = new float[TOKENS * transformer.config().vocabSize()];
        transformer.logits(logits, 0, s, 0, TOKENS);
        return logits;
    }

    private static void assertRow(float[] whole, int row, float[] actual, String what) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < actual.length; i++) {
            double expected = whole[row * actual.length + i];
            difference += (actual[i] - expected) * (actual[i] - expected);
            norm += expected * expected;
        }
        double error = Math.sqrt(difference / norm);
        assertTrue(error <= 1e-5, what + ", row " + row + ": relative error " + error);
    }

    private static Weights random(ModelConfig c) {
        Weights w = new Weights(c);
        for (int i = 0; i < w.tensors().size(); i++) {
            Tensor tensor = w.tensors().get(i);
            boolean gain = tensor.name().endsWith("norm.weight");
            for (int j = 0; j < tensor.size(); j++) {
                tensor.data()[j] = (float) (0.3 * CounterRandom.gaussian(7, 0, i, 0, j, 0)) + (gain ? 1 : 0);
            }
        }
        return w;
    }

    private static int[] ids(ModelConfig c) {
        int[] ids = new int[TOKENS];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (int) (CounterRandom.uniform(3, 0, 0, 0, i, 0) * c.vocabSize());
        }
        return ids;
    }
}
