package org.neuralattention.eval;

import java.util.Arrays;
import java.util.Objects;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.Activations;
import org.neuralattention.model.LayerRoles;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Transformer;
import org.neuralattention.roles.RoleChoice;

/**
 * Runs a model under a {@link Policy}: row by row, each attends to what the policy left of those before it.
 *
 * <p>Tokens that are known beforehand are taken in by pieces: projections and feed-forward layers of a piece are matrix products, but inside a
 * layer its rows attend and lose keys one after the other, exactly as if each had been decoded alone. Results have the same bits for any
 * number of threads, and agree to rounding however a text is cut. One decoder serves one sequence at a time, from {@link #begin}.
 */
public final class PolicyDecoder {

    /** Tokens of a piece. */
    private static final int PIECE = 64;

    /** Multiply-adds of a row's attention in one layer below which a second thread gains less than waking it costs. */
    private static final long SHARED_FROM = 100_000;

    private final Transformer transformer;
    private final ModelConfig c;
    private final LayerRoles roles;
    private final int group;
    private final HeldKeys[][] held; // [nLayers][nKvHeads]
    private final Activations piece;
    private final float[] logits;

    private Policy.Rule[] rules;
    private Sequence sequence;
    private RoleChoice choice;
    private int position;
    private int lastRow = -1;        // of the last piece
    private boolean predicted;       // the logits are those behind it

    private final long[] headPairs;  // [nLayers * nKvHeads]
    private final long[][] roleCounts; // [nLayers * nKvHeads][nRoles], at least one role
    private final long[] rowKeys = new long[PIECE];
    private long behindPairs;
    private long peakKeys;

    public PolicyDecoder(Transformer transformer) {
        this.transformer = transformer;
        this.c = transformer.config();
        this.roles = new LayerRoles(c, transformer.team());
        this.group = c.nHeads() / c.nKvHeads();
        this.held = new HeldKeys[c.nLayers()][c.nKvHeads()];
        for (HeldKeys[] heads : held) {
            Arrays.setAll(heads, i -> new HeldKeys(c.headDim()));
        }
        this.piece = new Activations(c, 1, PIECE, Activations.Keep.NOTHING);
        this.logits = new float[c.vocabSize()];
        this.headPairs = new long[c.nLayers() * c.nKvHeads()];
        this.roleCounts = new long[headPairs.length][Math.max(1, c.nRoles())];
    }

    /**
     * Begins a sequence, and forgets the one before.
     *
     * @throws IllegalArgumentException if the policy wants roles of a model that has none, or to sample them
     */
    public void begin(Policy policy, Sequence sequence) {
        RoleChoice wanted = policy.roles(sequence);
        if (wanted.learns() || !c.hasRoles() && !(wanted instanceof RoleChoice.Full)) {
            throw new IllegalArgumentException(policy.name() + " chooses roles by " + wanted + (c.hasRoles() ? ": must not be sampled"
                    : ", but the model has none"));
        }
        this.sequence = Objects.requireNonNull(sequence, "sequence");
        choice = wanted;
        rules = new Policy.Rule[c.nLayers()];
        Arrays.setAll(rules, layer -> policy.rule(layer, sequence, c));
        for (HeldKeys[] heads : held) {
            for (HeldKeys head : heads) {
                head.clear();
            }
        }
        position = 0;
        lastRow = -1;
        predicted = false;
        Arrays.fill(headPairs, 0);
        for (long[] counts : roleCounts) {
            Arrays.fill(counts, 0);
        }
        behindPairs = 0;
        peakKeys = 0;
    }

    /** Tokens taken in. */
    public int position() {
        return position;
    }

    /** Takes in the next {@code count} tokens. */
    public void take(int[] ids, int offset, int count) {
        take(ids, offset, count, (done, rows) -> {});
    }

    /**
     * Takes in the next {@code count} tokens and tells how unlikely the ones behind them are: {@code losses[i] = -ln p(targets[i] | text up to ids[i])}.
     *
     * @param losses out, [count] in nats; 0 where the target is negative
     * @return their sum
     */
    public double score(float[] losses, int lossesOffset, int[] ids, int idsOffset, int[] targets, int targetsOffset, int count) {
        Objects.checkFromIndexSize(lossesOffset, count, losses.length);
        Objects.checkFromIndexSize(targetsOffset, count, targets.length);
        double[] sum = new double[1];
        take(ids, idsOffset, count, (done, rows) ->
                sum[0] += transformer.losses(losses, lossesOffset + done, piece, targets, targetsOffset + done));
        return sum[0];
    }

    private interface Piece {
        void taken(int done, int rows);
    }

    private void take(int[] ids, int offset, int count, Piece listener) {
        if (sequence == null) {
            throw new IllegalStateException("no sequence has begun");
        }
        Objects.checkFromIndexSize(offset, count, ids.length);
        if (count > sequence.length() - position) {
            throw new IllegalArgumentException(count + " tokens behind " + position + ": the sequence was to have " + sequence.length());
        }
        for (int done = 0; done < count; ) {
            int rows = Math.min(PIECE, count - done);
            piece.seqLen(rows);
            Arrays.fill(rowKeys, 0);
            transformer.forward(piece, ids, offset + done, position, this::attention);
            count(rows);
            position += rows;
            lastRow = rows - 1;
            predicted = false;
            listener.taken(done, rows);
            done += rows;
        }
    }

    /** Logits of the next token, [vocabSize]; the decoder's own array, overwritten by the next call. */
    public float[] logits() {
        if (lastRow < 0) {
            throw new IllegalStateException("nothing has been taken in");
        }
        if (!predicted) {
            transformer.logits(logits, 0, piece, lastRow, 1);
            predicted = true;
        }
        return logits;
    }

    private void attention(int layer, Activations s, Activations.Layer a) {
        roles.choose(s, a, layer, transformer.weights().layers.get(layer), choice, position);
        HeldKeys[] heads = held[layer];
        Team team = transformer.team();
        int rows = s.seqLen();
        for (int row = 0; row < rows; row++) {
            long work = 0;
            for (int g = 0; g < heads.length; g++) {
                int role = a.roles[g * rows + row];
                int at = (row * heads.length + g) * c.headDim();
                heads[g].add(position + row, role, a.data, a.k + at, a.data, a.v + at);
                headPairs[layer * heads.length + g] += heads[g].size();
                roleCounts[layer * heads.length + g][role]++;
                rowKeys[row] += heads[g].size();
                work += (long) heads[g].size() * group * c.headDim();
            }
            int from = row * c.qDim();
            if (work < SHARED_FROM || team.size() == 1) {
                for (int g = 0; g < heads.length; g++) {
                    attend(heads[g], a, from + g * group * c.headDim());
                }
            } else {
                team.run(heads.length, (g, worker) -> attend(heads[g], a, from + g * group * c.headDim()));
            }
            rules[layer].after(heads, position + row);
            if (c.attentionWindow() > 0) {
                for (HeldKeys head : heads) { // the model's own window ends every key's life
                    head.dropRange(0, position + row + 2 - c.attentionWindow());
                }
            }
        }
    }

    private void attend(HeldKeys head, Activations.Layer a, int at) {
        head.attend(a.data, a.attention + at, a.data, a.q + at, group);
    }

    private void count(int rows) {
        for (int row = 0; row < rows; row++) {
            peakKeys = Math.max(peakKeys, rowKeys[row]);
            behindPairs += position + row >= sequence.promptLength() ? rowKeys[row] : 0;
        }
    }

    /** Keys a KV head holds for the next row, in no order. For inspection. */
    public int[] positions(int layer, int kvHead) {
        HeldKeys head = held[layer][kvHead];
        int[] positions = new int[head.size()];
        Arrays.setAll(positions, head::position);
        return positions;
    }

    /** What was held since {@link #begin}. */
    public KvUse use() {
        long n = position;
        long prompt = Math.min(n, sequence.promptLength());
        long causal = n * (n + 1) / 2;
        return new KvUse(1, n, Arrays.stream(headPairs).boxed().toList(), causal, behindPairs, causal - prompt * (prompt + 1) / 2, n - prompt,
                peakKeys, KvUse.keyBytes(c), Arrays.stream(roleCounts).map(counts -> Arrays.stream(counts).boxed().toList()).toList());
    }
}
