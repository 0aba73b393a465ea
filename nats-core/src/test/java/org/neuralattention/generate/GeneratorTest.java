package org.neuralattention.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.neuralattention.cache.KvBudgetExceededException;
import org.neuralattention.cache.KvCache;
import org.neuralattention.generate.Generation.Finish;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Activation;
import org.neuralattention.model.ModelConfig.Biases;
import org.neuralattention.model.ModelConfig.Norm;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.model.Transformer;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleChoice;
import org.neuralattention.roles.RoleSpace;
import org.neuralattention.tokenize.Boundaries;
import org.neuralattention.tokenize.ByteTokenizer;
import org.neuralattention.tokenize.Tokenizer;

class GeneratorTest {

    private static final ModelConfig MODEL = ModelConfig.llama(256, 32, 1, 4, 2, 48, 4096);
    private static final Sampling SAMPLING = Sampling.of(1, 3).withRepetitionPenalty(1.3f);
    private static final Listener NOBODY = token -> {};

    private final Transformer transformer = new Transformer(SessionTest.random(MODEL), Team.serial());

    private Generator generator() {
        return new Generator(new Session(transformer), new ByteTokenizer());
    }

    private static Request request(int tokens) {
        return Request.of(tokens).with(SAMPLING);
    }

    /** More tokens than the first history holds, with the penalty on all of them. */
    @Test
    void tokensAreThoseOfSamplingOneByOne() {
        int[] prompt = {4, 9, 1};
        int[] actual = new Generator(new Session(transformer)).generate(prompt, request(200), NOBODY).ids();
        assertArrayEquals(oneByOne(prompt, 200), actual);
    }

    private int[] oneByOne(int[] prompt, int n) {
        Session session = new Session(transformer);
        Sampler sampler = new Sampler(SAMPLING);
        session.prefill(prompt, 0, prompt.length);
        int[] history = Arrays.copyOf(prompt, prompt.length + n);
        for (int length = prompt.length; length < history.length; length++) {
            history[length] = sampler.sample(session.logits(), 0, MODEL.vocabSize(), history, 0, length, session.position());
            session.decode(history[length]);
        }
        return Arrays.copyOfRange(history, prompt.length, history.length);
    }

    @Test
    void laterCallsGoOnWhereTheLastOneEnded() {
        int[] expected = oneByOne(new int[] {4, 9, 1}, 40);
        Generator generator = generator();
        int[] none = {};
        int[] actual = IntStream.of(0, 1, 7, 2, 30).flatMap(n -> IntStream.of(
                generator.generate(generator.session().position() == 0 ? new int[] {4, 9, 1} : none, request(n), NOBODY).ids())).toArray();
        assertArrayEquals(expected, actual);
        assertEquals(43, generator.session().position());
    }

    /** Whoever uses the session behind a generation finds the last token in it, by whichever method. */
    @Test
    void theLastTokenIsTakenInBeforeAnythingElse() {
        int[] prompt = {4, 9, 1};
        int[] more = {8, 2};
        Session expected = new Session(transformer);
        expected.prefill(prompt, 0, 3);
        for (int id : oneByOne(prompt, 5)) {
            expected.decode(id);
        }
        Session logits = after(prompt);
        assertEquals(8, logits.position());
        assertEquals(7, logits.cache().position(), "the last one waits");
        assertArrayEquals(expected.logits(), logits.logits());
        assertEquals(8, logits.cache().position());
        expected.decode(8);
        Session decode = after(prompt);
        decode.decode(8);
        assertArrayEquals(expected.logits(), decode.logits());
        Session prefill = after(prompt);
        prefill.prefill(more, 0, 1);
        assertArrayEquals(expected.logits(), prefill.logits());
        Session cleared = after(prompt);
        cleared.cache().clear();
        assertEquals(0, cleared.position(), "with the cache the sequence is gone");
        cleared.prefill(prompt, 0, 3);
        Session fresh = new Session(transformer);
        fresh.prefill(prompt, 0, 3);
        assertArrayEquals(fresh.logits(), cleared.logits());
    }

    private Session after(int[] prompt) {
        Session session = new Session(transformer);
        new Generator(session).generate(prompt, request(5), NOBODY);
        return session;
    }

    @Test
    void theTextIsThatOfTheTokensHeard() {
        Generation made = null;
        for (int n = 1; n <= 60; n++) { // random bytes: many of these texts end within a character
            StringBuilder heard = new StringBuilder();
            made = generator().generate("naïve", request(n), token -> heard.append(token.text()));
            assertEquals(Finish.LENGTH, made.finish());
            assertEquals(heard.toString(), made.text());
            assertEquals(new ByteTokenizer().decode(made.ids()), made.text(), n + " tokens");
            assertEquals("naïve".getBytes(StandardCharsets.UTF_8).length, made.promptTokens());
        }
        assertTrue(made.promptSeconds() > 0 && made.tokensPerSecond() > 0);
    }

    @Test
    void aStopStringEndsTheTextBeforeItselfAcrossTokens() {
        String whole = generator().generate("a", request(200), NOBODY).text();
        String stop = whole.substring(100, 104);
        StringBuilder heard = new StringBuilder();
        Generation made = generator().generate("a", request(200).withStops("never seen", stop), token -> heard.append(token.text()));
        assertEquals(Finish.STOP, made.finish());
        assertEquals(whole.substring(0, whole.indexOf(stop)), made.text());
        assertEquals(made.text(), heard.toString());
    }

    @Test
    void anEndTokenEndsAndBelongsToTheSequence() {
        int[] ids = oneByOne(new int[] {'a'}, 50);
        int end = ids[20];
        int first = IntStream.range(0, 50).filter(i -> ids[i] == end).findFirst().orElseThrow();
        Generator generator = new Generator(new Session(transformer), new EndingTokenizer(end));
        Generation made = generator.generate("a", request(50), NOBODY);
        assertEquals(Finish.END, made.finish());
        assertArrayEquals(Arrays.copyOf(ids, first + 1), made.ids());
        assertEquals(new ByteTokenizer().decode(Arrays.copyOf(ids, first)), made.text());
        assertEquals(1 + first + 1, generator.session().position());
        Generation all = new Generator(new Session(transformer), new EndingTokenizer(end)).generate("a", request(50).ignoringEnd(), NOBODY);
        assertArrayEquals(ids, all.ids());
    }

    @Test
    void logprobsAreThoseOfTheDistributionBeforeSampling() {
        Generation made = generator().generate("abc", request(20).withLogprobs(4), NOBODY);
        Session session = new Session(transformer);
        session.prefill(new int[] {'a', 'b', 'c'}, 0, 3);
        for (Token token : made.tokens()) {
            double[] expected = logprobs(session.logits());
            assertEquals(expected[token.id()], token.logprob(), 1e-12);
            List<Integer> order = IntStream.range(0, 256).boxed().sorted(Comparator.comparingDouble(id -> -expected[id])).limit(4).toList();
            assertEquals(order, token.best().stream().map(Token.Candidate::id).toList());
            token.best().forEach(candidate -> assertEquals(expected[candidate.id()], candidate.logprob(), 1e-12));
            session.decode(token.id());
        }
        assertTrue(Double.isNaN(generator().generate("abc", request(1), NOBODY).tokens().getFirst().logprob()), "not asked");
        assertEquals(256, generator().generate("abc", request(1).withLogprobs(1000), NOBODY).tokens().getFirst().best().size());
    }

    private static double[] logprobs(float[] logits) {
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit);
        }
        double[] logprobs = new double[logits.length];
        for (int i = 0; i < logprobs.length; i++) {
            logprobs[i] = logits[i] - Math.log(sum);
        }
        return logprobs;
    }

    @Test
    void resultsDoNotDependOnTheNumberOfThreads() {
        Generation expected = generator().generate("abc", request(60).withLogprobs(3), NOBODY);
        try (Team team = Team.of(3)) {
            Generator generator = new Generator(new Session(new Transformer(transformer.weights(), team)), new ByteTokenizer());
            assertEquals(expected.tokens(), generator.generate("abc", request(60).withLogprobs(3), NOBODY).tokens());
        }
    }

    @Test
    void theLargestNumberOfTokensCostsOnlyThoseThatAreMade() {
        AtomicBoolean enough = new AtomicBoolean();
        Generator generator = generator();
        Generation made = generator.generate(new int[] {1, 2}, request(Integer.MAX_VALUE).withCancel(enough::get), token -> enough.set(token.index() == 4));
        assertEquals(Finish.CANCELLED, made.finish());
        assertEquals(5, made.ids().length);
        enough.set(false);
        int[] rest = generator.generate(new int[0], request(3), NOBODY).ids();
        assertArrayEquals(Arrays.copyOfRange(oneByOne(new int[] {1, 2}, 8), 5, 8), rest, "a cancelled generation goes on");
    }

    @Test
    void anotherThreadCancels() throws InterruptedException {
        AtomicBoolean cancelled = new AtomicBoolean();
        CountDownLatch running = new CountDownLatch(1);
        Thread other = new Thread(() -> {
            try {
                running.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            cancelled.set(true);
        });
        other.start();
        Generation made = generator().generate("abc", request(1_000_000).withCancel(cancelled::get), token -> running.countDown());
        other.join();
        assertEquals(Finish.CANCELLED, made.finish());
        assertFalse(made.tokens().isEmpty());
    }

    @Test
    void aLongPromptTellsHowFarItIsAndCanBeCancelledBetweenItsPieces() {
        int[] prompt = new int[1000];
        Arrays.setAll(prompt, i -> i * i % 256);
        List<Integer> told = new ArrayList<>();
        AtomicBoolean cancelled = new AtomicBoolean();
        Listener listener = new Listener() {
            @Override
            public void token(Token token) {}

            @Override
            public void prompt(int done, int tokens) {
                assertEquals(1000, tokens);
                told.add(done);
                cancelled.set(done == 512 && told.size() == 2);
            }
        };
        Generator generator = generator();
        Generation made = generator.generate(prompt, request(5).withCancel(cancelled::get), listener);
        assertEquals(List.of(256, 512), told);
        assertEquals(Finish.CANCELLED, made.finish());
        assertEquals(512, made.promptTokens());
        cancelled.set(false);
        int[] rest = Arrays.copyOfRange(prompt, 512, 1000);
        Generation all = generator().generate(prompt, request(5), NOBODY);
        assertArrayEquals(all.ids(), generator.generate(rest, request(5), NOBODY).ids(), "what is left can follow");
        told.clear();
        generator().generate(prompt, request(0), listener);
        assertEquals(List.of(256, 512, 768, 1000), told);
    }

    @Test
    void aListenersExceptionLeavesTheSequenceWhole() {
        Generator generator = generator();
        assertThrows(ArithmeticException.class, () -> generator.generate(new int[] {1, 2}, request(9), token -> {
            if (token.index() == 3) {
                throw new ArithmeticException();
            }
        }));
        int[] rest = generator.generate(new int[0], request(3), NOBODY).ids();
        assertArrayEquals(Arrays.copyOfRange(oneByOne(new int[] {1, 2}, 7), 4, 7), rest);
    }

    @Test
    void theEndOfABudgetOrOfLearnedPositionsIsFull() {
        long budget = KvCache.of(MODEL).stats().bytesHeld() + 40_000;
        Session session = new Session(transformer, KvCache.of(MODEL, KvDtype.F32, budget), RoleChoice.FULL, Session.BUDGET_PIECE);
        Generation made = new Generator(session).generate(new int[] {1, 2}, request(10_000), NOBODY);
        assertEquals(Finish.FULL, made.finish());
        assertTrue(made.ids().length > 5);
        assertThrows(KvBudgetExceededException.class, session::logits, "the last token still waits");

        ModelConfig learned = new ModelConfig(256, 32, 1, 4, 4, 8, 64, 20, Norm.LAYER, 1e-5f, new Positions.Learned(), Activation.GELU_TANH,
                new Biases(true, true, true), false, true, 0, RoleSpace.NONE);
        Generator generator = new Generator(new Session(new Transformer(SessionTest.random(learned), Team.serial())));
        made = generator.generate(new int[] {1, 2}, request(10_000), NOBODY);
        assertEquals(Finish.FULL, made.finish());
        assertEquals(18, made.ids().length);
        assertEquals(0, generator.session().room());
        assertEquals(256, generator.session().logits().length, "the last token has a position");
        assertThrows(IllegalArgumentException.class, () -> generator.generate(new int[] {1}, request(1), NOBODY));
        assertEquals(Finish.FULL, generator.generate(new int[0], request(1), NOBODY).finish());
    }

    /** The last character of what came may be the beginning of a stop string: it is text all the same if nothing follows. */
    @Test
    void whatIsHeldBackIsTextHoweverTheGenerationEnds() {
        StringBuilder heard = new StringBuilder();
        int[] count = {0};
        Listener listener = new Listener() {
            @Override
            public void token(Token token) {
                heard.append(token.text());
                count[0]++;
            }

            @Override
            public void rest(String text) {
                assertFalse(text.isEmpty());
                heard.append(text);
            }
        };
        for (int n = 1; n < 20; n++) {
            String text = generator().generate("a", request(n), NOBODY).text();
            heard.setLength(0);
            count[0] = 0;
            int last = n;
            Generation cancelled = generator().generate("a", request(60).withStops(text.substring(text.length() - 1) + "\0never")
                    .withCancel(() -> count[0] == last), listener);
            assertEquals(Finish.CANCELLED, cancelled.finish());
            assertEquals(text, cancelled.text());
            assertEquals(text, heard.toString());
        }
        ModelConfig learned = new ModelConfig(256, 32, 1, 4, 4, 8, 64, 20, Norm.LAYER, 1e-5f, new Positions.Learned(), Activation.GELU_TANH,
                new Biases(true, true, true), false, true, 0, RoleSpace.NONE);
        Transformer small = new Transformer(SessionTest.random(learned), Team.serial());
        String text = new Generator(new Session(small), new ByteTokenizer()).generate("ab", request(18), NOBODY).text();
        heard.setLength(0);
        Generation full = new Generator(new Session(small), new ByteTokenizer())
                .generate("ab", request(100).withStops(text.substring(text.length() - 1) + "\0never"), listener);
        assertEquals(Finish.FULL, full.finish());
        assertEquals(text, full.text());
        assertEquals(text, heard.toString());
    }

    @Test
    void aModelThatComputesNaNIsNamedAsTheCause() {
        Weights weights = SessionTest.random(MODEL);
        weights.finalNorm.data()[3] = Float.NaN;
        Transformer broken = new Transformer(weights, Team.serial());
        String message = assertThrows(NotFiniteException.class, () -> new Generator(new Session(broken)).generate(new int[] {1, 2, 3}, request(5), NOBODY)).getMessage();
        assertEquals("the model's computation gave NaN at position 2: its weights are damaged or not of this architecture", message);
        assertThrows(NotFiniteException.class, () -> Perplexity.of(new Session(broken), new int[30], 10, 2, now -> {}));
    }

    @Test
    void nothingToContinueIsRefusedWhereverTheSequenceStarts() {
        Session session = new Session(transformer);
        session.cache().startAt(7);
        Generator generator = new Generator(session);
        String message = assertThrows(IllegalArgumentException.class, () -> generator.generate(new int[0], request(3), NOBODY)).getMessage();
        assertTrue(message.contains("nothing to continue"), message);
        assertEquals(7, session.position());
        session.decode(1);
        assertEquals(8, session.position());
    }

    @Test
    void wrongArgumentsAreRefusedBeforeAnythingIsTakenIn() {
        Session session = new Session(transformer);
        Generator generator = new Generator(session);
        assertThrows(NullPointerException.class, () -> generator.generate(new int[] {1}, null, NOBODY));
        assertThrows(NullPointerException.class, () -> generator.generate(new int[] {1}, request(3), null));
        assertThrows(IllegalArgumentException.class, () -> generator.generate(new int[] {1, 256}, request(1), NOBODY));
        assertThrows(IllegalArgumentException.class, () -> generator.generate(new int[] {1}, request(1).withStops("x"), NOBODY));
        assertThrows(IllegalStateException.class, () -> generator.generate("text", request(1)));
        assertEquals(0, session.position());
        assertThrows(IllegalArgumentException.class, () -> request(-1));
        assertThrows(IllegalArgumentException.class, () -> request(1).withStops(""));
        assertThrows(IllegalArgumentException.class, () -> request(1).withLogprobs(-2));
    }

    /** Bytes, of which some end a text. */
    private record EndingTokenizer(ByteTokenizer bytes, Boundaries boundaries) implements Tokenizer {

        EndingTokenizer(Integer... ends) {
            this(new ByteTokenizer(), new Boundaries(OptionalInt.empty(), false, List.of(ends)));
        }

        @Override
        public int[] encode(String text, int[] literal) {
            return bytes.encode(text, literal);
        }

        @Override
        public int vocabSize() {
            return bytes.vocabSize();
        }

        @Override
        public byte[] bytes(int id) {
            return bytes.bytes(id);
        }

        @Override
        public void save(Path dir) {
            throw new UnsupportedOperationException();
        }
    }
}
