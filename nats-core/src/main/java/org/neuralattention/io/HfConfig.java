package org.neuralattention.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Activation;
import org.neuralattention.model.ModelConfig.Biases;
import org.neuralattention.model.ModelConfig.Norm;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.model.Weights;
import org.neuralattention.roles.RoleSpace;

/**
 * Reads Hugging Face's config.json. Known: llama, mistral, qwen2, qwen3, gpt2, and {@code nats} for what none of these can say.
 *
 * <p>Sizes must be there, Mistral's {@code sliding_window} among them; what else is absent has the meaning it has in transformers. An option that would change the numbers and is not
 * supported is an {@link UnsupportedModelException} that names it. Keys of our own: {@code nats_windows}, the sliding windows of the roles
 * (an older {@code nats_window} holds one), {@code nats_sinks} and {@code nats_allowed_roles}, a list of role numbers for each layer.
 * {@link HfConfigWriter} is the way back.
 */
public final class HfConfig {

    static final String MODEL_TYPE = "model_type";
    static final String WINDOWS = "nats_windows";
    static final String SINKS = "nats_sinks";
    static final String ALLOWED_ROLES = "nats_allowed_roles";
    static final String WINDOW = "nats_window";

    /** The names of more would take memory out of proportion to the file. */
    static final int MAX_LAYERS = 10_000;

    private HfConfig() {}

    /**
     * Reads a config.json.
     *
     * @throws ModelFormatException if it is malformed or describes a model that is not supported
     */
    public static ModelConfig read(Path configJson) throws IOException {
        return parse(JsonObject.read(configJson));
    }

    /** The same for a document in memory. */
    public static ModelConfig parse(JsonObject json) {
        if (json.has("quantization_config")) {
            throw new UnsupportedModelException(json.source(), "\"quantization_config\": quantised weights are not supported");
        }
        String type = json.string(MODEL_TYPE);
        try {
            ModelConfig config = switch (type) {
                case "llama", "mistral", "qwen2", "qwen3" -> llamaLike(type, json);
                case "gpt2" -> gpt2(json);
                case "nats" -> own(json);
                default -> throw new UnsupportedModelException(json.source(), "model_type \"" + type
                        + "\" is not supported; known are llama, mistral, qwen2, qwen3, gpt2 and nats");
            };
            if (config.nLayers() > MAX_LAYERS) {
                throw new ModelFormatException(json.source(), config.nLayers() + " layers: the limit is " + MAX_LAYERS);
            }
            Weights.describe(config); // no tensor may be larger than an array
            return config;
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(json.source(), e.getMessage(), e);
        }
    }

    private static ModelConfig llamaLike(String type, JsonObject json) {
        require(json, "hidden_act", "silu", act -> act.equals("silu") || act.equals("swish"));
        requireFalse(json, "mlp_bias");
        int dim = json.intValue("hidden_size");
        int nHeads = json.intValue("num_attention_heads");
        int nLayers = json.intValue("num_hidden_layers");
        boolean bias = json.booleanValue("attention_bias", false);
        return new ModelConfig(
                json.intValue("vocab_size"), dim, nLayers, nHeads,
                type.equals("llama") ? json.intValue("num_key_value_heads", nHeads) : json.intValue("num_key_value_heads"),
                headDim(type, json, dim, nHeads),
                json.intValue("intermediate_size"),
                json.intValue("max_position_embeddings"),
                Norm.RMS, (float) json.doubleValue("rms_norm_eps", 1e-6),
                rotary(json, false),
                Activation.SWIGLU,
                switch (type) {
                    case "llama", "qwen3" -> new Biases(bias, bias, false);
                    case "qwen2" -> new Biases(true, false, false);
                    default -> Biases.NONE;
                },
                type.equals("qwen3"),
                json.booleanValue("tie_word_embeddings", false),
                switch (type) {
                    case "mistral" -> window(json);
                    case "qwen2", "qwen3" -> optionalWindow(json, nLayers);
                    default -> 0;
                },
                roleSpace(json, nLayers));
    }

    private static int headDim(String type, JsonObject json, int dim, int nHeads) {
        if (json.has("head_dim")) {
            return json.intValue("head_dim");
        }
        if (type.equals("qwen3")) {
            throw new ModelFormatException(json.source(), "\"head_dim\" is missing");
        }
        if (nHeads < 1 || dim % nHeads != 0) {
            throw new ModelFormatException(json.source(), "a width of " + dim + " does not divide into " + nHeads + " heads, and \"head_dim\" is missing");
        }
        return dim / nHeads;
    }

    /** {@code rope_parameters}, or {@code rope_theta} and {@code rope_scaling} of files before transformers 5. */
    private static Positions.Rotary rotary(JsonObject json, boolean adjacentPairs) {
        if (json.has("rope_parameters") && json.has("rope_scaling")) {
            throw new UnsupportedModelException(json.source(), "\"rope_parameters\" beside \"rope_scaling\" is not supported: which one counts?");
        }
        JsonObject scaling = json.has("rope_parameters") ? json.object("rope_parameters")
                : json.has("rope_scaling") ? json.object("rope_scaling") : null;
        double theta = json.doubleValue("rope_theta", 10_000);
        requirePartOne(json);
        if (scaling == null) {
            return new Positions.Rotary(theta, adjacentPairs, null);
        }
        if (scaling.fields().values().stream().anyMatch(Map.class::isInstance)) {
            throw new UnsupportedModelException(scaling.source(), "a rotation of its own for some layers is not supported");
        }
        requirePartOne(scaling);
        theta = scaling.doubleValue("rope_theta", theta);
        String type = scaling.string("rope_type", scaling.string("type", "default"));
        return switch (type) {
            case "default" -> new Positions.Rotary(theta, adjacentPairs, null);
            case "llama3" -> new Positions.Rotary(theta, adjacentPairs, new Positions.Llama3Scaling(
                    scaling.doubleValue("factor"), scaling.doubleValue("low_freq_factor"), scaling.doubleValue("high_freq_factor"),
                    scaling.intValue("original_max_position_embeddings")));
            case "longrope" -> new Positions.Rotary(theta, adjacentPairs, factors(scaling));
            default -> throw new UnsupportedModelException(scaling.source(), "rope_type \"" + type + "\" is not supported; known are default, llama3 and longrope");
        };
    }

    /** Of "longrope" only what does not depend on how long the text is: factors that are the same for short and long texts, and no other temperature. */
    private static Positions.FrequencyFactors factors(JsonObject scaling) {
        List<?> factors = scaling.list("short_factor");
        if (!factors.equals(scaling.list("long_factor")) || scaling.doubleValue("attention_factor", 0) != 1) {
            throw new UnsupportedModelException(scaling.source(), "rope_type \"longrope\" is supported only with a \"long_factor\" equal to \"short_factor\""
                    + " and an \"attention_factor\" of 1");
        }
        List<Float> floats = new ArrayList<>();
        for (Object factor : factors) {
            if (!(factor instanceof Number number)) {
                throw new ModelFormatException(scaling.source(), "\"short_factor\" holds " + factor + " where a number should be");
            }
            floats.add(number.floatValue());
        }
        return new Positions.FrequencyFactors(floats);
    }

    private static void requirePartOne(JsonObject json) {
        if (json.doubleValue("partial_rotary_factor", 1) != 1) {
            throw new UnsupportedModelException(json.source(), "\"partial_rotary_factor\" other than 1 is not supported");
        }
    }

    private static int window(JsonObject json) {
        if (!json.fields().containsKey("sliding_window")) {
            throw new ModelFormatException(json.source(), "\"sliding_window\" is missing; null stands for none");
        }
        return json.has("sliding_window") ? positive(json, "sliding_window") : 0;
    }

    /** Qwen: only if {@code use_sliding_window}, and then in the layers that {@code layer_types} or {@code max_window_layers} name. */
    private static int optionalWindow(JsonObject json, int nLayers) {
        if (!json.booleanValue("use_sliding_window", false) || !json.has("sliding_window")) {
            return 0;
        }
        List<String> types;
        if (json.has("layer_types")) {
            types = json.strings("layer_types");
            if (types.size() != nLayers) {
                throw new ModelFormatException(json.source(), "\"layer_types\" has " + types.size() + " entries for " + nLayers + " layers");
            }
        } else {
            int full = Math.clamp(json.intValue("max_window_layers"), 0, Math.max(0, nLayers));
            types = full == 0 ? List.of("sliding_attention") : full >= nLayers ? List.of("full_attention") : List.of("sliding_attention", "full_attention");
        }
        if (types.stream().allMatch("full_attention"::equals)) {
            return 0;
        }
        if (types.stream().allMatch("sliding_attention"::equals)) {
            return positive(json, "sliding_window");
        }
        throw new UnsupportedModelException(json.source(), "a sliding window in some layers only is not supported (\"layer_types\", \"max_window_layers\")");
    }

    private static int positive(JsonObject json, String key) {
        int value = json.intValue(key);
        if (value < 1) {
            throw new ModelFormatException(json.source(), "\"" + key + "\" is " + value + ": it must be at least 1");
        }
        return value;
    }

    private static ModelConfig gpt2(JsonObject json) {
        if (!json.booleanValue("scale_attn_weights", true)) {
            throw new UnsupportedModelException(json.source(), "\"scale_attn_weights\" false is not supported");
        }
        requireFalse(json, "scale_attn_by_inverse_layer_idx");
        requireFalse(json, "add_cross_attention");
        int dim = json.intValue("n_embd");
        int nHeads = json.intValue("n_head");
        String activation = json.string("activation_function", "gelu_new");
        return new ModelConfig(
                json.intValue("vocab_size"), dim, json.intValue("n_layer"), nHeads, nHeads, headDim("gpt2", json, dim, nHeads),
                json.has("n_inner") ? json.intValue("n_inner") : (int) Math.min(Integer.MAX_VALUE, 4L * dim),
                json.intValue("n_positions"),
                Norm.LAYER, (float) json.doubleValue("layer_norm_epsilon", 1e-5),
                new Positions.Learned(),
                switch (activation) {
                    case "gelu_new", "gelu_pytorch_tanh" -> Activation.GELU_TANH;
                    case "gelu" -> Activation.GELU_ERF;
                    default -> throw new UnsupportedModelException(json.source(), "activation_function \"" + activation
                            + "\" is not supported; known are gelu_new, gelu_pytorch_tanh and gelu");
                },
                new Biases(true, true, true), false,
                json.booleanValue("tie_word_embeddings", true),
                0, roleSpace(json, json.intValue("n_layer")));
    }

    /** Our own form: {@link ModelConfig} field by field. */
    private static ModelConfig own(JsonObject json) {
        return new ModelConfig(
                json.intValue("vocab_size"), json.intValue("hidden_size"), json.intValue("num_hidden_layers"),
                json.intValue("num_attention_heads"), json.intValue("num_key_value_heads"), json.intValue("head_dim"),
                json.intValue("intermediate_size"), json.intValue("max_position_embeddings"),
                oneOf(json, "norm", Norm.values()), (float) json.doubleValue("norm_eps"),
                json.booleanValue("learned_positions", false) ? new Positions.Learned() : rotary(json, json.booleanValue("rope_adjacent_pairs", false)),
                oneOf(json, "activation", Activation.values()),
                new Biases(json.booleanValue("qkv_bias", false), json.booleanValue("attention_out_bias", false), json.booleanValue("feed_forward_bias", false)),
                json.booleanValue("qk_norm", false), json.booleanValue("tie_word_embeddings", false),
                json.has("sliding_window") ? positive(json, "sliding_window") : 0,
                roleSpace(json, json.intValue("num_hidden_layers")));
    }

    private static <T extends Enum<T>> T oneOf(JsonObject json, String key, T[] values) {
        String name = json.string(key);
        for (T value : values) {
            if (value.name().equalsIgnoreCase(name)) {
                return value;
            }
        }
        throw new UnsupportedModelException(json.source(), "\"" + key + "\" is \"" + name + "\": known are " + List.of(values));
    }

    private static RoleSpace roleSpace(JsonObject json, int nLayers) {
        List<Integer> windows = json.has(WINDOWS) ? json.ints(WINDOWS) : json.has(WINDOW) ? List.of(json.intValue(WINDOW)) : List.of();
        RoleSpace space = RoleSpace.of(windows.stream().mapToInt(Integer::intValue).toArray());
        if (windows.isEmpty() && (json.has(SINKS) || json.has(ALLOWED_ROLES))) {
            throw new ModelFormatException(json.source(), "\"" + (json.has(SINKS) ? SINKS : ALLOWED_ROLES) + "\" without \"" + WINDOWS + "\"");
        }
        space = space.withSinks(json.intValue(SINKS, space.sinks()));
        return json.has(ALLOWED_ROLES) ? space.inLayers(allowedRoles(json, nLayers)) : space;
    }

    private static List<List<Integer>> allowedRoles(JsonObject json, int nLayers) {
        List<?> layers = json.list(ALLOWED_ROLES);
        if (layers.size() != nLayers) {
            throw new ModelFormatException(json.source(), "\"" + ALLOWED_ROLES + "\" has " + layers.size() + " lists for " + nLayers + " layers");
        }
        List<List<Integer>> allowed = new ArrayList<>();
        for (Object layer : layers) { // each read like a field of its own
            allowed.add(new JsonObject(json.source(), Collections.singletonMap(ALLOWED_ROLES, layer)).ints(ALLOWED_ROLES));
        }
        return allowed;
    }

    private static void require(JsonObject json, String key, String absent, Predicate<String> known) {
        String value = json.string(key, absent);
        if (!known.test(value)) {
            throw new UnsupportedModelException(json.source(), key + " \"" + value + "\" is not supported; known is " + absent);
        }
    }

    private static void requireFalse(JsonObject json, String key) {
        if (json.booleanValue(key, false)) {
            throw new UnsupportedModelException(json.source(), "\"" + key + "\" true is not supported");
        }
    }
}
