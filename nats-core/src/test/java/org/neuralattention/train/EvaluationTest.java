package org.neuralattention.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations;
import org.neuralattention.model.Transformer;
import org.neuralattention.roles.RoleChoice;

class EvaluationTest {

    private final Transformer transformer = Tiny.trainer(Tiny.CONFIG, Team.serial()).transformer();
    private final int[] tokens = Arrays.copyOf(Tiny.text().tokens(), 7 * 12 + 5);

    @Test
    void theResultIsTheMeanOverBlocksWhateverTheBatch() {
        double nll = 0;
        double share = 0;
        Activations one = new Activations(Tiny.MODEL, 1, 12, Activations.Keep.NOTHING);
        for (int block = 0; block < 7; block++) {
            nll += transformer.forward(one, tokens, block * 12, tokens, block * 12 + 1, RoleChoice.BEST) / 7;
            share += one.share() / 7;
        }
        for (int batch : new int[] {1, 3, 4, 7, 100}) {
            Evaluation.Result result = new Evaluation(transformer, tokens, 12, batch, 1000).run(RoleChoice.BEST);
            assertEquals(nll, result.nll(), 1e-6);
            assertEquals(share, result.share(), 1e-12);
            assertEquals(84, result.tokens());
            assertEquals(Math.exp(nll), result.perplexity(), 1e-4);
        }
        assertTrue(share < 0.95);
    }

    @Test
    void fullAttentionKeepsEverythingAndFewerBlocksCanBeAsked() {
        Evaluation.Result result = new Evaluation(transformer, tokens, 12, 2, 5).run(RoleChoice.FULL);
        assertEquals(1, result.share());
        assertEquals(60, result.tokens());
    }

    @Test
    void aTextShorterThanABlockIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Evaluation(transformer, new int[12], 12, 1, 1));
        assertEquals(12, new Evaluation(transformer, new int[13], 12, 8, 9).run(RoleChoice.FULL).tokens());
    }
}
