package org.neuralattention.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.BiPredicate;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;
import org.neuralattention.model.ModelConfig.Activation;
import org.neuralattention.model.ModelConfig.Norm;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.roles.RoleSpace;

/**
 * What a model knows. Gradients and the optimizer's moments are {@code Weights} of the same configuration.
 *
 * <p>Every projection is [out, in], as in Hugging Face's Llama, so that a row gives one output. A field that a configuration
 * does not have (a bias, the scorer, a separate head) is null. Names are those of a Hugging Face Llama file, with
 * {@code self_attn.role_scorer.weight} for the scorer; its row {@code nRoles * kvHead + role} scores one role of one KV head.
 */
public final class Weights {

    /** One transformer block. */
    public static final class Layer {
        public final Tensor attnNorm;      // [dim]
        public final Tensor attnNormBias;  // [dim], LayerNorm only
        public final Tensor wq;            // [nHeads * headDim, dim]
        public final Tensor wk;            // [nKvHeads * headDim, dim]
        public final Tensor wv;            // [nKvHeads * headDim, dim]
        public final Tensor wo;            // [dim, nHeads * headDim]
        public final Tensor bq;            // [nHeads * headDim]
        public final Tensor bk;            // [nKvHeads * headDim]
        public final Tensor bv;            // [nKvHeads * headDim]
        public final Tensor bo;            // [dim]
        public final Tensor qNorm;         // [headDim]
        public final Tensor kNorm;         // [headDim]
        public final Tensor scorer;        // [nKvHeads * nRoles, dim]
        public final Tensor ffnNorm;       // [dim]
        public final Tensor ffnNormBias;   // [dim], LayerNorm only
        public final Tensor wGate;         // [hiddenDim, dim], SwiGLU only
        public final Tensor wUp;           // [hiddenDim, dim]
        public final Tensor wDown;         // [dim, hiddenDim]
        public final Tensor bUp;           // [hiddenDim]
        public final Tensor bDown;         // [dim]

        private Layer(Weights all, ModelConfig c, int index) {
            String p = "model.layers." + index + ".";
            boolean layerNorm = c.norm() == Norm.LAYER;
            attnNorm = all.add(true, p + "input_layernorm.weight", c.dim());
            attnNormBias = all.add(layerNorm, p + "input_layernorm.bias", c.dim());
            wq = all.matrix(true, p + "self_attn.q_proj.weight", c.qDim(), c.dim());
            bq = all.add(c.biases().qkv(), p + "self_attn.q_proj.bias", c.qDim());
            wk = all.matrix(true, p + "self_attn.k_proj.weight", c.kvDim(), c.dim());
            bk = all.add(c.biases().qkv(), p + "self_attn.k_proj.bias", c.kvDim());
            wv = all.matrix(true, p + "self_attn.v_proj.weight", c.kvDim(), c.dim());
            bv = all.add(c.biases().qkv(), p + "self_attn.v_proj.bias", c.kvDim());
            qNorm = all.add(c.qkNorm(), p + "self_attn.q_norm.weight", c.headDim());
            kNorm = all.add(c.qkNorm(), p + "self_attn.k_norm.weight", c.headDim());
            wo = all.matrix(true, p + "self_attn.o_proj.weight", c.dim(), c.qDim());
            bo = all.add(c.biases().attentionOut(), p + "self_attn.o_proj.bias", c.dim());
            scorer = all.add(c.hasRoles(), p + "self_attn.role_scorer.weight", c.nKvHeads() * c.nRoles(), c.dim());
            if (scorer != null) {
                all.scorers.add(scorer);
            }
            ffnNorm = all.add(true, p + "post_attention_layernorm.weight", c.dim());
            ffnNormBias = all.add(layerNorm, p + "post_attention_layernorm.bias", c.dim());
            wGate = all.matrix(c.activation() == Activation.SWIGLU, p + "mlp.gate_proj.weight", c.hiddenDim(), c.dim());
            wUp = all.matrix(true, p + "mlp.up_proj.weight", c.hiddenDim(), c.dim());
            bUp = all.add(c.biases().feedForward(), p + "mlp.up_proj.bias", c.hiddenDim());
            wDown = all.matrix(true, p + "mlp.down_proj.weight", c.dim(), c.hiddenDim());
            bDown = all.add(c.biases().feedForward(), p + "mlp.down_proj.bias", c.dim());
        }
    }

    private final ModelConfig config;
    private final List<Tensor> tensors = new ArrayList<>();
    private final Set<Tensor> matrices = new HashSet<>();
    private final Set<Tensor> scorers = new HashSet<>();

    public final Tensor embedding;     // [vocabSize, dim]
    public final Tensor positions;     // [maxSeqLen, dim], learned positions only
    public final List<Layer> layers;
    public final Tensor finalNorm;     // [dim]
    public final Tensor finalNormBias; // [dim], LayerNorm only
    /** The output head [vocabSize, dim]; the same tensor as {@link #embedding} where the head is tied. */
    public final Tensor head;

    /** All zeros. */
    public Weights(ModelConfig config) {
        this(config, (all, tensor) -> true);
    }

    /**
     * Zeros for the tensors that {@code held} chooses; the others have no memory, their data is null. As gradients: the others are frozen,
     * and {@link Transformer#backward} does not compute them.
     */
    public Weights(ModelConfig config, BiPredicate<Weights, Tensor> held) {
        this.config = config;
        embedding = matrix(true, "model.embed_tokens.weight", config.vocabSize(), config.dim());
        positions = add(config.positions() instanceof Positions.Learned, "model.embed_positions.weight", config.maxSeqLen(), config.dim());
        List<Layer> blocks = new ArrayList<>();
        for (int i = 0; i < config.nLayers(); i++) {
            blocks.add(new Layer(this, config, i));
        }
        layers = List.copyOf(blocks);
        finalNorm = add(true, "model.norm.weight", config.dim());
        finalNormBias = add(config.norm() == Norm.LAYER, "model.norm.bias", config.dim());
        Tensor separate = matrix(!config.tiedHead(), "lm_head.weight", config.vocabSize(), config.dim());
        head = separate == null ? embedding : separate;
        tensors.stream().filter(tensor -> held.test(this, tensor)).forEach(Tensor::allocate);
    }

    /** Names and shapes without memory: every tensor's data is null. */
    public static Weights describe(ModelConfig config) {
        return new Weights(config, (all, tensor) -> false);
    }

    /** One of those that {@link #isMatrix} tells. */
    private Tensor matrix(boolean present, String name, int rows, int cols) {
        Tensor tensor = add(present, name, rows, cols);
        if (present) {
            matrices.add(tensor);
        }
        return tensor;
    }

    private Tensor add(boolean present, String name, int... shape) {
        if (!present) {
            return null;
        }
        Tensor tensor = new Tensor(name, shape);
        tensors.add(tensor);
        return tensor;
    }

    /** The same model over the same memory. A change to one is a change to the other, but for a tensor of which one of them takes another matrix. */
    public Weights shared() {
        Weights same = describe(config);
        for (int i = 0; i < tensors.size(); i++) {
            same.tensors.get(i).share(tensors.get(i));
        }
        return same;
    }

    /**
     * The same model with other roles. All but the role scorers is shared. They are too, where the windows are the same; else they are
     * zeros: every role that a layer may use is equally likely, and the first of them, mostly global, is the one that is chosen.
     */
    public Weights withRoleSpace(RoleSpace space) {
        Weights with = describe(config.withRoleSpace(space));
        boolean sameScorers = with.config.roleWindows().equals(config.roleWindows());
        for (Tensor tensor : with.tensors) {
            if (with.isScorer(tensor) && !sameScorers) {
                tensor.allocate();
            } else {
                tensor.share(tensor(tensor.name()));
            }
        }
        return with;
    }

    /**
     * The same model for inference, its projections, embedding and head in another format; norms, biases, positions and role scorers
     * stay float32 and are shared. {@link #stored} says which tensor becomes what.
     *
     * @throws IllegalArgumentException if the format cannot hold a tensor
     */
    public Weights as(Dtype dtype) {
        Weights converted = describe(config);
        for (int i = 0; i < tensors.size(); i++) {
            WeightMatrix from = tensors.get(i).matrix();
            Tensor to = converted.tensors.get(i);
            if (converted.stored(to, dtype) == from.dtype()) {
                to.share(tensors.get(i));
            } else {
                to.read(converted.stored(to, dtype), (out, first, count) -> from.expand(out, 0, first, count));
            }
        }
        return converted;
    }

    /**
     * The format of one of the tensors in a model of {@code dtype}. Where rows are not whole blocks it is the next that holds them with
     * no more loss: Q8_0 if they are multiples of 32, else BF16.
     */
    public Dtype stored(Tensor tensor, Dtype dtype) {
        if (!matrices.contains(tensor)) {
            return Dtype.F32;
        }
        int cols = tensor.dim(1);
        return cols % dtype.block() == 0 ? dtype : cols % Dtype.Q8_0.block() == 0 ? Dtype.Q8_0 : Dtype.BF16;
    }

    /** Whether it is one of the projections, the embedding or the head, which take nearly all the memory and may be of another format than float32. */
    public boolean isMatrix(Tensor tensor) {
        return matrices.contains(tensor);
    }

    /** Whether it is the role scorer of a layer. */
    public boolean isScorer(Tensor tensor) {
        return scorers.contains(tensor);
    }

    /** Whether all are float32: only such weights can be trained. */
    public boolean trainable() {
        return tensors.stream().allMatch(t -> t.dtype() == Dtype.F32);
    }

    /** Bytes of a model's weights in the given format. */
    public static long bytes(ModelConfig config, Dtype dtype) {
        Weights description = describe(config);
        return description.tensors.stream().mapToLong(t -> description.stored(t, dtype).bytes(t.size())).sum();
    }

    public ModelConfig config() {
        return config;
    }

    /** All tensors in a fixed order; a tied head is not listed twice. */
    public List<Tensor> tensors() {
        return Collections.unmodifiableList(tensors);
    }

    /**
     * The tensor of that name.
     *
     * @throws NoSuchElementException if the model has none
     */
    public Tensor tensor(String name) {
        return tensors.stream().filter(t -> t.name().equals(name)).findFirst()
                .orElseThrow(() -> new NoSuchElementException("the model has no tensor " + name));
    }
}
