package org.neuralattention.bench.demo;

import java.util.function.IntFunction;
import org.neuralattention.bench.recall.Recall;
import org.neuralattention.bench.tasks.Mqar;
import org.neuralattention.cache.KvCache;
import org.neuralattention.generate.Session;
import org.neuralattention.model.Transformer;
import org.neuralattention.roles.RoleChoice;

/** Measures a model through the real cache: unseen sequences, each key asked once, token by token. */
final class RecallEvaluation {

    /**
     * @param asked questions
     * @param recall share of them answered right
     * @param share KV share of spec 4.1, of a full cache's keys, averaged over steps
     * @param meanBytes bytes the cache held, averaged over steps
     * @param peakBytes the most it held, averaged over sequences: what must be there to run them
     */
    record Score(int asked, double recall, double share, double meanBytes, double peakBytes) {}

    /**
     * @param context tokens taken in before
     * @param tokensPerSecond of decoding, one token at a time
     * @param bytes the cache held behind the context
     */
    record Speed(int context, double tokensPerSecond, long bytes) {}

    private RecallEvaluation() {}

    /** @param choices how each sequence, counted from 0, chooses its roles */
    static Score score(Transformer model, IntFunction<RoleChoice> choices, Mqar task, long seed, int sequences) {
        int[] ids = new int[task.length()];
        int[] targets = new int[task.length()];
        int asked = 0;
        int right = 0;
        double share = 0;
        double bytes = 0;
        double peak = 0;
        for (int i = 0; i < sequences; i++) {
            task.evaluation(ids, 0, targets, 0, seed, i);
            KvCache cache = KvCache.of(model.config()); // a cleared one keeps some bytes
            Session session = new Session(model, cache, choices.apply(i), Session.PIECE);
            for (int t = 0; t < ids.length; t++) {
                session.decode(ids[t]);
                bytes += cache.bytesHeld();
                if (targets[t] >= 0) {
                    asked++;
                    right += Recall.right(session.logits(), 0, targets[t], task.vocabSize()) ? 1 : 0;
                }
            }
            share += cache.stats().kvShare();
            peak += cache.stats().peakBytes();
        }
        return new Score(asked, right / (double) asked, share / sequences, bytes / sequences / ids.length, peak / sequences);
    }

    /** Decoding speed behind a context of the same kind: the best of a few runs of {@code tokens} tokens. */
    static Speed speed(Transformer model, RoleChoice choice, Mqar task, int context, int tokens) {
        int[] ids = new int[context];
        task.withLength(context).evaluation(ids, 0, new int[context], 0, 1, 0);
        Session session = new Session(model, KvCache.of(model.config()), choice, Session.PIECE);
        session.prefill(ids, 0, context - 1);
        session.decode(ids[context - 1]); // gives back the copy that prefill made of what was held
        long bytes = session.cache().bytesHeld();
        double best = 0;
        for (int run = 0; run < 5; run++) {
            long start = System.nanoTime();
            for (int t = 0; t < tokens; t++) {
                session.decode(ids[t % context]);
            }
            best = Math.max(best, tokens / ((System.nanoTime() - start) * 1e-9));
        }
        return new Speed(context, best, bytes);
    }
}
