package org.neuralattention.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.neuralattention.cache.KvCache;
import org.neuralattention.cache.KvStats;
import org.neuralattention.generate.Perplexity;
import org.neuralattention.generate.Session;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.roles.RoleChoice;

/** Where roles say the same thing, the decoder is the product's session and counts what its cache counts; however it is cut and on any number of threads. */
class PolicyDecoderTest {

    private static final ModelConfig WITH_ROLES = Small.GROUPED.withRoleWindows(3, 12);

    @Test
    void learnedRolesHoldSeeAndCountWhatTheCacheDoes() {
        for (long seed = 1; seed <= 5; seed++) {
            Transformer model = Small.model(WITH_ROLES, seed, Team.serial());
            sameAsSession(model, Roles.learned(), RoleChoice.BEST);
            sameAsSession(model, new FullCache(), RoleChoice.FULL);
        }
    }

    private static void sameAsSession(Transformer model, Policy policy, RoleChoice choice) {
        int length = 90;
        int[] ids = Small.text(length, 3);
        ModelConfig c = model.config();
        KvCache cache = KvCache.of(c);
        Session session = new Session(model, cache, choice, 8);
        PolicyDecoder decoder = new PolicyDecoder(model);
        decoder.begin(policy, Sequence.of(length));
        double bytes = 0;
        for (int n = 0; n < length; n++) {
            session.decode(ids[n]);
            decoder.take(ids, n, 1);
            assertArrayEquals(session.logits(), decoder.logits(), 2e-4f, "row " + n);
            KvStats stats = cache.stats();
            assertEquals(stats.kvShare(), decoder.use().share(), 1e-12);
            long held = 0;
            for (int layer = 0; layer < c.nLayers(); layer++) {
                for (int g = 0; g < c.nKvHeads(); g++) {
                    long[] expected = cache.positions(layer, g);
                    int[] positions = decoder.positions(layer, g);
                    Arrays.sort(expected);
                    Arrays.sort(positions);
                    assertArrayEquals(expected, Arrays.stream(positions).asLongStream().toArray());
                    held += positions.length;
                }
            }
            assertEquals(stats.bytesLogical(), held * KvUse.keyBytes(c));
            bytes = stats.kvShare() * stats.fullBytes() * (n + 2) / 2 / (n + 1); // a full cache holds (n + 2) / 2 keys in the mean of n + 1 steps
            assertEquals(bytes, decoder.use().meanBytes(), 1e-6 * bytes);
        }
        assertTrue(policy instanceof FullCache == (decoder.use().share() == 1));
        assertEquals(length, decoder.use().roleCounts().get(1).stream().mapToLong(Long::longValue).sum());
    }

    @Test
    void anyCutAndAnyNumberOfThreadsGiveTheSame() {
        int length = 200;
        int[] ids = Small.text(length, 4);
        ModelConfig wide = ModelConfig.llama(Small.VOCAB, 1024, 1, 8, 4, 32, 512); // enough work for a second thread
        float[] one;
        float[] pieces;
        try (Team two = Team.of(2)) {
            Policy policy = new HeavyHitters(new Budget.Keys(150));
            one = logits(Small.model(wide, 1, Team.serial()), policy, ids, length);
            assertArrayEquals(one, logits(Small.model(wide, 1, two), policy, ids, length), "two threads");
            pieces = logits(Small.model(wide, 1, two), policy, ids, 7);
        }
        for (int i = 0; i < one.length; i++) {
            assertEquals(one[i], pieces[i], 1e-4 * Math.max(1, Math.abs(one[i])));
        }
    }

    private static float[] logits(Transformer model, Policy policy, int[] ids, int cut) {
        PolicyDecoder decoder = new PolicyDecoder(model);
        decoder.begin(policy, Sequence.of(ids.length));
        for (int at = 0; at < ids.length; at += cut) {
            decoder.take(ids, at, Math.min(cut, ids.length - at));
        }
        return decoder.logits().clone();
    }

    @Test
    void aSecondSequenceKnowsNothingOfTheFirst() {
        Transformer model = Small.model(WITH_ROLES, 2, Team.serial());
        int[] ids = Small.text(60, 5);
        PolicyDecoder decoder = new PolicyDecoder(model);
        decoder.begin(new Tova(new Budget.Keys(7)), Sequence.of(60));
        decoder.take(ids, 0, 60);
        float[] first = decoder.logits().clone();
        KvUse use = decoder.use();
        decoder.begin(Roles.learned(), Sequence.of(30));
        decoder.take(ids, 20, 30);
        decoder.begin(new Tova(new Budget.Keys(7)), Sequence.of(60));
        decoder.take(ids, 0, 60);
        assertArrayEquals(first, decoder.logits());
        assertEquals(use, decoder.use());
    }

    @Test
    void randomRolesAreDrawnForEachSequenceAsOftenAsGiven() {
        Transformer model = Small.model(WITH_ROLES, 3, Team.serial());
        List<List<Long>> counts = List.of(List.of(1L, 2L, 3L, 4L), List.of(2L, 2L, 3L, 4L), List.of(9L, 0L, 0L, 1L), List.of(4L, 2L, 3L, 4L));
        Roles random = Roles.random(9, counts, 2);
        PolicyDecoder decoder = new PolicyDecoder(model);
        KvUse use = KvUse.none(model.config());
        List<List<Long>> last = null;
        int[] ids = Small.text(400, 6);
        for (int index = 0; index < 5; index++) {
            decoder.begin(random, new Sequence(index, 400, 0, new BitSet()));
            decoder.take(ids, 0, 400);
            use = use.and(decoder.use());
            last = decoder.use().roleCounts();
        }
        for (int head = 0; head < 4; head++) {
            for (int role = 0; role < 4; role++) {
                double p = counts.get(head).get(role) / (double) counts.get(head).stream().mapToLong(Long::longValue).sum();
                double forced = role == 0 ? 5 : 0; // first tokens
                assertEquals(1995 * p + forced, use.roleCounts().get(head).get(role), 5 * Math.sqrt(2000 * p * (1 - p)), "head " + head + ", role " + role);
            }
        }
        decoder.begin(random, new Sequence(0, 400, 0, new BitSet()));
        decoder.take(ids, 0, 400);
        assertTrue(!last.equals(decoder.use().roleCounts()), "two sequences drew the same");
    }

    @Test
    void lossesByPositionAreThoseOfTheSession() {
        Transformer model = Small.model(WITH_ROLES, 4, Team.serial());
        int[] ids = Small.text(330, 7);
        Perplexity.Result expected = Perplexity.of(new Session(model), ids, 100, 9, now -> {});
        PolicyPerplexity.Result result = PolicyPerplexity.of(model, Roles.learned(), ids, 100, 9, now -> {});
        assertEquals(3, result.blocks());
        assertEquals(expected.nll(), result.nll(), 1e-5);
        assertEquals(expected.kvShare(), result.use().share(), 1e-12);
        assertEquals(result.nll(), (result.nll(0, 30) * 30 + result.nll(30, 100) * 70) / 100, 1e-9);
        assertEquals(List.of(4, 300L), List.of(result.use().headPairs().size(), result.use().steps()));
        assertThrows(IllegalArgumentException.class, () -> PolicyPerplexity.of(model, Roles.learned(), ids, 330, 9, now -> {}));
    }

    @Test
    void moreTokensThanTheSequenceHasAreRefused() {
        PolicyDecoder decoder = new PolicyDecoder(Small.model(WITH_ROLES, 5, Team.serial()));
        assertThrows(IllegalStateException.class, () -> decoder.take(new int[3], 0, 3));
        decoder.begin(new FullCache(), Sequence.of(5));
        decoder.take(new int[5], 0, 3);
        assertThrows(IllegalArgumentException.class, () -> decoder.take(new int[5], 0, 3));
        decoder.take(new int[5], 0, 2);
    }
}
