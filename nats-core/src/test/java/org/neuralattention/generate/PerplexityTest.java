package org.neuralattention.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.neuralattention.cache.KvCache;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.train.Evaluation;

/** What a session's losses and their mean are, and what of a text is asked. */
class PerplexityTest {

    private static final ModelConfig MODEL = ModelConfig.llama(60, 32, 2, 4, 2, 48, 4096).withRoleWindows(4, 16);

    private final Transformer transformer = new Transformer(SessionTest.random(MODEL), Team.serial());
    private final int[] ids = new int[1000];

    PerplexityTest() {
        Arrays.setAll(ids, i -> (i * i + i / 7) % 60);
    }

    @Test
    void aLossIsMinusTheLogprobOfItsTarget() {
        int[] targets = Arrays.copyOfRange(ids, 1, 41);
        targets[5] = -1;
        float[] losses = new float[43];
        Session session = new Session(transformer, KvCache.of(MODEL), RoleChoice.BEST, 16);
        double sum = session.score(losses, 3, ids, 0, targets, 0, 40);
        Session one = new Session(transformer, KvCache.of(MODEL), RoleChoice.BEST, 16);
        Logprobs logprobs = new Logprobs();
        double expectedSum = 0;
        for (int i = 0; i < 40; i++) {
            one.decode(ids[i]);
            logprobs.read(one.logits());
            double expected = targets[i] < 0 ? 0 : -logprobs.of(one.logits()[targets[i]]);
            assertEquals(expected, losses[3 + i], 1e-5, "loss " + i);
            expectedSum += expected;
        }
        assertEquals(expectedSum, sum, 1e-4);
        assertEquals(40, session.position());
        assertArrayEquals(one.logits(), session.logits(), 1e-4f);
    }

    @Test
    void itIsThatOfWholeSequencesWithTheSameRoles() {
        List<Long> heard = new ArrayList<>();
        Perplexity.Result result = Perplexity.of(new Session(transformer), ids, 300, 10, now -> heard.add(now.tokens()));
        Evaluation.Result expected = new Evaluation(transformer, ids, 300, 2, 10).run(RoleChoice.BEST);
        assertEquals(List.of(300L, 600L, 900L), heard);
        assertEquals(900, result.tokens());
        assertEquals(expected.nll(), result.nll(), 1e-6);
        assertEquals(expected.share(), result.kvShare(), 1e-12);
        assertEquals(Math.exp(result.nll()), result.perplexity());
        assertTrue(result.kvShare() < 0.9 && result.kvPeakBytes() > 0);
    }

    @Test
    void theFormOfTheCacheCounts() {
        double exact = Perplexity.of(new Session(transformer), ids, 300, 10, now -> {}).nll();
        Session q8 = new Session(transformer, KvCache.of(MODEL, KvDtype.Q8, Long.MAX_VALUE), RoleChoice.BEST, Session.PIECE);
        double rounded = Perplexity.of(q8, ids, 300, 10, now -> {}).nll();
        assertTrue(exact != rounded && Math.abs(exact - rounded) < 0.01, exact + " and " + rounded);
    }

    @Test
    void resultsOfTextsAddUpByTheirTokens() {
        Perplexity.Result a = new Perplexity.Result(100, 2, 0.5, 10);
        Perplexity.Result b = new Perplexity.Result(300, 4, 0.1, 20);
        assertEquals(new Perplexity.Result(400, 3.5, 0.2, 20), a.and(b));
        assertEquals(a, Perplexity.Result.NONE.and(a));
        assertEquals(Perplexity.Result.NONE, Perplexity.Result.NONE.and(Perplexity.Result.NONE));
    }

    @Test
    void whatCannotBeMeasuredIsRefused() {
        Session session = new Session(transformer);
        assertThrows(IllegalArgumentException.class, () -> Perplexity.of(session, ids, 1000, 1, now -> {}));
        assertThrows(IllegalArgumentException.class, () -> Perplexity.of(session, ids, 0, 1, now -> {}));
        assertThrows(IllegalArgumentException.class, () -> Perplexity.of(session, ids, 10, 0, now -> {}));
        assertThrows(IllegalArgumentException.class, () -> session.score(new float[2], 0, ids, 0, new int[] {1, 60}, 0, 2));
        assertThrows(IndexOutOfBoundsException.class, () -> session.score(new float[1], 0, ids, 0, ids, 0, 2));
        assertEquals(0, session.position());
        session.decode(1);
        assertThrows(IllegalArgumentException.class, () -> Perplexity.of(session, ids, 10, 1, now -> {}));
    }
}
