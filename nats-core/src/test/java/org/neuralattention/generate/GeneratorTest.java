package org.neuralattention.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;

class GeneratorTest {

    private static final ModelConfig MODEL = ModelConfig.llama(50, 32, 1, 4, 2, 48, 4096);

    private final Transformer transformer = new Transformer(SessionTest.random(MODEL), Team.serial());
    private final Sampler sampler = new Sampler(Sampling.of(1, 3).withRepetitionPenalty(1.3f));

    /** More tokens than the first history holds, with the penalty on all of them. */
    @Test
    void tokensAreThoseOfSamplingOneByOne() {
        int[] prompt = {4, 9, 1};
        int[] actual = Generator.generate(new Session(transformer), sampler, prompt, 200, null);
        Session session = new Session(transformer);
        session.prefill(prompt, 0, 3);
        int[] history = Arrays.copyOf(prompt, 203);
        for (int length = 3; length < 203; length++) {
            history[length] = sampler.sample(session.logits(), 0, 50, history, 0, length, session.position());
            session.decode(history[length]);
        }
        assertArrayEquals(Arrays.copyOfRange(history, 3, 203), actual);
    }

    @Test
    void theLargestNumberOfTokensCostsOnlyThoseThatAreMade() {
        int[] heard = new int[1];
        Session session = new Session(transformer);
        assertEquals(5, Generator.generate(session, sampler, new int[] {1, 2}, Integer.MAX_VALUE, id -> ++heard[0] < 5).length);
        assertEquals(2 + 4, session.position(), "the last one is not taken in");
        assertEquals(0, Generator.generate(session, sampler, new int[] {1}, 0, null).length);
        assertEquals(7, session.position());
        assertEquals(3, Generator.generate(session, sampler, new int[0], 3, null).length, "what is there already is enough to continue");
    }

    @Test
    void nothingToContinueIsRefusedWhereverTheSequenceStarts() {
        Session session = new Session(transformer);
        session.cache().startAt(7);
        String message = assertThrows(IllegalArgumentException.class, () -> Generator.generate(session, sampler, new int[0], 3, null)).getMessage();
        assertTrue(message.contains("nothing to continue"), message);
        assertEquals(7, session.position());
        session.decode(1);
        assertEquals(8, session.position());
    }

    @Test
    void wrongArgumentsAreRefusedBeforeAnythingIsTakenIn() {
        Session session = new Session(transformer);
        assertThrows(NullPointerException.class, () -> Generator.generate(session, null, new int[] {1}, 3, null));
        assertThrows(IllegalArgumentException.class, () -> Generator.generate(session, sampler, new int[] {1}, -1, null));
        assertThrows(IllegalArgumentException.class, () -> Generator.generate(session, sampler, new int[] {1, 50}, 1, null));
        assertEquals(0, session.position());
    }
}
