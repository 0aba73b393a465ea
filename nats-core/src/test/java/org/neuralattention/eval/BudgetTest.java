package org.neuralattention.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Transformer;

/** A baseline holds at least its budget, and one key less would hold less; bytes and share say the same. */
class BudgetTest {

    private static final int LENGTH = 150;

    private final Transformer model = Small.model(Small.GROUPED, 1, Team.serial());
    private final int[] ids = Small.text(LENGTH, 1);

    @Test
    void everyPolicyHoldsTheShareItIsGivenAndNotAKeyMore() {
        for (double share : new double[] {0.04, 0.2, 0.5, 1}) {
            for (Function<Budget, Policy> policy : policies()) {
                Sequence sequence = Sequence.of(LENGTH);
                KvUse use = run(policy.apply(new Budget.Share(share)), sequence);
                assertTrue(use.share() >= share - 1e-9, policy.apply(new Budget.Share(share)).name() + " " + use.share() + " of " + share);
                int keys = new Budget.Share(share).keys(sequence, model.config());
                if (keys > 5) { // sinks and a window of one key are never given up
                    assertTrue(run(policy.apply(new Budget.Keys(keys - 1)), sequence).share() < share);
                }
                KvUse bytes = run(policy.apply(new Budget.MeanBytes(share * use.meanFullBytes())), sequence);
                assertEquals(use, bytes);
            }
        }
    }

    private static List<Function<Budget, Policy>> policies() {
        return List.of(budget -> new SinkWindow(0, budget), budget -> new SinkWindow(4, budget), HeavyHitters::new, Tova::new);
    }

    @Test
    void snapKvHoldsItsShareBehindThePrompt() {
        for (int prompt : new int[] {100, 140}) {
            for (double share : new double[] {0.3, 0.5, 0.9}) {
                Sequence sequence = new Sequence(0, LENGTH, prompt, new BitSet());
                KvUse use = run(SnapKv.of(new Budget.Share(share)), sequence);
                assertTrue(use.shareBehindPrompt() >= share - 1e-9);
                int keys = new Budget.Share(share).keysOfPrompt(sequence, model.config());
                assertTrue(run(SnapKv.of(new Budget.Keys(keys - 1)), sequence).shareBehindPrompt() < share);
                assertEquals(4L * 48 * Math.max(prompt, keys + LENGTH - prompt), use.peakBytes(), "all of the prompt was held");
                assertEquals(use, run(SnapKv.of(new Budget.MeanBytes(share * 4 * 48 * (prompt + 1 + LENGTH) / 2.0)), sequence));
            }
        }
        assertEquals(30, new Budget.Share(0.3).keysOfPrompt(new Sequence(0, 100, 100, new BitSet()), model.config()), "nothing behind the prompt");
    }

    private KvUse run(Policy policy, Sequence sequence) {
        PolicyDecoder decoder = new PolicyDecoder(model);
        decoder.begin(policy, sequence);
        decoder.take(ids, 0, LENGTH);
        return decoder.use();
    }

    @Test
    void budgetsOfNothingAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Budget.Keys(0));
        assertThrows(IllegalArgumentException.class, () -> new Budget.Share(0));
        assertThrows(IllegalArgumentException.class, () -> new Budget.Share(1.01));
        assertThrows(IllegalArgumentException.class, () -> new Budget.Share(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> new Budget.MeanBytes(0));
    }
}
