package org.neuralattention.io;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.neuralattention.io.GgufMetadata.Kind;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Activation;
import org.neuralattention.model.ModelConfig.Biases;
import org.neuralattention.model.ModelConfig.Norm;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.roles.RoleSpace;

/**
 * What the pairs of a GGUF file say of its model. Architectures: {@link GgufFamily}. A pair of the architecture that is not known may change what the model
 * computes, so it is an {@link UnsupportedModelException} that names it, as is a known one whose value is not supported. Of our own: {@link #ROLE_WINDOWS},
 * {@link #SINKS}, {@link #ALLOWED_ROLES} and {@link #ROLE_SCORERS}, which other readers pass over.
 */
final class GgufConfig {

    /** The windows of the sliding roles, ascending. */
    static final String ROLE_WINDOWS = "nats.role_windows";

    /** Tokens at the start of a sequence that are always global, if not one. */
    static final String SINKS = "nats.sinks";

    /** Where some layer may not use some role: 1 for a role that a layer may use, else 0, [nLayers, nRoles]. */
    static final String ALLOWED_ROLES = "nats.allowed_roles";

    /** The scorers of all layers as float32, [nLayers, nKvHeads * nRoles, dim]. */
    static final String ROLE_SCORERS = "nats.role_scorers";

    private static final Set<String> KNOWN = Set.of("context_length", "embedding_length", "block_count", "feed_forward_length", "vocab_size",
            "attention.head_count", "attention.head_count_kv", "attention.key_length", "attention.value_length", "attention.layer_norm_rms_epsilon",
            "attention.layer_norm_epsilon", "attention.sliding_window", "attention.causal", "rope.dimension_count", "rope.freq_base",
            "rope.scaling.type", "rope.scaling.factor", "rope.scaling.original_context_length", "rope.scaling.finetuned",
            "tensor_data_layout"); // words about the order of rows; llama.cpp's code does not depend on them

    /** What stands for "off" as zero, and cannot be on. */
    private static final Set<String> MUST_BE_ZERO = Set.of("expert_count", "expert_used_count", "expert_shared_count", "leading_dense_block_count",
            "nextn_predict_layers", "attn_logit_softcapping", "final_logit_softcapping", "logit_scale", "embedding_scale", "residual_scale",
            "attention.scale", "attention.clamp_kqv", "attention.max_alibi_bias");

    private final Gguf file;
    private final GgufMetadata metadata;
    private final GgufFamily family;

    private GgufConfig(Gguf file, GgufFamily family) {
        this.file = file;
        this.metadata = file.metadata();
        this.family = family;
    }

    /** The architecture of a file of a model. */
    static GgufFamily family(Gguf file) {
        GgufMetadata metadata = file.metadata();
        String name = metadata.string("general.architecture");
        GgufFamily family = GgufFamily.of(name).orElseThrow(() -> new UnsupportedModelException(file.file(), "general.architecture \"" + name
                + "\" is not supported; known are " + String.join(", ", Arrays.stream(GgufFamily.values()).map(GgufFamily::key).toList())));
        String type = metadata.string("general.type", "model");
        if (!type.equals("model")) {
            throw new UnsupportedModelException(file.file(), "general.type \"" + type + "\" is not supported; known is model");
        }
        if (metadata.integer("split.count", 1) > 1) {
            throw new UnsupportedModelException(file.file(), "is one of " + metadata.integer("split.count") + " files of a model (\"split.count\"): join them first");
        }
        if (file.tensors().isEmpty()) {
            throw new ModelFormatException(file.file(), "has no tensors: it is a vocabulary, and no model");
        }
        return family;
    }

    /** The model of a file of that family. */
    static ModelConfig read(Gguf file, GgufFamily family) throws IOException {
        GgufConfig config = new GgufConfig(file, family);
        config.checkKeys();
        try {
            return config.read();
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(file.file(), e.getMessage(), e);
        }
    }

    private ModelConfig read() throws IOException {
        int dim = integer("embedding_length");
        int nLayers = integer("block_count");
        int nHeads = integer("attention.head_count");
        int headDim = headDim(dim, nHeads);
        if (nLayers > file.tensors().size()) {
            throw new ModelFormatException(file.file(), "\"" + key("block_count") + "\" is " + nLayers + ", and there are " + file.tensors().size() + " tensors");
        }
        boolean gpt2 = family == GgufFamily.GPT2;
        return new ModelConfig(vocabSize(), dim, nLayers, nHeads, integer("attention.head_count_kv", nHeads), headDim,
                integer("feed_forward_length"), integer("context_length"),
                gpt2 ? Norm.LAYER : Norm.RMS,
                (float) metadata.real(key(gpt2 ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon")),
                gpt2 ? new Positions.Learned() : rotary(headDim),
                gpt2 ? Activation.GELU_TANH : Activation.SWIGLU,
                switch (family) {
                    case GPT2 -> new Biases(true, true, true);
                    case QWEN2 -> new Biases(true, false, false);
                    case QWEN3 -> Biases.NONE;
                    case LLAMA -> new Biases(has("blk.0.attn_q.bias"), has("blk.0.attn_output.bias"), false);
                },
                family == GgufFamily.QWEN3,
                !has(GgufFamily.HEAD),
                integer("attention.sliding_window", 0),
                roleSpace(nLayers));
    }

    private RoleSpace roleSpace(int nLayers) {
        RoleSpace space = metadata.has(ROLE_WINDOWS) ? RoleSpace.of(metadata.ints(ROLE_WINDOWS)) : RoleSpace.NONE;
        if (space.equals(RoleSpace.NONE) && (metadata.has(SINKS) || metadata.has(ALLOWED_ROLES))) {
            throw new ModelFormatException(file.file(), "\"" + (metadata.has(SINKS) ? SINKS : ALLOWED_ROLES) + "\" without \"" + ROLE_WINDOWS + "\"");
        }
        space = space.withSinks(metadata.integer(SINKS, space.sinks()));
        return metadata.has(ALLOWED_ROLES) ? space.inLayers(allowedRoles(nLayers, space.count())) : space;
    }

    private List<List<Integer>> allowedRoles(int nLayers, int nRoles) {
        int[] flags = metadata.ints(ALLOWED_ROLES);
        if (flags.length != (long) nLayers * nRoles || Arrays.stream(flags).anyMatch(flag -> flag != 0 && flag != 1)) {
            throw new ModelFormatException(file.file(), "\"" + ALLOWED_ROLES + "\" must be " + nLayers + " x " + nRoles + " flags, 0 or 1; there are " + flags.length + " numbers");
        }
        List<List<Integer>> allowed = new ArrayList<>();
        for (int layer = 0; layer < nLayers; layer++) {
            int at = layer * nRoles;
            allowed.add(IntStream.range(0, nRoles).filter(role -> flags[at + role] == 1).boxed().toList());
        }
        return allowed;
    }

    private boolean has(String tensor) {
        return file.tensors().containsKey(tensor);
    }

    private String key(String name) {
        return family.key() + "." + name;
    }

    private int integer(String name) {
        GgufMetadata.Value value = metadata.values().get(key(name));
        if (value != null && value.kind() == Kind.ARRAY) {
            throw new UnsupportedModelException(file.file(), "\"" + key(name) + "\" is " + value + ": a value for each layer is not supported");
        }
        return metadata.integer(key(name));
    }

    private int integer(String name, int absent) {
        return metadata.has(key(name)) ? integer(name) : absent;
    }

    private int headDim(int dim, int nHeads) {
        int headDim;
        if (metadata.has(key("attention.key_length"))) {
            headDim = integer("attention.key_length");
        } else if (nHeads < 1 || dim % nHeads != 0) {
            throw new ModelFormatException(file.file(), "a width of " + dim + " does not divide into " + nHeads + " heads, and \"" + key("attention.key_length")
                    + "\" is missing");
        } else {
            headDim = dim / nHeads;
        }
        for (String name : List.of("attention.value_length", "rope.dimension_count")) {
            if (integer(name, headDim) != headDim) {
                throw new UnsupportedModelException(file.file(), "\"" + key(name) + "\" is " + integer(name) + " where heads are " + headDim
                        + " wide: something else is not supported");
            }
        }
        return headDim;
    }

    /** As many as the embedding has rows; a vocabulary may be shorter. */
    private int vocabSize() {
        GgufTensor embedding = file.tensor(GgufFamily.EMBEDDING);
        long rows = embedding.shape().length == 2 ? embedding.shape()[0] : 0;
        if (rows > Integer.MAX_VALUE || rows != integer("vocab_size", (int) rows)) {
            throw new ModelFormatException(file.file(), "tensor " + embedding + ": \"" + key("vocab_size") + "\" is " + integer("vocab_size", 0) + ", and is to be the first of two dimensions");
        }
        return (int) rows;
    }

    private Positions.Rotary rotary(int headDim) throws IOException {
        double theta = metadata.real(key("rope.freq_base"), 10_000);
        return new Positions.Rotary(theta, false, family == GgufFamily.LLAMA && has(GgufFamily.FREQUENCY_FACTORS) ? factors(headDim) : null);
    }

    private Positions.FrequencyFactors factors(int headDim) throws IOException {
        GgufTensor tensor = file.tensor(GgufFamily.FREQUENCY_FACTORS);
        if (tensor.type().orElse(null) != GgufType.F32 || !Arrays.equals(tensor.shape(), new long[] {headDim / 2})) {
            throw new ModelFormatException(file.file(), "tensor " + tensor + " should be [" + headDim / 2 + "] F32");
        }
        List<Float> factors = new ArrayList<>();
        file.read(tensor, 0, headDim / 2, Float.BYTES, (bytes, done, count) -> {
            while (bytes.hasRemaining()) {
                factors.add(bytes.getFloat());
            }
        });
        return new Positions.FrequencyFactors(factors);
    }

    private void checkKeys() {
        for (String key : metadata.keys()) {
            String name = key.startsWith(family.key() + ".") ? key.substring(family.key().length() + 1) : null;
            if (name == null || KNOWN.contains(name) || MUST_BE_ZERO.contains(name) && metadata.real(key) == 0) {
                continue;
            }
            throw new UnsupportedModelException(file.file(), "\"" + key + "\" is " + metadata.values().get(key) + ": this is not supported");
        }
        if (!metadata.flag(key("attention.causal"), true)) {
            throw new UnsupportedModelException(file.file(), "\"" + key("attention.causal") + "\" false is not supported");
        }
        // As llama.cpp reads them: a factor counts unless the type is none, and 0 stands for 1.
        String scaling = metadata.string(key("rope.scaling.type"), "linear");
        double factor = metadata.real(key("rope.scaling.factor"), 1);
        if (!scaling.equals("none") && !(scaling.equals("linear") && (factor == 0 || factor == 1))) {
            throw new UnsupportedModelException(file.file(), "\"" + key("rope.scaling.type") + "\" " + scaling + " with a factor of " + factor
                    + " is not supported; known are none and " + GgufFamily.FREQUENCY_FACTORS);
        }
    }

    /** The pairs that describe a model; {@link #read} makes an equal one of them, but for the rotary scaling, which is a tensor, and the scorers. */
    static void write(GgufMetadata.Builder pairs, GgufFamily family, ModelConfig c) {
        String p = family.key() + ".";
        pairs.integer(p + "vocab_size", c.vocabSize())
                .integer(p + "context_length", c.maxSeqLen())
                .integer(p + "embedding_length", c.dim())
                .integer(p + "block_count", c.nLayers())
                .integer(p + "feed_forward_length", c.hiddenDim())
                .integer(p + "attention.head_count", c.nHeads())
                .integer(p + "attention.head_count_kv", c.nKvHeads())
                .integer(p + "attention.key_length", c.headDim())
                .integer(p + "attention.value_length", c.headDim())
                .real(p + (c.norm() == Norm.LAYER ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"), c.normEps());
        if (c.positions() instanceof Positions.Rotary rotary) {
            pairs.integer(p + "rope.dimension_count", c.headDim()).real(p + "rope.freq_base", (float) rotary.theta());
        }
        if (c.attentionWindow() > 0) {
            pairs.integer(p + "attention.sliding_window", c.attentionWindow());
        }
        if (c.hasRoles()) {
            writeRoles(pairs, c.roleSpace(), c.nLayers());
        }
    }

    private static void writeRoles(GgufMetadata.Builder pairs, RoleSpace space, int nLayers) {
        pairs.ints(ROLE_WINDOWS, space.windows());
        if (space.sinks() != 1) {
            pairs.integer(SINKS, space.sinks());
        }
        if (space.isRestricted()) {
            pairs.ints(ALLOWED_ROLES, IntStream.range(0, nLayers * space.count())
                    .map(i -> space.allows(i / space.count(), i % space.count()) ? 1 : 0).toArray());
        }
    }
}
