package org.neuralattention.generate;

import org.neuralattention.cache.KvCache;
import org.neuralattention.io.ModelLoader;
import org.neuralattention.io.ModelSource;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.model.Activations;
import org.neuralattention.model.ModelConfig;

/**
 * The memory that one {@link Session} on a model takes, told from what the model is, before any weight is read. In bytes.
 *
 * @param context tokens of the sequence
 * @param weights as {@link ModelLoader} holds them: {@link ModelLoader#bytes}
 * @param kvCache of the sequence: {@link KvCache#mostBytes}, or a budget below it; with roles it usually takes much less
 * @param activations of a prefill piece and of a token, and the logits
 * @param scratch what the kernels work in: the keys and values of one layer, packed for a prefill piece, and a share for each thread
 * @param tokenizer its vocabulary: {@value #TOKENIZER_ENTRY} bytes for an id
 * @param garbage blocks of the cache that were joined to larger ones and not collected yet: half of {@code kvCache}, measured on three models; where the
 *     heap is short the collector takes it
 * @param jvm {@link #JVM}
 */
public record MemoryNeed(long context, long weights, long kvCache, long activations, long scratch, long tokenizer, long garbage, long jvm) {

    /**
     * What the JVM takes besides, started as {@code nats} starts it: its code and what it compiles, classes, and a young generation of 32 or 64 MiB. docs/running.md tells how it was measured.
     */
    public static final long JVM = 160L << 20;

    /** Measured: 204 to 289 bytes for each id of GPT-2's and Llama 2's vocabularies. */
    private static final int TOKENIZER_ENTRY = 300;

    /** Of a thread: a block of a matrix, packed (at most 0.5 MiB), and its stack. */
    private static final long THREAD = 1 << 20;

    /** Shared by the threads: the rows of a piece, packed. */
    private static final long PACKED_ROWS = 1 << 20;

    /**
     * For a session with {@link Session#PIECE pieces} of the usual length.
     *
     * @param source the model, its weights in the form they will have in memory: a {@link org.neuralattention.io.ModelFile}, or one as another {@code Dtype}
     * @param tokenizerIds ids of the tokenizer
     * @param context tokens of the sequence, at least 1
     * @param kvDtype the form of keys and values
     * @param threads of the team
     * @throws IllegalArgumentException if a number is out of range
     */
    public static MemoryNeed of(ModelSource source, int tokenizerIds, long context, KvDtype kvDtype, int threads) {
        if (tokenizerIds < 0 || context < 1 || context > Integer.MAX_VALUE || threads < 1) {
            throw new IllegalArgumentException("tokenizerIds = " + tokenizerIds + ", context = " + context + ", threads = " + threads
                    + ": must be at least 0, in [1, 2^31) and at least 1");
        }
        ModelConfig c = source.config();
        long activations = Activations.bytes(c, 1, 1, Activations.Keep.NOTHING) + (long) c.vocabSize() * Float.BYTES;
        long scratch = threads * THREAD;
        if (context > 1) {
            long keys = c.attentionWindow() == 0 ? context : Math.min(context, c.attentionWindow());
            activations += Activations.bytes(c, 1, Session.PIECE, Activations.Keep.NOTHING);
            scratch += PACKED_ROWS + 3 * (keys + Session.PIECE) * c.kvDim() * Float.BYTES; // two arrays, which grow by halves
        }
        long kvCache = KvCache.mostBytes(c, kvDtype, context);
        return new MemoryNeed(context, ModelLoader.bytes(source), kvCache, activations, scratch, (long) tokenizerIds * TOKENIZER_ENTRY, kvCache / 2, JVM);
    }

    /** The same with a cache that may take no more than a budget. */
    public MemoryNeed withKvBudget(long budget) {
        long kept = Math.min(kvCache, budget);
        return new MemoryNeed(context, weights, kept, activations, scratch, tokenizer, kept / 2, jvm);
    }

    /** What must fit the JVM's heap. */
    public long heap() {
        return weights + kvCache + activations + scratch + tokenizer;
    }

    /** All of it: the resident size of the process at its peak. */
    public long total() {
        return heap() + garbage + jvm;
    }
}
