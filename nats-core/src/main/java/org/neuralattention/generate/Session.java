package org.neuralattention.generate;

import java.util.Objects;
import java.util.function.IntPredicate;
import org.neuralattention.cache.KvCache;
import org.neuralattention.kernels.DecodeAttention;
import org.neuralattention.kernels.SparseAttention;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations;
import org.neuralattention.model.LayerAttention;
import org.neuralattention.model.LayerRoles;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.model.Transformer;
import org.neuralattention.roles.RoleChoice;

/**
 * One sequence in the making: a model, and a cache that holds what its tokens' roles keep alive.
 *
 * <p>{@link #prefill} takes in a text in pieces: each piece attends to what the cache holds and to itself, then what survives it
 * moves into the cache. {@link #decode} takes in one token. Both leave the logits of the next token; both give, to rounding,
 * what {@link Transformer#forward} gives for the whole text with the same roles. A session serves one thread at a time; sessions
 * on one {@link Team} may be used by several threads and take turns, a piece or a token each.
 *
 * <p>The token that a {@link Generator} chose last belongs to the sequence although the model has not taken it in yet: that costs a step
 * whose result nobody may want. Whatever asks for more, {@link #prefill}, {@link #decode} or {@link #logits}, takes it in first.
 *
 * <p>A piece or token that is refused before its first layer has entered the cache (a wrong id, no position left, no budget left)
 * changes nothing, and the session goes on. One that fails later, for example in a {@link org.neuralattention.roles.RolePolicy},
 * leaves layers that hold it and layers that do not: from then on every use is an {@link IllegalStateException} with that failure
 * as its cause, until {@code cache().clear()}.
 */
public final class Session {

    /** Tokens of a prefill piece: long enough for the matrix products to run at full speed, short enough to stay in cache. */
    public static final int PIECE = 256;

    /** The same under a budget, which must have room for all tokens of a piece, whatever roles they will take. */
    public static final int BUDGET_PIECE = 16;

    private final Transformer transformer;
    private final ModelConfig c;
    private final Team team;
    private final KvCache cache;
    private final RoleChoice choice;
    private final LayerRoles roles;
    private final int pieceLength;
    private final Activations one;
    private final int[] oneId = new int[1];
    private final float[] logits;
    private final LayerAttention decodeAttention = this::decodeAttention;
    private final LayerAttention pieceAttention = this::pieceAttention;
    private Activations piece;  // made by the first piece of more than one token
    private Throwable failure;  // of a step that had begun; null while all is well
    private int pending = -1;   // chosen and not yet taken in, or -1
    private long pendingAt;     // the cache's position then: another one now means that the cache was cleared

    /** The model's own roles if it has any, a cache without limit. */
    public Session(Transformer transformer) {
        this(transformer, KvCache.of(transformer.config()), transformer.config().hasRoles() ? RoleChoice.BEST : RoleChoice.FULL, PIECE);
    }

    /**
     * @param cache empty, of this model's shape
     * @param choice how roles are chosen; not one that samples
     * @param pieceLength most tokens of a prefill piece
     * @throws IllegalArgumentException if one of them does not fit the model
     */
    public Session(Transformer transformer, KvCache cache, RoleChoice choice, int pieceLength) {
        if (choice.learns()) {
            throw new IllegalArgumentException("a session chooses roles with RoleChoice.BEST, FULL or Fixed, not " + choice);
        }
        if (pieceLength < 1) {
            throw new IllegalArgumentException("pieceLength = " + pieceLength + ": must be at least 1");
        }
        this.c = transformer.config();
        if (!c.hasRoles() && !(choice instanceof RoleChoice.Full)) {
            throw new IllegalArgumentException("the model has no roles (its configuration lists no role windows): choose RoleChoice.FULL, not "
                    + choice);
        }
        cache.checkFits(c);
        this.transformer = transformer;
        this.team = transformer.team();
        this.cache = cache;
        this.choice = choice;
        this.roles = new LayerRoles(c, team);
        this.pieceLength = pieceLength;
        this.one = new Activations(c, 1, 1, Activations.Keep.NOTHING);
        this.logits = new float[c.vocabSize()];
    }

    /**
     * Takes in {@code count} tokens. All are checked before the first is taken in.
     *
     * @throws IllegalArgumentException if an id is not in the vocabulary or the model's learned positions do not suffice; nothing has changed
     * @throws org.neuralattention.cache.KvBudgetExceededException if the cache's budget may not suffice for a piece: those before it are
     *     taken in, as {@link #position} tells, and the logits are those behind them
     * @throws NotFiniteException if the logits behind the last of them are not numbers
     * @throws IllegalStateException if an earlier step failed midway
     */
    public void prefill(int[] ids, int offset, int count) {
        prefill(ids, offset, count, done -> true);
    }

    /**
     * As above, and may be told to end early.
     *
     * @param goOn asked after each piece but the last, with the tokens taken in by then
     * @return tokens taken in: {@code count} unless {@code goOn} said no
     */
    public int prefill(int[] ids, int offset, int count, IntPredicate goOn) {
        return takeIn(ids, offset, count, (s, done, rows) -> done + rows == count || goOn.test(done + rows));
    }

    /**
     * Takes in {@code count} tokens as {@link #prefill} does, and tells how unlikely the tokens behind them are to the model:
     * {@code losses[i] = -ln p(targets[i] | the sequence up to ids[i])}.
     *
     * @param losses out, [count] in nats; 0 where the target is negative
     * @param targets [count], the token behind each; negative where nothing is asked
     * @return the sum of the losses
     * @throws IllegalArgumentException as {@link #prefill}, or if a target is not in the vocabulary
     * @throws NotFiniteException as {@link #prefill}, or if a loss is NaN
     */
    public double score(float[] losses, int lossesOffset, int[] ids, int idsOffset, int[] targets, int targetsOffset, int count) {
        Objects.checkFromIndexSize(lossesOffset, count, losses.length);
        Objects.checkFromIndexSize(targetsOffset, count, targets.length);
        for (int i = targetsOffset; i < targetsOffset + count; i++) {
            if (targets[i] >= c.vocabSize()) {
                throw new IllegalArgumentException("targets[" + i + "] = " + targets[i] + ": must be below " + c.vocabSize());
            }
        }
        double[] sum = new double[1];
        long from = position();
        takeIn(ids, idsOffset, count, (s, done, rows) -> {
            synchronized (team) {
                sum[0] += transformer.losses(losses, lossesOffset + done, s, targets, targetsOffset + done);
            }
            return true;
        });
        NotFiniteException.checkLosses(losses, lossesOffset, count, from);
        return sum[0];
    }

    /** Hears of a piece that was taken in behind {@code done} others; returns whether to go on. */
    private interface Piece {
        boolean taken(Activations s, int done, int rows);
    }

    private int takeIn(int[] ids, int offset, int count, Piece listener) {
        Objects.checkFromIndexSize(offset, count, ids.length);
        check(ids, offset, count);
        if (count == 0) {
            return 0;
        }
        takeInPending(false);
        Activations last = null;
        int lastRow = 0;
        int done = 0;
        try {
            boolean goOn = true;
            while (done < count && goOn) {
                int rows = Math.min(pieceLength, count - done);
                Activations s = rows == 1 ? one : piece(rows);
                step(s, ids, offset + done);
                last = s;
                lastRow = rows - 1;
                done += rows;
                goOn = listener.taken(s, done - rows, rows);
            }
        } finally {
            if (last != null && failure == null) { // a refused piece ends before it changes the final norm of the one before
                predict(last, lastRow);
            }
        }
        return done;
    }

    /**
     * Takes in one token.
     *
     * @throws IllegalArgumentException if it is not in the vocabulary or has no learned position; nothing has changed
     * @throws org.neuralattention.cache.KvBudgetExceededException if the cache's budget may not suffice for it; nothing has changed
     * @throws NotFiniteException if the logits are not numbers
     * @throws IllegalStateException if an earlier step failed midway
     */
    public void decode(int id) {
        oneId[0] = id;
        check(oneId, 0, 1);
        takeInPending(false);
        oneId[0] = id;
        step(one, oneId, 0);
        predict(one, 0);
    }

    /** Puts a token behind the sequence without taking it in. */
    void choose(int id) {
        takeInPending(false);
        pending = id;
        pendingAt = cache.position();
    }

    private boolean hasPending() {
        return pending >= 0 && pendingAt == cache.position() && !cache.isEmpty();
    }

    private void takeInPending(boolean predict) {
        if (hasPending()) {
            oneId[0] = pending;
            step(one, oneId, 0);
            if (predict) {
                predict(one, 0);
            }
        }
        pending = -1;
    }

    private void check(int[] ids, int offset, int count) {
        if (failure != null && cache.isEmpty()) {
            failure = null; // cleared since
        }
        checkWhole();
        for (int i = offset; i < offset + count; i++) {
            if (ids[i] < 0 || ids[i] >= c.vocabSize()) {
                throw new IllegalArgumentException("ids[" + i + "] = " + ids[i] + ": must be in [0, " + c.vocabSize() + ")");
            }
        }
        if (c.positions() instanceof Positions.Learned && count > room()) {
            throw new IllegalArgumentException(count + " tokens from position " + position() + ": this model has learned positions for "
                    + c.maxSeqLen() + " tokens only");
        }
    }

    private void checkWhole() {
        if (failure != null) {
            throw new IllegalStateException("a step failed midway; make a new session (or cache().clear()) and prefill again", failure);
        }
    }

    private Activations piece(int rows) {
        if (piece == null) {
            piece = new Activations(c, 1, pieceLength, Activations.Keep.NOTHING);
        }
        piece.seqLen(rows);
        return piece;
    }

    /** Takes in as many tokens as {@code s} has rows, all at once. */
    private void step(Activations s, int[] ids, int offset) {
        long before = cache.position();
        try {
            synchronized (team) {
                transformer.forward(s, ids, offset, before, s == one ? decodeAttention : pieceAttention);
            }
        } catch (Throwable e) {
            if (cache.isMidStep() || cache.position() != before) {
                failure = e;
            }
            throw e;
        }
    }

    private void predict(Activations s, int row) {
        try {
            synchronized (team) {
                transformer.logits(logits, 0, s, row, 1);
            }
            NotFiniteException.check(logits, logits.length, cache.position() - 1);
        } catch (Throwable e) {
            failure = e;
            throw e;
        }
    }

    private void decodeAttention(int layer, Activations s, Activations.Layer a) {
        float[] d = a.data;
        roles.choose(s, a, layer, transformer.weights().layers.get(layer), choice, cache.position());
        DecodeAttention.forward(d, a.attention, d, a.q, cache.spans(layer, d, a.k, d, a.v), c.nHeads(), c.nKvHeads(), c.headDim(), team);
        cache.append(layer, a.roles, 0, d, a.k, d, a.v, 1);
    }

    private void pieceAttention(int layer, Activations s, Activations.Layer a) {
        float[] d = a.data;
        int rows = s.seqLen();
        cache.round(d, a.k, d, a.v, rows);
        roles.forward(s, a, layer, transformer.weights().layers.get(layer), choice, cache.position());
        SparseAttention.forward(d, a.attention, d, a.lse, d, a.q, d, a.k, d, a.v, a.lastRow, 0,
                cache.past(layer, a.roles, 0, rows), s.shape(), team);
        cache.append(layer, a.roles, 0, d, a.k, d, a.v, rows);
    }

    /**
     * Logits of the next token, [vocabSize]; the session's own array, overwritten by the next token.
     *
     * @throws org.neuralattention.cache.KvBudgetExceededException if the cache's budget may not suffice for the token that was chosen last;
     *     nothing has changed
     * @throws IllegalStateException if an earlier step failed midway
     */
    public float[] logits() {
        checkWhole();
        takeInPending(true);
        return logits;
    }

    /** Position of the next token: length of the sequence, counted from where the cache {@link KvCache#startAt starts}, which is 0 unless told otherwise. */
    public long position() {
        return cache.position() + (hasPending() ? 1 : 0);
    }

    /** How many more tokens have a position: without end, except for a model with learned positions. */
    public long room() {
        return c.positions() instanceof Positions.Learned ? c.maxSeqLen() - position() : Long.MAX_VALUE;
    }

    /** What is held of the tokens taken in. */
    public KvCache cache() {
        return cache;
    }
}
