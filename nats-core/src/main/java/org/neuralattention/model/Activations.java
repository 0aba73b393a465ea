package org.neuralattention.model;

import java.util.Arrays;
import org.neuralattention.kernels.AttentionShape;
import org.neuralattention.kernels.RoleGradient;
import org.neuralattention.model.ModelConfig.Activation;
import org.neuralattention.model.ModelConfig.Norm;
import org.neuralattention.roles.Lifetimes;

/**
 * What a pass over [batch, seqLen] tokens holds: one arena per layer with an offset per buffer, the residual stream between
 * layers, and, for training, the gradients of one layer. T = batch * seqLen; every buffer is row-major.
 */
public final class Activations {

    /** The buffers of one layer in {@link #data}, named for what they hold after the forward pass. */
    public static final class Layer {
        public final int normed;      // [T, dim]       norm of the layer's input; also what the scorer reads
        public final int mean;        // [T]            LayerNorm only
        public final int rstd;        // [T]
        public final int q;           // [T, qDim]      after q-norm and RoPE
        public final int k;           // [T, kvDim]     after k-norm and RoPE
        public final int v;           // [T, kvDim]
        public final int qRaw;        // [T, qDim]      before q-norm; the same place as q without it
        public final int kRaw;        // [T, kvDim]     before k-norm; the same place as k without it
        public final int qRstd;       // [T, nHeads]    q-norm only
        public final int kRstd;       // [T, nKvHeads]  k-norm only
        public final int attention;   // [T, qDim]
        public final int lse;         // [batch, nHeads, seqLen]
        public final int roleLogits;  // [T, nKvHeads * nRoles]
        public final int roleSoft;    // [batch, nKvHeads, seqLen, nRoles] softmax(logits + noise)
        public final int mid;         // [T, dim]       residual stream after attention
        public final int midNormed;   // [T, dim]
        public final int midMean;     // [T]            LayerNorm only
        public final int midRstd;     // [T]
        public final int gate;        // [T, hiddenDim] SwiGLU only
        public final int up;          // [T, hiddenDim]
        public final int hidden;      // [T, hiddenDim] activation's output
        public final float[] data;
        public final int[] roles;     // [batch, nKvHeads, seqLen]
        public final int[] lastRow;   // [batch, nKvHeads, seqLen]

        private final int size;       // floats of data

        /** @param allocate whether to take memory, or only to find the places */
        private Layer(ModelConfig c, int batch, int seqLen, boolean allocate) {
            Places at = new Places();
            int rows = batch * seqLen;
            boolean layerNorm = c.norm() == Norm.LAYER;
            normed = at.take(rows, c.dim());
            mean = layerNorm ? at.take(rows, 1) : 0;
            rstd = at.take(rows, 1);
            q = at.take(rows, c.qDim());
            k = at.take(rows, c.kvDim());
            v = at.take(rows, c.kvDim());
            qRaw = c.qkNorm() ? at.take(rows, c.qDim()) : q;
            kRaw = c.qkNorm() ? at.take(rows, c.kvDim()) : k;
            qRstd = c.qkNorm() ? at.take(rows, c.nHeads()) : 0;
            kRstd = c.qkNorm() ? at.take(rows, c.nKvHeads()) : 0;
            attention = at.take(rows, c.qDim());
            lse = at.take(rows, c.nHeads());
            roleLogits = at.take(rows, c.nKvHeads() * c.nRoles());
            roleSoft = at.take(rows, c.nKvHeads() * c.nRoles());
            mid = at.take(rows, c.dim());
            midNormed = at.take(rows, c.dim());
            midMean = layerNorm ? at.take(rows, 1) : 0;
            midRstd = at.take(rows, 1);
            gate = c.activation() == Activation.SWIGLU ? at.take(rows, c.hiddenDim()) : 0;
            up = at.take(rows, c.hiddenDim());
            hidden = at.take(rows, c.hiddenDim());
            size = at.size();
            data = allocate ? new float[size] : null;
            roles = allocate ? new int[rows * c.nKvHeads()] : null;
            lastRow = allocate ? new int[rows * c.nKvHeads()] : null;
        }
    }

    /** Gradients that live while one layer is undone; every layer uses the same memory. */
    static final class Gradients {
        final int normed;      // [T, dim]
        final int q;           // [T, qDim]
        final int k;           // [T, kvDim]
        final int v;           // [T, kvDim]
        final int qRaw;        // [T, qDim]
        final int kRaw;        // [T, kvDim]
        final int attention;   // [T, qDim]
        final int roles;       // [batch, nKvHeads, seqLen, nRoles]
        final int roleLogits;  // [T, nKvHeads * nRoles]
        final int roleTiles;   // [batch, nKvHeads, tiles of 64 rows] weights of a sampled role gradient
        final int gate;        // [T, hiddenDim]
        final int up;          // [T, hiddenDim]
        final int hidden;      // [T, hiddenDim]
        final float[] data;
        final float[] stream;  // [T, dim] gradient of the residual stream

        Gradients(ModelConfig c, int batch, int seqLen) {
            Places at = new Places();
            int rows = batch * seqLen;
            normed = at.take(rows, c.dim());
            q = at.take(rows, c.qDim());
            k = at.take(rows, c.kvDim());
            v = at.take(rows, c.kvDim());
            qRaw = c.qkNorm() ? at.take(rows, c.qDim()) : q;
            kRaw = c.qkNorm() ? at.take(rows, c.kvDim()) : k;
            attention = at.take(rows, c.qDim());
            roles = at.take(rows, c.nKvHeads() * c.nRoles());
            roleLogits = at.take(rows, c.nKvHeads() * c.nRoles());
            roleTiles = at.take(batch * RoleGradient.tiles(seqLen), c.nKvHeads());
            gate = c.activation() == Activation.SWIGLU ? at.take(rows, c.hiddenDim()) : 0;
            up = at.take(rows, c.hiddenDim());
            hidden = at.take(rows, c.hiddenDim());
            data = new float[at.size()];
            stream = new float[Math.multiplyExact(rows, c.dim())];
        }
    }

    /** Hands out consecutive places of an arena, each at a multiple of 16 floats (one cache line). */
    private static final class Places {
        private long end;

        int take(int rows, int width) {
            long start = end;
            end += ((long) rows * width + 15) / 16 * 16;
            if (end > Integer.MAX_VALUE - 8) {
                throw new IllegalArgumentException("a layer's activations for " + rows
                        + " tokens need more than one array can hold; use fewer tokens per pass");
            }
            return (int) start;
        }

        int size() {
            return (int) end;
        }
    }

    /** What survives a layer. */
    public enum Keep {
        /** All of it: the backward pass reads it. */
        ALL,
        /** Its input: the backward pass runs the layer again. The numbers are the same to the bit. */
        INPUTS,
        /** Nothing: for passes without a backward pass. */
        NOTHING
    }

    final ModelConfig config;
    final Keep keep;
    private final int capacity;    // most rows of a sequence
    private AttentionShape shape;
    private final float[][] stream; // [nLayers + 1][T, dim]: stream[l] is layer l's input; two in turn if nothing is kept
    final float[] finalNormed;     // [T, dim]
    final float[] finalMean;       // [T], LayerNorm only
    final float[] finalRstd;       // [T]
    final float[] losses;          // [T]
    final float[] cos;             // [seqLen, headDim / 2]
    final float[] sin;             // [seqLen, headDim / 2]
    private final long[] visiblePairs;   // [nLayers]
    private final long[] bestPairs;      // [nLayers] of the most likely roles, where others were drawn
    private final long[][] roleCounts;   // [nLayers][nRoles]
    private final Layer[] layers;
    private Gradients gradients;

    /** Memory for passes over {@code batch} sequences of {@code seqLen} tokens. */
    public Activations(ModelConfig config, int batch, int seqLen, Keep keep) {
        this.config = config;
        this.keep = keep;
        this.capacity = seqLen;
        this.shape = new AttentionShape(batch, seqLen, config.nHeads(), config.nKvHeads(), config.headDim());
        int rows = Math.multiplyExact(batch, seqLen);
        layers = new Layer[keep == Keep.ALL ? config.nLayers() : 1];
        for (int i = 0; i < layers.length; i++) {
            layers[i] = new Layer(config, batch, seqLen, true);
        }
        stream = new float[keep == Keep.NOTHING ? 2 : config.nLayers() + 1][Math.multiplyExact(rows, config.dim())];
        visiblePairs = new long[config.nLayers()];
        bestPairs = new long[config.nLayers()];
        roleCounts = new long[config.nLayers()][Math.max(1, config.nRoles())];
        finalNormed = new float[rows * config.dim()];
        finalMean = new float[rows];
        finalRstd = new float[rows];
        losses = new float[rows];
        cos = new float[Math.multiplyExact(seqLen, config.headDim() / 2)];
        sin = new float[cos.length];
    }

    /**
     * Bytes of such activations without their gradients, which a first backward pass adds.
     *
     * @throws IllegalArgumentException if a layer's do not fit one array
     */
    public static long bytes(ModelConfig config, int batch, int seqLen, Keep keep) {
        long rows = Math.multiplyExact(batch, seqLen);
        Layer layer = new Layer(config, batch, seqLen, false);
        long ofLayer = layer.size + 2 * rows * config.nKvHeads();
        long streams = keep == Keep.NOTHING ? 2 : config.nLayers() + 1;
        long numbers = (keep == Keep.ALL ? config.nLayers() : 1) * ofLayer + (streams + 1) * rows * config.dim() + 3 * rows + (long) seqLen * config.headDim();
        return numbers * Float.BYTES;
    }

    /** The buffers of a layer; of the last one that ran, unless all are kept. */
    public Layer layer(int index) {
        return layers[layers.length == 1 ? 0 : index];
    }

    /** The residual stream [T, dim] that enters layer {@code index}; with nLayers, that which leaves the last. */
    float[] stream(int index) {
        return stream[index % stream.length];
    }

    Gradients gradients() {
        if (keep == Keep.NOTHING) {
            throw new IllegalStateException("these activations keep nothing for a backward pass; make them with Keep.ALL or Keep.INPUTS");
        }
        if (gradients == null) {
            gradients = new Gradients(config, shape.batch(), capacity);
        }
        return gradients;
    }

    /** Sets the length of the next pass, at most that given to the constructor, so that short pieces use the same memory. */
    public void seqLen(int seqLen) {
        if (seqLen < 1 || seqLen > capacity) {
            throw new IllegalArgumentException("seqLen = " + seqLen + ": must be in [1, " + capacity + "]");
        }
        if (seqLen != shape.rows()) {
            shape = new AttentionShape(shape.batch(), seqLen, shape.nHeads(), shape.nKvHeads(), shape.headDim());
        }
    }

    /** Sizes of the pass. */
    public AttentionShape shape() {
        return shape;
    }

    public int batch() {
        return shape.batch();
    }

    public int seqLen() {
        return shape.rows();
    }

    /** T, the tokens of a pass. */
    public int rows() {
        return shape.batch() * shape.rows();
    }

    /** Remembers what layer {@code index} would keep by its most likely roles, which {@code layer} holds until others are drawn, for {@link #bestShare}. */
    void countBest(int index, Layer layer) {
        bestPairs[index] = pairs(layer);
    }

    private long pairs(Layer layer) {
        return Lifetimes.visiblePairs(layer.lastRow, 0, shape.batch() * shape.nKvHeads(), shape.rows());
    }

    /** Remembers what layer {@code index} chose, for {@link #share} and {@link #roleCounts}; {@code drawn} if {@link #countBest} was told what else it might have. */
    void count(int index, Layer layer, boolean drawn) {
        visiblePairs[index] = pairs(layer);
        if (!drawn) {
            bestPairs[index] = visiblePairs[index];
        }
        Arrays.fill(roleCounts[index], 0);
        Lifetimes.histogram(roleCounts[index], layer.roles, 0, rows() * shape.nKvHeads());
    }

    /** KV share of the last pass (spec 4.1), over layers, KV heads and sequences: 1 when every key is kept. */
    public double share() {
        return share(visiblePairs);
    }

    /** KV share that the most likely roles of the same logits, bonus included, would have had; {@link #share} itself where roles are not drawn. */
    public double bestShare() {
        return share(bestPairs);
    }

    private double share(long[] pairs) {
        long causal = Lifetimes.causalPairs(config.nLayers() * shape.batch() * shape.nKvHeads(), shape.rows());
        return Arrays.stream(pairs).sum() / (double) causal;
    }

    /** How often each role was taken in the last pass, [nLayers][nRoles]; without roles all are global. */
    public long[][] roleCounts() {
        return roleCounts;
    }

    /** What the final norm of the last forward pass gave, [T, dim]; not a copy. */
    public float[] finalNormed() {
        return finalNormed;
    }

    /** Loss of each token of the last forward pass, [batch, seqLen], in nats; 0 where the target was masked. */
    public float[] losses() {
        return losses;
    }
}
