package org.neuralattention.io;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Activation;
import org.neuralattention.model.ModelConfig.Biases;
import org.neuralattention.model.ModelConfig.Norm;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.roles.RoleSpace;

/**
 * Writes a {@link ModelConfig} as config.json: as the Hugging Face family that means exactly this model where there is one, so that other readers take it
 * (they ignore {@code nats_windows} and attend to everything), else as model_type {@code nats}, which they refuse. {@link HfConfig} reads back an equal one.
 */
public final class HfConfigWriter {

    /** The key of config.json that names the format of the weights. */
    public static final String DTYPE = "dtype";

    private HfConfigWriter() {}

    /** The text of config.json, always the same for equal configurations. */
    public static String text(ModelConfig config) {
        return Json.pretty(fields(config));
    }

    /** The same for weights of another format than float32. */
    public static String text(ModelConfig config, Dtype dtype) {
        Map<String, Object> fields = fields(config);
        fields.put(DTYPE, name(dtype));
        return Json.pretty(fields);
    }

    /** What Hugging Face calls a format. */
    public static String name(Dtype dtype) {
        return switch (dtype) {
            case F32 -> "float32";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> throw new IllegalArgumentException("safetensors cannot express " + dtype + ", only F32, F16 and BF16");
        };
    }

    static Map<String, Object> fields(ModelConfig c) {
        Map<String, Object> json = TensorLayout.isGpt2(c) ? gpt2(c) : llamaLike(c);
        json.put(DTYPE, name(Dtype.F32));
        json.put("tie_word_embeddings", c.tiedHead());
        json.put("vocab_size", c.vocabSize());
        putRoles(json, c);
        return json;
    }

    /** Puts the roles of a model into the fields of config.json, instead of those that are there. */
    public static void putRoles(Map<String, Object> json, ModelConfig c) {
        List.of(HfConfig.WINDOW, HfConfig.WINDOWS, HfConfig.SINKS, HfConfig.ALLOWED_ROLES).forEach(json::remove);
        if (!c.hasRoles()) {
            return;
        }
        RoleSpace space = c.roleSpace();
        json.put(HfConfig.WINDOWS, c.roleWindows());
        if (space.sinks() != 1) {
            json.put(HfConfig.SINKS, space.sinks());
        }
        if (space.isRestricted()) {
            json.put(HfConfig.ALLOWED_ROLES, IntStream.range(0, c.nLayers())
                    .mapToObj(layer -> IntStream.range(0, space.count()).filter(role -> space.allows(layer, role)).boxed().toList()).toList());
        }
    }

    private static Map<String, Object> gpt2(ModelConfig c) {
        Map<String, Object> json = family("gpt2", "GPT2LMHeadModel");
        json.put("activation_function", c.activation() == Activation.GELU_TANH ? "gelu_new" : "gelu");
        json.put("layer_norm_epsilon", c.normEps());
        json.put("n_embd", c.dim());
        json.put("n_head", c.nHeads());
        json.put("n_inner", c.hiddenDim());
        json.put("n_layer", c.nLayers());
        json.put("n_positions", c.maxSeqLen());
        return json;
    }

    private static Map<String, Object> llamaLike(ModelConfig c) {
        String type = modelType(c);
        Map<String, Object> json = switch (type) {
            case "llama" -> family(type, "LlamaForCausalLM");
            case "mistral" -> family(type, "MistralForCausalLM");
            case "qwen2" -> family(type, "Qwen2ForCausalLM");
            case "qwen3" -> family(type, "Qwen3ForCausalLM");
            default -> family(type, "NatsForCausalLM");
        };
        json.put("head_dim", c.headDim());
        json.put("hidden_size", c.dim());
        json.put("intermediate_size", c.hiddenDim());
        json.put("max_position_embeddings", c.maxSeqLen());
        json.put("num_attention_heads", c.nHeads());
        json.put("num_hidden_layers", c.nLayers());
        json.put("num_key_value_heads", c.nKvHeads());
        if (c.positions() instanceof Positions.Rotary rotary) {
            json.put("rope_parameters", rope(rotary, c.maxSeqLen()));
        }
        if (type.equals("nats")) {
            own(json, c);
            return json;
        }
        json.put("hidden_act", "silu");
        json.put("rms_norm_eps", c.normEps());
        if (type.equals("llama") || type.equals("qwen3")) {
            json.put("attention_bias", c.biases().qkv());
        }
        if (!type.equals("llama")) {
            json.put("sliding_window", window(c));
        }
        if (type.startsWith("qwen")) {
            json.put("use_sliding_window", c.attentionWindow() > 0);
            json.put("max_window_layers", c.attentionWindow() > 0 ? 0 : c.nLayers());
        }
        return json;
    }

    /** The Hugging Face family that means exactly this model, or {@code nats}. */
    private static String modelType(ModelConfig c) {
        boolean rotateHalf = c.positions() instanceof Positions.Rotary rotary && !rotary.adjacentPairs();
        if (c.norm() != Norm.RMS || !rotateHalf || c.activation() != Activation.SWIGLU || c.biases().feedForward()) {
            return "nats";
        }
        Biases b = c.biases();
        if (c.qkNorm()) {
            return b.qkv() == b.attentionOut() ? "qwen3" : "nats";
        }
        if (b.qkv() && !b.attentionOut()) {
            return "qwen2";
        }
        if (c.attentionWindow() > 0) {
            return b.equals(Biases.NONE) ? "mistral" : "nats";
        }
        return b.qkv() == b.attentionOut() ? "llama" : "nats";
    }

    private static Map<String, Object> family(String type, String architecture) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("architectures", List.of(architecture));
        json.put(HfConfig.MODEL_TYPE, type);
        return json;
    }

    private static Map<String, Object> rope(Positions.Rotary rotary, int maxSeqLen) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("rope_theta", rotary.theta());
        switch (rotary.scaling()) {
            case null -> json.put("rope_type", "default");
            case Positions.Llama3Scaling s -> {
                json.put("rope_type", "llama3");
                json.put("factor", s.factor());
                json.put("low_freq_factor", s.lowFreqFactor());
                json.put("high_freq_factor", s.highFreqFactor());
                json.put("original_max_position_embeddings", s.originalMaxSeqLen());
            }
            case Positions.FrequencyFactors s -> { // the type with a factor for each frequency; the same for short and long texts, and nothing else
                json.put("rope_type", "longrope");
                json.put("short_factor", s.factors());
                json.put("long_factor", s.factors());
                json.put("attention_factor", 1.0);
                json.put("original_max_position_embeddings", maxSeqLen);
            }
        }
        return json;
    }

    private static void own(Map<String, Object> json, ModelConfig c) {
        json.put("norm", c.norm().name().toLowerCase(Locale.ROOT));
        json.put("norm_eps", c.normEps());
        json.put("activation", c.activation().name().toLowerCase(Locale.ROOT));
        json.put("learned_positions", c.positions() instanceof Positions.Learned);
        json.put("rope_adjacent_pairs", c.positions() instanceof Positions.Rotary rotary && rotary.adjacentPairs());
        json.put("qkv_bias", c.biases().qkv());
        json.put("attention_out_bias", c.biases().attentionOut());
        json.put("feed_forward_bias", c.biases().feedForward());
        json.put("qk_norm", c.qkNorm());
        json.put("sliding_window", window(c));
    }

    private static Integer window(ModelConfig c) {
        return c.attentionWindow() > 0 ? c.attentionWindow() : null;
    }
}
