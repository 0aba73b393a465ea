package org.neuralattention.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.neuralattention.cache.KvBudgetExceededException;
import org.neuralattention.cache.KvCache;
import org.neuralattention.kernels.CounterRandom;
import org.neuralattention.kernels.KvDtype;
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
import org.neuralattention.roles.Role;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.roles.RolePolicy;
import org.neuralattention.roles.RoleSpace;
import org.neuralattention.train.Evaluation;

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
                        Activation.SWIGLU, Biases.NONE, true, true, 12, RoleSpace.of(3, 20)),
                new ModelConfig(50, 32, 2, 2, 2, 16, 64, 128, Norm.LAYER, 1e-5f, new Positions.Learned(),
                        Activation.GELU_TANH, new Biases(true, true, true), false, true, 0, RoleSpace.of(5)),
                llama.withRoleSpace(RoleSpace.of(4, 20).withSinks(9).without(Role.LOCAL).inLayer(1, Role.GLOBAL, Role.sliding(0))),
                llama.withRoleSpace(RoleSpace.of(4, 20).withSinks(3).without(Role.GLOBAL).inLayer(1, Role.sliding(0))));
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

    /**
     * Whatever form keys and values are stored in: a piece's own rows attend to them as stored too. A number that rounding leaves near a border
     * may be stored on either side of it, which changes less than attending to the numbers as they were would.
     */
    @ParameterizedTest
    @EnumSource
    void prefillInPiecesIsDecodeOneByOne(KvDtype dtype) {
        RolePolicy given = (layer, head, sequence, position) ->
                position == 0 ? 0 : (int) (CounterRandom.uniform(11, 0, layer, head, position, 0) * 4);
        ModelConfig c = ModelConfig.llama(50, 32, 2, 4, 2, 48, 128).withRoleWindows(4, 20);
        try (Team team = Team.of(2)) {
            Transformer transformer = new Transformer(random(c), team);
            int[] ids = ids(c);
            Session oneByOne = new Session(transformer, KvCache.of(c, dtype, Long.MAX_VALUE), new RoleChoice.Fixed(given), 1);
            float[] expected = new float[TOKENS * c.vocabSize()];
            for (int at = 0; at < TOKENS; at++) {
                oneByOne.decode(ids[at]);
                System.arraycopy(oneByOne.logits(), 0, expected, at * c.vocabSize(), c.vocabSize());
            }
            for (int piece : new int[] {1, 2, 7, 64}) {
                Session session = new Session(transformer, KvCache.of(c, dtype, Long.MAX_VALUE), new RoleChoice.Fixed(given), piece);
                for (int at = 0; at < TOKENS; at += piece) {
                    int rows = Math.min(piece, TOKENS - at);
                    session.prefill(ids, at, rows);
                    float tolerance = dtype == KvDtype.F32 ? 1e-5f : dtype == KvDtype.BF16 ? 3e-4f : 2e-3f;
                    assertRow(expected, at + rows - 1, session.logits(), tolerance, dtype + ", pieces of " + piece);
                }
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

    /** Nine sinks, of which the last stands in the third piece: they stay, whatever the pieces. */
    @Test
    void sinksAreHeldInWhateverPiecesTheyCome() {
        ModelConfig c = ModelConfig.llama(50, 32, 2, 4, 2, 48, 128).withRoleSpace(RoleSpace.of(2).withSinks(9).inLayer(0, Role.GLOBAL, Role.sliding(0)));
        Transformer transformer = new Transformer(random(c), Team.serial());
        for (int piece : new int[] {1, 4, 64}) {
            Session session = new Session(transformer, KvCache.of(c), RoleChoice.BEST, piece);
            session.prefill(ids(c), 0, TOKENS);
            long[] held = session.cache().positions(0, 0);
            assertArrayEquals(LongStream.range(0, 9).toArray(), Arrays.copyOf(held, 9), "pieces of " + piece);
        }
    }

    /** Scorers have no say where there is no choice: forward, evaluation and cache, in any pieces, are those of the rule, to the bit. */
    @Test
    void aSpaceWithoutAChoiceIsSinkAndWindow() {
        ModelConfig c = ModelConfig.llama(50, 32, 2, 4, 2, 48, 128).withRoleSpace(RoleSpace.of(6, 20).withSinks(4).inLayers(List.of(List.of(3), List.of(3))));
        Transformer transformer = new Transformer(random(c), Team.serial());
        int[] ids = ids(c);
        RoleChoice rule = new RoleChoice.Fixed(RolePolicy.sinkAndWindow(4, 1));
        assertArrayEquals(whole(transformer, ids, rule), whole(transformer, ids, RoleChoice.BEST));
        assertEquals(new Evaluation(transformer, ids, 40, 2, 2).run(rule), new Evaluation(transformer, ids, 40, 2, 2).run(RoleChoice.BEST));
        for (int piece : new int[] {1, 3, 64}) {
            Session session = new Session(transformer, KvCache.of(c), RoleChoice.BEST, piece);
            Session ruled = new Session(transformer, KvCache.of(c), rule, piece);
            session.prefill(ids, 0, TOKENS);
            ruled.prefill(ids, 0, TOKENS);
            assertArrayEquals(ruled.logits(), session.logits());
            assertArrayEquals(LongStream.concat(LongStream.range(0, 4), LongStream.range(TOKENS - 20, TOKENS)).toArray(), session.cache().positions(1, 1));
            assertEquals(ruled.cache().stats(), session.cache().stats());
        }
    }

    @Test
    void aFullBudgetIsATypedErrorAndTheSessionGoesOn() {
        ModelConfig c = ModelConfig.llama(50, 32, 2, 4, 2, 48, 4096);
        Transformer transformer = new Transformer(random(c), Team.serial());
        Session bounded = new Session(transformer, KvCache.of(c, KvDtype.F32, 100_000), RoleChoice.FULL, 16);
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

    /** A rule that fails behind the first layer, in a piece and in a single token. */
    @Test
    void aStepThatFailsMidwayBreaksTheSessionUntilTheCacheIsCleared() {
        ModelConfig c = ModelConfig.llama(50, 32, 2, 4, 2, 48, 128).withRoleWindows(4);
        Transformer transformer = new Transformer(random(c), Team.serial());
        int[] ids = ids(c);
        for (int piece : new int[] {1, 16}) {
            for (int wrong : new int[] {-1, 3}) {
                boolean[] fails = {true};
                RolePolicy policy = (layer, head, sequence, position) -> fails[0] && layer == 1 && position == 40 ? wrong : (int) (position % 3);
                Session session = new Session(transformer, KvCache.of(c), new RoleChoice.Fixed(policy), piece);
                IllegalArgumentException cause = assertThrows(IllegalArgumentException.class, () -> session.prefill(ids, 0, TOKENS));
                for (Executable use : List.<Executable>of(
                        () -> session.decode(1), () -> session.prefill(ids, 0, 20), () -> session.prefill(ids, 0, 0), session::logits)) {
                    IllegalStateException e = assertThrows(IllegalStateException.class, use);
                    assertTrue(e.getMessage().contains("cache().clear()"), e.getMessage());
                    assertSame(cause, e.getCause());
                }
                fails[0] = false;
                session.cache().clear();
                session.prefill(ids, 0, TOKENS);
                Session fresh = new Session(transformer, KvCache.of(c), new RoleChoice.Fixed(policy), piece);
                fresh.prefill(ids, 0, TOKENS);
                assertArrayEquals(fresh.logits(), session.logits());
            }
        }
    }

    @Test
    void aStepThatFailsBeforeItsFirstLayerChangesNothing() {
        ModelConfig c = ModelConfig.llama(50, 32, 2, 4, 2, 48, 128).withRoleWindows(4);
        Transformer transformer = new Transformer(random(c), Team.serial());
        int[] ids = ids(c);
        boolean[] fails = {true};
        RolePolicy policy = (layer, head, sequence, position) -> fails[0] && position == 40 ? -1 : (int) (position % 3);
        Session session = new Session(transformer, KvCache.of(c), new RoleChoice.Fixed(policy), 16);
        assertThrows(IllegalArgumentException.class, () -> session.prefill(ids, 0, TOKENS));
        assertEquals(32, session.position());
        fails[0] = false;
        Session fresh = new Session(transformer, KvCache.of(c), new RoleChoice.Fixed(policy), 16);
        fresh.prefill(ids, 0, 32);
        assertArrayEquals(fresh.logits(), session.logits());
        session.prefill(ids, 32, TOKENS - 32);
        fresh.prefill(ids, 32, TOKENS - 32);
        assertArrayEquals(fresh.logits(), session.logits());
    }

    @Test
    void aPrefillThatCannotSucceedTakesNothingIn() {
        ModelConfig c = configs().toList().get(4); // learned positions, 128 of them
        Session session = new Session(new Transformer(random(c), Team.serial()), KvCache.of(c), RoleChoice.BEST, 16);
        int[] ids = Arrays.copyOf(ids(c), 129);
        assertMessage("129 tokens from position 0", () -> session.prefill(ids, 0, 129));
        assertEquals(0, session.position());
        for (int wrong : new int[] {-1, 50}) {
            ids[100] = wrong;
            assertMessage("ids[100] = " + wrong, () -> session.prefill(ids, 0, 128));
            assertEquals(0, session.position());
        }
        ids[100] = 0;
        session.prefill(ids, 0, 128);
        assertMessage("1 tokens from position 128", () -> session.decode(0));
        assertEquals(128, session.position());
    }

    @Test
    void aPrefillThatTheBudgetEndsTellsHowFarItCame() {
        ModelConfig c = ModelConfig.llama(50, 32, 2, 4, 2, 48, 4096);
        Transformer transformer = new Transformer(random(c), Team.serial());
        Session bounded = new Session(transformer, KvCache.of(c, KvDtype.F32, 100_000), RoleChoice.FULL, 16);
        Session free = new Session(transformer, KvCache.of(c), RoleChoice.FULL, 16);
        int[] ids = new int[4000];
        Arrays.setAll(ids, i -> i * 7 % 50);
        assertThrows(KvBudgetExceededException.class, () -> bounded.prefill(ids, 0, 4000));
        int held = (int) bounded.position();
        assertTrue(held > 0 && held < 1000 && held % 16 == 0, "held " + held);
        free.prefill(ids, 0, held);
        assertArrayEquals(free.logits(), bounded.logits());
    }

    @Test
    void aCacheThatDoesNotFitTheModelIsNamed() {
        ModelConfig c = ModelConfig.llama(50, 32, 2, 4, 2, 48, 64).withRoleWindows(4);
        Transformer transformer = new Transformer(random(c), Team.serial());
        int[] four = {4};
        for (KvCache cache : List.of(new KvCache(3, 2, 8, four, 0, KvDtype.F32, 1 << 20), new KvCache(2, 1, 8, four, 0, KvDtype.F32, 1 << 20),
                new KvCache(2, 2, 16, four, 0, KvDtype.F32, 1 << 20), new KvCache(2, 2, 8, new int[] {5}, 0, KvDtype.F32, 1 << 20),
                new KvCache(2, 2, 8, new int[] {4, 5}, 0, KvDtype.F32, 1 << 20), new KvCache(2, 2, 8, four, 9, KvDtype.F32, 1 << 20))) {
            assertMessage("but the model nLayers = 2, nKvHeads = 2, headDim = 8, windows = [4], attentionWindow = 0",
                    () -> new Session(transformer, cache, RoleChoice.BEST, 4));
        }
        KvCache used = new KvCache(2, 2, 8, four, 0, KvDtype.F32, 1 << 20);
        used.startAt(3);
        new Session(transformer, used, RoleChoice.BEST, 4).decode(1);
        assertMessage("taken in 1 tokens", () -> new Session(transformer, used, RoleChoice.BEST, 4));
        used.clear();
        used.append(0, new int[2], 0, new float[16], 0, new float[16], 0, 1);
        assertMessage("middle of a step", () -> new Session(transformer, used, RoleChoice.BEST, 4));
        ModelConfig plain = c.withRoleWindows();
        assertMessage("RoleChoice.FULL", () -> new Session(new Transformer(random(plain), Team.serial()), KvCache.of(plain), RoleChoice.BEST, 4));
    }

    private static void assertMessage(String part, Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.contains(part), message);
    }

    private static float[] whole(Transformer transformer, int[] ids, RoleChoice choice) {
        Activations s = new Activations(transformer.config(), 1, TOKENS, Activations.Keep.NOTHING);
        transformer.forward(s, ids, 0, choice);
        float[] logits = new float[TOKENS * transformer.config().vocabSize()];
        transformer.logits(logits, 0, s, 0, TOKENS);
        return logits;
    }

    private static void assertRow(float[] whole, int row, float[] actual, String what) {
        assertRow(whole, row, actual, 1e-5f, what);
    }

    private static void assertRow(float[] whole, int row, float[] actual, float tolerance, String what) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < actual.length; i++) {
            double expected = whole[row * actual.length + i];
            difference += (actual[i] - expected) * (actual[i] - expected);
            norm += expected * expected;
        }
        double error = Math.sqrt(difference / norm);
        assertTrue(error <= tolerance, what + ", row " + row + ": relative error " + error);
    }

    static Weights random(ModelConfig c) {
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
