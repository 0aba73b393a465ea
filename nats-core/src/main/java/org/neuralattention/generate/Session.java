package org.neuralattention.generate;

import org.neuralattention.cache.KvCache;
import org.neuralattention.kernels.DecodeAttention;
import org.neuralattention.kernels.SparseAttention;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations;
import org.neuralattention.model.LayerRoles;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.roles.RoleChoice;

/**
 * One sequence in the making: a model, and a cache that holds what its tokens' roles keep alive.
 *
 * <p>{@link #prefill} takes in a text in pieces: each piece attends to what the cache holds and to itself, then what survives it
 * moves into the cache. {@link #decode} takes in one token. Both leave the logits of the next token; both give, to rounding,
 * what {@link Transformer#forward} gives for the whole text with the same roles. Not thread-safe, and sessions that share a
 * transformer take turns.
 */
public final class Session {

    /** Tokens of a prefill piece: long enough for the matrix products to run at full speed, short enough to stay in cache. */
    public static final int PIECE = 256;

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
    private Activations piece; // made by the first piece of more than one token

    /** The model's own roles if it has any, a cache without limit. */
    public Session(Transformer transformer) {
        this(transformer, KvCache.of(transformer.config()), transformer.config().hasRoles() ? RoleChoice.BEST : RoleChoice.FULL, PIECE);
    }

    /**
     * @param cache empty, of this model's shape
     * @param choice how roles are chosen; not one that samples
     * @param pieceLength most tokens of a prefill piece
     */
    public Session(Transformer transformer, KvCache cache, RoleChoice choice, int pieceLength) {
        if (choice.learns()) {
            throw new IllegalArgumentException("a session chooses roles with RoleChoice.BEST, FULL or Fixed, not " + choice);
        }
        if (pieceLength < 1) {
            throw new IllegalArgumentException("pieceLength = " + pieceLength + ": must be at least 1");
        }
        this.transformer = transformer;
        this.c = transformer.config();
        this.team = transformer.team();
        this.cache = cache;
        this.choice = choice;
        this.roles = new LayerRoles(c, team);
        this.pieceLength = pieceLength;
        this.one = new Activations(c, 1, 1, Activations.Keep.NOTHING);
        this.logits = new float[c.vocabSize()];
    }

    /** Takes in {@code count} tokens. */
    public void prefill(int[] ids, int offset, int count) {
        if (count < 0 || offset < 0 || offset > ids.length - count) {
            throw new IndexOutOfBoundsException("ids: " + count + " elements from offset " + offset + " do not fit an array of " + ids.length);
        }
        for (int done = 0; done < count; ) {
            int rows = Math.min(pieceLength, count - done);
            if (rows == 1) {
                decode(ids[offset + done]);
            } else {
                piece(ids, offset + done, rows);
            }
            done += rows;
        }
    }

    /** Takes in one token. */
    public void decode(int id) {
        oneId[0] = id;
        transformer.forward(one, oneId, 0, cache.position(), this::decodeAttention);
        transformer.logits(logits, 0, one, 0, 1);
    }

    private void piece(int[] ids, int offset, int rows) {
        if (piece == null) {
            piece = new Activations(c, 1, pieceLength, Activations.Keep.NOTHING);
        }
        piece.seqLen(rows);
        transformer.forward(piece, ids, offset, cache.position(), this::pieceAttention);
        transformer.logits(logits, 0, piece, rows - 1, 1);
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
        roles.forward(s, a, layer, transformer.weights().layers.get(layer), choice, cache.position());
        SparseAttention.forward(d, a.attention, d, a.lse, d, a.q, d, a.k, d, a.v, a.lastRow, 0,
                cache.past(layer, a.roles, 0, rows), s.shape(), team);
        cache.append(layer, a.roles, 0, d, a.k, d, a.v, rows);
    }

    /** Logits of the next token, [vocabSize]; the session's own array, overwritten by the next token. */
    public float[] logits() {
        return logits;
    }

    /** Tokens taken in so far, which is the position of the next. */
    public long position() {
        return cache.position();
    }

    public KvCache cache() {
        return cache;
    }
}
