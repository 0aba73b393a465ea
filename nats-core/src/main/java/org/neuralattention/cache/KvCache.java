package org.neuralattention.cache;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.neuralattention.kernels.KeySpans;
import org.neuralattention.kernels.KvBlock;
import org.neuralattention.kernels.KvDtype;
import org.neuralattention.kernels.PastKeys;
import org.neuralattention.model.ModelConfig;

/**
 * The keys and values of all layers and KV heads that a later token can still see, and no others.
 *
 * <p>The rule (spec 1.1, 6.3), exact at every token: a key at position p with the role
 * <ul>
 *   <li>global is seen by every later row;
 *   <li>local is seen up to the row of the next global, whose own row still sees it;
 *   <li>sliding of window W is seen by the rows p .. p + W.
 * </ul>
 * A model's attention window a ends every key's life after row p + a - 1. Keys are stored after RoPE, keys and values as {@link KvDtype} says,
 * and every row attends to them as they are stored, the row's own included.
 *
 * <p>A step takes in one token (decode) or a piece of a prompt (prefill), layer by layer in ascending order:
 * <pre>{@code
 * DecodeAttention.forward(..., cache.spans(layer, k, 0, v, 0), ...);           // one token: what is held, then itself
 * cache.round(k, 0, v, 0, rows);                                               // or a piece: itself, as it will be stored, ...
 * SparseAttention.forward(..., cache.past(layer, roles, 0, rows), ...);        // ... and what is held
 * cache.append(layer, roles, 0, k, 0, v, 0, rows);                             // then the roles take effect
 * }</pre>
 * The step is done when the last layer has been appended; until then the other layers still stand before it. A step that is not ended,
 * because something failed in between, leaves the cache in the {@link #isMidStep middle} of it; {@link #clear} is then the way out.
 *
 * <p>With a byte budget, a step that could exceed it is refused with {@link KvBudgetExceededException} by the first call for layer 0, before
 * the step has changed anything. Going back is not possible, for keys that died are gone. In the steady state nothing is allocated. Not thread-safe.
 */
public final class KvCache {

    private final CacheShape shape;
    private final int nLayers;
    private final int nKvHeads;
    private final int headDim;
    private final int nRoles;
    private final KvDtype dtype;
    final BlockPool pool;
    private final LayerHeads heads;
    private final KeySpans[] spans;
    private final KvBlock[] own; // of each KV head, the key of the token at hand
    private final PieceKeys past;
    final StepBudget budget;

    private long start;
    private long position;
    private int nextLayer;
    private int stepRows; // of the step at hand; 0 until it is checked
    private boolean appending; // true between calls: an append failed
    private double visiblePairs;
    private long peakBytes;

    /**
     * @param windows the sliding windows, ascending; none for a model without roles
     * @param attentionWindow rows that see any key, its own included; 0 for all
     * @param dtype how keys and values are stored
     * @param budget most bytes the cache may ever hold; Long.MAX_VALUE for no limit
     */
    public KvCache(int nLayers, int nKvHeads, int headDim, int[] windows, int attentionWindow, KvDtype dtype, long budget) {
        this(new CacheShape(nLayers, nKvHeads, headDim, Arrays.stream(windows).boxed().toList(), attentionWindow), dtype, budget);
    }

    private KvCache(CacheShape shape, KvDtype dtype, long budget) {
        this.shape = shape;
        this.nLayers = shape.nLayers();
        this.nKvHeads = shape.nKvHeads();
        this.headDim = shape.headDim();
        this.nRoles = shape.nRoles();
        this.dtype = Objects.requireNonNull(dtype, "dtype");
        pool = new BlockPool(dtype, headDim, shape.heads());
        heads = new LayerHeads(shape, pool);
        spans = new KeySpans[nKvHeads];
        Arrays.setAll(spans, i -> new KeySpans());
        own = new KvBlock[nKvHeads];
        Arrays.setAll(own, i -> KvBlock.of(dtype, KvBlock.LEAST, headDim));
        past = new PieceKeys(headDim);
        this.budget = new StepBudget(budget, nRoles, pool, heads, spans, past);
        peakBytes = bytesHeld();
    }

    /** A float32 cache for a model, without a limit. */
    public static KvCache of(ModelConfig config) {
        return of(config, KvDtype.F32, Long.MAX_VALUE);
    }

    /** A cache for a model that never holds more than {@code budget} bytes; Long.MAX_VALUE for no limit. */
    public static KvCache of(ModelConfig config, KvDtype dtype, long budget) {
        return new KvCache(CacheShape.of(config), dtype, budget);
    }

    /**
     * Checks that a sequence of this model can begin here.
     *
     * @throws IllegalArgumentException if the cache has another shape than the model needs, or is not empty
     */
    public void checkFits(ModelConfig config) {
        CacheShape needed = CacheShape.of(config);
        if (!shape.equals(needed)) {
            throw new IllegalArgumentException("the cache has " + shape + ", but the model " + needed);
        }
        if (!isEmpty()) {
            throw new IllegalArgumentException("the cache has taken in " + tokens() + " tokens"
                    + (isMidStep() ? " and is in the middle of a step" : "") + ": must be empty");
        }
    }

    /** Position of the next token: tokens taken in, counted from {@link #startAt}. */
    public long position() {
        return position;
    }

    /** Tokens taken in since the cache was made or cleared. */
    public long tokens() {
        return position - start;
    }

    /** Whether nothing has been taken in, not even by some layers. */
    public boolean isEmpty() {
        return position == start && !isMidStep();
    }

    /** Whether some layers have taken in a step and others have not. */
    public boolean isMidStep() {
        return nextLayer != 0 || appending;
    }

    /** Sets the position of the first token, 0 without this call; only before the first token. */
    public void startAt(long position) {
        if (!isEmpty()) {
            throw new IllegalStateException("startAt(" + position + ") after " + tokens() + " tokens");
        }
        if (position < 0) {
            throw new IllegalArgumentException("position = " + position + ": must not be negative");
        }
        start = position;
        this.position = position;
        stepRows = 0;
    }

    /**
     * What the next token attends to in one layer: per KV head the keys held, then its own. Valid until the layer's {@link #append};
     * the list is the cache's own and is filled anew by each call.
     *
     * @param k the token's own key, [nKvHeads, headDim]; value likewise
     */
    public KeySpans[] spans(int layer, float[] k, int kOffset, float[] v, int vOffset) {
        checkRows("k", k, kOffset, 1);
        checkRows("v", v, vOffset, 1);
        checkLayer(layer, 1);
        for (int g = 0; g < nKvHeads; g++) {
            spans[g].clear();
            heads.of(layer, g).addTo(spans[g]);
            own[g].put(0, k, kOffset + g * headDim, v, vOffset + g * headDim);
            spans[g].add(own[g], 0, 1);
        }
        return spans;
    }

    /**
     * What a piece of {@code rows} tokens attends to in one layer beside itself: a copy of the keys held, with the last row of the piece that
     * sees each. Valid until the layer's {@link #append}; its memory is kept for the next piece, until a single token is appended.
     *
     * @param roles of the piece, [nKvHeads, rows]
     */
    public PastKeys past(int layer, int[] roles, int rolesOffset, int rows) {
        checkRoles(roles, rolesOffset, rows);
        checkLayer(layer, rows);
        past.makeRoom(layer == 0 ? heads.mostKeys() : heads.keys(layer)); // layers before this one hold the piece already
        PastKeys keys = past.copy(heads, layer, nKvHeads, position, roles, rolesOffset, rows);
        peakBytes = Math.max(peakBytes, bytesHeld());
        return keys;
    }

    /**
     * Rounds keys and values of a piece to what will be stored, in place: so its own rows attend to them as later ones will.
     *
     * @param k [rows, nKvHeads, headDim]; v likewise
     */
    public void round(float[] k, int kOffset, float[] v, int vOffset, int rows) {
        checkRows("k", k, kOffset, rows);
        checkRows("v", v, vOffset, rows);
        for (int i = 0; i < rows * nKvHeads && dtype != KvDtype.F32; i++) {
            own[0].put(0, k, kOffset + i * headDim, v, vOffset + i * headDim);
            own[0].get(k, kOffset + i * headDim, v, vOffset + i * headDim, 0, 1);
        }
    }

    /**
     * Takes in the next {@code rows} tokens of one layer and lets go what the token after them does not see. The last layer completes the step.
     *
     * @param roles [nKvHeads, rows]
     * @param k [rows, nKvHeads, headDim]; v likewise
     */
    public void append(int layer, int[] roles, int rolesOffset, float[] k, int kOffset, float[] v, int vOffset, int rows) {
        checkRoles(roles, rolesOffset, rows);
        checkRows("k", k, kOffset, rows);
        checkRows("v", v, vOffset, rows);
        checkLayer(layer, rows);
        appending = true;
        for (int g = 0; g < nKvHeads; g++) {
            spans[g].clear(); // so that blocks given back are not held on to
            HeadCache head = heads.of(layer, g);
            int headRoles = rolesOffset + g * rows;
            visiblePairs += head.visiblePairs(roles, headRoles, rows, position);
            head.append(roles, headRoles, k, kOffset + g * headDim, v, vOffset + g * headDim, rows, nKvHeads * headDim, position);
            peakBytes = Math.max(peakBytes, bytesHeld());
        }
        appending = false;
        nextLayer = (layer + 1) % nLayers;
        if (nextLayer == 0) {
            position += rows;
            stepRows = 0;
        }
    }

    /** Gives everything back and starts again at position 0. */
    public void clear() {
        heads.clear();
        for (KeySpans held : spans) {
            held.clear();
        }
        pool.trim();
        past.release();
        start = 0;
        position = 0;
        nextLayer = 0;
        stepRows = 0;
        appending = false;
        visiblePairs = 0;
        peakBytes = bytesHeld();
    }

    /** All memory that grows with what is held: see {@link KvStats}. */
    public long bytesHeld() {
        long bytes = pool.bytes() + past.bytes();
        for (KeySpans held : spans) {
            bytes += held.bytes();
        }
        return bytes;
    }

    /**
     * What {@link KvStats#peakBytes} can be at most behind so many tokens, whatever roles they took and in whatever pieces they came. Without
     * roles it is nearly that; with roles it is hardly more than if all were kept.
     *
     * @throws IllegalArgumentException if {@code tokens} is negative
     */
    public static long mostBytes(ModelConfig config, KvDtype dtype, long tokens) {
        if (tokens < 0) {
            throw new IllegalArgumentException("tokens = " + tokens + ": must not be negative");
        }
        return new CacheBound(CacheShape.of(config), dtype).bytes(tokens);
    }

    /** Positions of the keys one KV head holds: globals, locals, then ring by ring, each ascending. For inspection: a new array. */
    public long[] positions(int layer, int kvHead) {
        Objects.checkIndex(layer, nLayers);
        Objects.checkIndex(kvHead, nKvHeads);
        return heads.of(layer, kvHead).positions();
    }

    public KvStats stats() {
        List<KvStats.Head> each = heads.stats();
        long live = each.stream().mapToLong(KvStats.Head::keys).sum();
        long tokens = tokens();
        long keyBytes = dtype.bytes(headDim);
        double causalPairs = heads.count() * (tokens * (tokens + 1.0) / 2);
        return new KvStats(tokens, each, live, live * keyBytes, bytesHeld(), peakBytes, tokens * heads.count() * keyBytes,
                tokens == 0 ? 1 : visiblePairs / causalPairs);
    }

    private void checkLayer(int layer, int rows) {
        if (appending) {
            throw new IllegalStateException("an earlier append failed midway: clear() the cache and take everything in again");
        }
        if (layer != nextLayer || layer != 0 && rows != stepRows) {
            throw new IllegalStateException("layer " + layer + " with " + rows + " rows, but next is layer " + nextLayer
                    + (nextLayer == 0 ? "" : " with " + stepRows + " rows"));
        }
        if (rows != stepRows) { // the first call of a step
            Math.addExact(position, rows);
            if (rows == 1) {
                past.release();
            }
            budget.check(rows);
            stepRows = rows;
        }
    }

    private void checkRows(String name, float[] rows, int offset, int count) {
        checkRange(name, rows == null ? -1 : rows.length, offset, (long) count * nKvHeads * headDim);
    }

    private static void checkRange(String name, int arrayLength, int offset, long length) {
        if (arrayLength < 0) {
            throw new IllegalArgumentException(name + " is null");
        }
        if (offset < 0 || offset > arrayLength - length) {
            throw new IndexOutOfBoundsException(name + ": " + length + " elements from offset " + offset
                    + " do not fit an array of " + arrayLength);
        }
    }

    private void checkRoles(int[] roles, int rolesOffset, int rows) {
        if (rows < 1) {
            throw new IllegalArgumentException("rows = " + rows + ": must be at least 1");
        }
        long length = (long) nKvHeads * rows;
        checkRange("roles", roles == null ? -1 : roles.length, rolesOffset, length);
        for (int i = rolesOffset; i < rolesOffset + length; i++) {
            if (roles[i] < 0 || roles[i] >= nRoles) {
                throw new IllegalArgumentException("role " + roles[i] + " of KV head " + (i - rolesOffset) / rows + ", row "
                        + (i - rolesOffset) % rows + ": must be in [0, " + nRoles + ")");
            }
        }
    }
}
