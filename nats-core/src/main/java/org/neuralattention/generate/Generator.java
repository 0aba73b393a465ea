package org.neuralattention.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.neuralattention.cache.KvBudgetExceededException;
import org.neuralattention.generate.Generation.Finish;
import org.neuralattention.tokenize.StreamDecoder;
import org.neuralattention.tokenize.Tokenizer;

/**
 * Continues the sequence of a {@link Session}: takes in a prompt, then chooses tokens, one by one, until an end.
 *
 * <p>Calls go on where the last one ended: two calls of n tokens, the second with an empty prompt, choose what one call of 2 n would have
 * chosen, and their texts differ only where a character or a stop string lies across the border. A generator belongs to one sequence, from its
 * beginning; results do not depend on the number of threads. It serves one thread at a time.
 */
public final class Generator {

    private final Session session;
    private final Tokenizer tokenizer;
    private int[] history = {}; // what was given and chosen, for the repetition penalty
    private int length;

    /** For models of numbers: prompts are ids, and no text is made. */
    public Generator(Session session) {
        this.session = Objects.requireNonNull(session, "session");
        this.tokenizer = null;
    }

    public Generator(Session session, Tokenizer tokenizer) {
        this.session = Objects.requireNonNull(session, "session");
        this.tokenizer = Objects.requireNonNull(tokenizer, "tokenizer");
    }

    public Session session() {
        return session;
    }

    /** As below, without a listener. */
    public Generation generate(String prompt, Request request) {
        return generate(prompt, request, token -> {});
    }

    /** As below, with a text; at the beginning of the sequence the id that begins one, if the tokenizer has it, is put before. */
    public Generation generate(String prompt, Request request, Listener listener) {
        if (tokenizer == null) {
            throw new IllegalStateException("a text needs a tokenizer: give one to the generator, or give ids");
        }
        boolean begins = length == 0 && session.cache().tokens() == 0;
        return generate(begins ? tokenizer.encodeBeginning(prompt) : tokenizer.encode(prompt), request, listener);
    }

    /**
     * Takes in {@code prompt}, then chooses tokens.
     *
     * @param prompt ids, at least one, unless the session has taken in some already
     * @throws IllegalArgumentException if there is nothing to continue, an id is not in the vocabulary, the prompt does not fit the model's
     *     learned positions, or stop strings are asked for without a tokenizer; nothing has changed
     * @throws KvBudgetExceededException if the cache's budget does not suffice for the prompt; as {@link Session#prefill}
     */
    public Generation generate(int[] prompt, Request request, Listener listener) {
        if (prompt.length == 0 && session.cache().tokens() == 0) {
            throw new IllegalArgumentException("the prompt is empty and the session has no tokens: nothing to continue");
        }
        if (tokenizer == null && !request.stops().isEmpty()) {
            throw new IllegalArgumentException("stop strings need a tokenizer: give one to the generator");
        }
        return new Run(request, Objects.requireNonNull(listener, "listener")).run(prompt);
    }

    private void remember(int[] ids, int count) {
        if (count > history.length - length) {
            history = Arrays.copyOf(history, Math.max(length + count, 2 * length + 64));
        }
        System.arraycopy(ids, 0, history, length, count);
        length += count;
    }

    /** What the text goes on from: the ids behind the last one that is not in the tokenizer's vocabulary. */
    private int[] known() {
        int from = length;
        while (from > 0 && history[from - 1] < tokenizer.vocabSize()) {
            from--;
        }
        return Arrays.copyOfRange(history, from, length);
    }

    /** One call. */
    private final class Run {

        private final Request request;
        private final Listener listener;
        private final Sampler sampler;
        private final StopText stop;
        private StreamDecoder decoder; // null without a tokenizer
        private final Logprobs logprobs = new Logprobs();
        private final List<Token> tokens = new ArrayList<>();
        private final StringBuilder text = new StringBuilder();
        private final long started = System.nanoTime();
        private long first;
        private int promptTokens;

        Run(Request request, Listener listener) {
            this.request = request;
            this.listener = listener;
            this.sampler = new Sampler(request.sampling());
            this.stop = new StopText(request.stops());
        }

        Generation run(int[] prompt) {
            Finish finish = takeIn(prompt) ? null : Finish.CANCELLED;
            first = System.nanoTime();
            while (finish == null) {
                finish = next();
            }
            if (!tokens.isEmpty() && decoder != null && !stop.stopped()) {
                tellRest(stop.next(decoder.end()) + stop.end());
            }
            return new Generation(text.toString(), tokens, finish, promptTokens, (first - started) * 1e-9, (System.nanoTime() - first) * 1e-9);
        }

        /** What is held back where the end was not foreseen, so that the last token did not bring it. */
        private void tellRest(String rest) {
            if (!rest.isEmpty()) {
                text.append(rest);
                listener.rest(rest);
            }
        }

        /** Returns whether all was taken in. */
        private boolean takeIn(int[] prompt) {
            if (request.cancel().getAsBoolean()) {
                return false;
            }
            int taken = session.prefill(prompt, 0, prompt.length, done -> {
                listener.prompt(done, prompt.length);
                return !request.cancel().getAsBoolean();
            });
            promptTokens = taken;
            remember(prompt, taken);
            decoder = tokenizer == null ? null : tokenizer.streamDecoder(known());
            if (taken == prompt.length) {
                listener.prompt(taken, taken);
            }
            return taken == prompt.length;
        }

        /** Chooses a token if there may be one more; returns why there may not, or null. */
        private Finish next() {
            if (tokens.size() == request.maxTokens()) {
                return Finish.LENGTH;
            }
            if (request.cancel().getAsBoolean()) {
                return Finish.CANCELLED;
            }
            if (session.room() < 1) {
                return Finish.FULL;
            }
            float[] logits;
            try {
                logits = session.logits();
            } catch (KvBudgetExceededException e) {
                return Finish.FULL;
            }
            int id = sampler.sample(logits, 0, logits.length, history, 0, length, session.position());
            if (tokens.isEmpty()) {
                first = System.nanoTime();
            }
            boolean end = isEnd(id);
            Token token = token(id, logits, end);
            session.choose(id);
            remember(new int[] {id}, 1);
            tokens.add(token);
            text.append(token.text());
            listener.token(token);
            return end ? Finish.END : stop.stopped() ? Finish.STOP : null;
        }

        private boolean isEnd(int id) {
            return tokenizer != null && !request.ignoreEnd() && tokenizer.eosIds().contains(id);
        }

        private Token token(int id, float[] logits, boolean end) {
            double logprob = Double.NaN;
            List<Token.Candidate> best = List.of();
            if (request.logprobs() != Request.NO_LOGPROBS) {
                logprobs.read(logits);
                logprob = logprobs.of(logits[id]);
                best = logprobs.best(logits, request.logprobs());
            }
            return new Token(tokens.size(), id, tokenizer == null ? "" : piece(id, end), logprob, best);
        }

        /** What can be shown; behind the last token, all that is left. */
        private String piece(int id, boolean end) {
            // A vocabulary may be padded beyond its tokenizer's ids: those stand for no text.
            String piece = end || id >= tokenizer.vocabSize() ? "" : stop.next(decoder.next(id));
            boolean last = end || tokens.size() + 1 == request.maxTokens();
            return last && !stop.stopped() ? piece + stop.next(decoder.end()) + stop.end() : piece;
        }
    }
}
