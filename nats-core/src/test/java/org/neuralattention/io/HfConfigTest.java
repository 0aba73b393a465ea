package org.neuralattention.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Activation;
import org.neuralattention.model.ModelConfig.Biases;
import org.neuralattention.model.ModelConfig.Norm;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.roles.RoleSpace;

class HfConfigTest {

    private static final String LLAMA = """
            {"model_type": "llama", "vocab_size": 256, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
             "intermediate_size": 128, "rms_norm_eps": 1e-06, "max_position_embeddings": 256%s}""";
    private static final String QWEN = LLAMA.replace("\"llama\"", "\"%s\", \"num_key_value_heads\": 2, \"head_dim\": 16");
    private static final String GPT2 = """
            {"model_type": "gpt2", "vocab_size": 256, "n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 64%s}""";

    private static ModelConfig parse(String json) {
        return HfConfig.parse(JsonObject.of("config.json", Json.parse("config.json", json.getBytes())));
    }

    private static ModelConfig llama(String more) {
        return parse(LLAMA.formatted(more));
    }

    private static void unsupported(String named, String json) {
        String message = assertThrows(UnsupportedModelException.class, () -> parse(json), json).getMessage();
        assertTrue(message.startsWith("config.json") && message.contains(named), message);
    }

    private static void malformed(String named, String json) {
        String message = assertThrows(ModelFormatException.class, () -> parse(json), json).getMessage();
        assertTrue(message.startsWith("config.json") && message.contains(named), message);
    }

    @Test
    void absentOptionsMeanWhatTheyMeanInTransformers() {
        ModelConfig c = llama("");
        assertEquals(4, c.nKvHeads());
        assertEquals(16, c.headDim());
        assertEquals(new Positions.Rotary(10_000, false, null), c.positions());
        assertEquals(Biases.NONE, c.biases());
        assertEquals(false, c.tiedHead());
        ModelConfig gpt = parse(GPT2.formatted(""));
        assertEquals(256, gpt.hiddenDim());
        assertEquals(1e-5f, gpt.normEps());
        assertEquals(true, gpt.tiedHead());
        assertEquals(Activation.GELU_TANH, gpt.activation());
    }

    @Test
    void oldAndNewFormOfRopeMeanTheSame() {
        Positions scaled = new Positions.Rotary(500_000, false, new Positions.Llama3Scaling(8, 1, 4, 8192));
        String llama3 = "\"factor\": 8.0, \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 8192";
        assertEquals(scaled, llama(", \"rope_theta\": 500000.0, \"rope_scaling\": {\"rope_type\": \"llama3\", " + llama3 + "}").positions());
        assertEquals(scaled, llama(", \"rope_theta\": 500000, \"rope_scaling\": {\"type\": \"llama3\", " + llama3 + "}").positions());
        assertEquals(scaled, llama(", \"rope_parameters\": {\"rope_theta\": 5e5, \"rope_type\": \"llama3\", " + llama3 + "}").positions());
        assertEquals(new Positions.Rotary(7, false, null), llama(", \"rope_theta\": 7, \"rope_scaling\": null").positions());
        assertEquals(new Positions.Rotary(7, false, null), llama(", \"rope_parameters\": {\"rope_theta\": 7}").positions());
    }

    @Test
    void familiesDiffer() {
        assertEquals(new Biases(true, true, false), llama(", \"attention_bias\": true").biases());
        assertEquals(new Biases(true, false, false), parse(QWEN.formatted("qwen2", "")).biases());
        assertEquals(new Biases(true, true, false), parse(QWEN.formatted("qwen3", ", \"attention_bias\": true")).biases());
        assertTrue(parse(QWEN.formatted("qwen3", "")).qkNorm());
        assertEquals(0, llama(", \"sliding_window\": 9").attentionWindow());
        assertEquals(9, parse(QWEN.formatted("mistral", ", \"sliding_window\": 9")).attentionWindow());
        assertEquals(0, parse(QWEN.formatted("mistral", ", \"sliding_window\": null")).attentionWindow());
        assertEquals(0, parse(QWEN.formatted("qwen2", ", \"sliding_window\": 9, \"use_sliding_window\": false")).attentionWindow());
        assertEquals(9, parse(QWEN.formatted("qwen2", ", \"sliding_window\": 9, \"use_sliding_window\": true, \"max_window_layers\": 0")).attentionWindow());
        assertEquals(0, parse(QWEN.formatted("qwen2", ", \"sliding_window\": 9, \"use_sliding_window\": true, \"max_window_layers\": 28")).attentionWindow());
        assertEquals(9, parse(QWEN.formatted("qwen3", ", \"sliding_window\": 9, \"use_sliding_window\": true, \"max_window_layers\": 28,"
                + "\"layer_types\": [\"sliding_attention\", \"sliding_attention\"]")).attentionWindow());
        assertEquals(List.of(16, 64), llama(", \"nats_windows\": [16, 64]").roleWindows());
        assertEquals(List.of(4), llama(", \"nats_window\": 4").roleWindows());
    }

    @Test
    void whatIsNotSupportedIsNamed() {
        unsupported("gemma", LLAMA.formatted("").replace("\"llama\"", "\"gemma\""));
        unsupported("longrope", llamaText("\"rope_scaling\": {\"rope_type\": \"longrope\", \"short_factor\": [1, 2], \"long_factor\": [1, 3], \"attention_factor\": 1}"));
        unsupported("longrope", llamaText("\"rope_scaling\": {\"rope_type\": \"longrope\", \"short_factor\": [1, 2], \"long_factor\": [1, 2]}"));
        unsupported("yarn", llamaText("\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4}"));
        unsupported("linear", llamaText("\"rope_parameters\": {\"rope_theta\": 1, \"rope_type\": \"linear\", \"factor\": 4}"));
        unsupported("some layers", llamaText("\"rope_parameters\": {\"full_attention\": {\"rope_theta\": 1e6}}"));
        unsupported("which one counts", llamaText("\"rope_parameters\": {\"rope_theta\": 1}, \"rope_scaling\": {\"type\": \"default\"}"));
        unsupported("partial_rotary_factor", llamaText("\"partial_rotary_factor\": 0.5"));
        unsupported("partial_rotary_factor", llamaText("\"rope_parameters\": {\"partial_rotary_factor\": 0.5}"));
        unsupported("gelu", llamaText("\"hidden_act\": \"gelu\""));
        unsupported("mlp_bias", llamaText("\"mlp_bias\": true"));
        unsupported("quantization_config", llamaText("\"quantization_config\": {}"));
        unsupported("some layers", QWEN.formatted("qwen2", ", \"sliding_window\": 9, \"use_sliding_window\": true, \"max_window_layers\": 1"));
        unsupported("some layers", QWEN.formatted("qwen3", ", \"sliding_window\": 9, \"use_sliding_window\": true, \"layer_types\": [\"full_attention\", \"odd\"]"));
        unsupported("relu", GPT2.formatted(", \"activation_function\": \"relu\""));
        unsupported("scale_attn_weights", GPT2.formatted(", \"scale_attn_weights\": false"));
        unsupported("scale_attn_by_inverse_layer_idx", GPT2.formatted(", \"scale_attn_by_inverse_layer_idx\": true"));
        unsupported("add_cross_attention", GPT2.formatted(", \"add_cross_attention\": true"));
    }

    private static String llamaText(String more) {
        return LLAMA.formatted(", " + more);
    }

    @Test
    void sizesThatMakeNoModelAreNamed() {
        malformed("\"vocab_size\" is missing", LLAMA.formatted("").replace("\"vocab_size\": 256,", ""));
        malformed("\"num_key_value_heads\" is missing", LLAMA.formatted(", \"sliding_window\": null").replace("llama", "mistral"));
        malformed("\"head_dim\" is missing", QWEN.formatted("qwen3", "").replace(", \"head_dim\": 16", ""));
        malformed("\"sliding_window\" is missing", QWEN.formatted("mistral", ""));
        malformed("\"sliding_window\" is 0", QWEN.formatted("mistral", ", \"sliding_window\": 0"));
        malformed("nKvHeads = 3", llamaText("\"num_key_value_heads\": 3"));
        malformed("nKvHeads = 0", llamaText("\"num_key_value_heads\": 0"));
        malformed("headDim = 7", llamaText("\"head_dim\": 7"));
        malformed("does not divide", LLAMA.formatted("").replace("\"num_attention_heads\": 4", "\"num_attention_heads\": 0"));
        malformed("does not divide", LLAMA.formatted("").replace("\"num_attention_heads\": 4", "\"num_attention_heads\": 7"));
        malformed("theta = 0", llamaText("\"rope_theta\": 0"));
        malformed("ascending", llamaText("\"nats_windows\": [16, 16]"));
        malformed("\"nats_windows\" is", llamaText("\"nats_windows\": [\"16\"]"));
        malformed("\"nats_sinks\" without", llamaText("\"nats_sinks\": 2"));
        malformed("\"nats_allowed_roles\" without", llamaText("\"nats_allowed_roles\": [[0]]"));
        malformed("sinks = -2", llamaText("\"nats_windows\": [4], \"nats_sinks\": -2"));
        malformed("has 1 lists for 2 layers", llamaText("\"nats_windows\": [4], \"nats_allowed_roles\": [[0]]"));
        malformed("role 3: the roles of", llamaText("\"nats_windows\": [4], \"nats_allowed_roles\": [[0], [3]]"));
        malformed("layer 1 would have no role", llamaText("\"nats_windows\": [4], \"nats_allowed_roles\": [[0], []]"));
        malformed("\"nats_allowed_roles\" is 5 where a list", llamaText("\"nats_windows\": [4], \"nats_allowed_roles\": [[0], 5]"));
        malformed("factor = 0", llamaText("\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 0, \"low_freq_factor\": 1,"
                + "\"high_freq_factor\": 4, \"original_max_position_embeddings\": 32}"));
        malformed("nHeads = 2147483647", LLAMA.formatted(", \"head_dim\": 8").replace("\"num_attention_heads\": 4", "\"num_attention_heads\": 2147483647"));
        malformed("entries for 2 layers", QWEN.formatted("qwen3", ", \"sliding_window\": 9, \"use_sliding_window\": true, \"layer_types\": []"));
        malformed("is not a JSON object", "[]");
    }

    @Test
    void anAbsentEpsilonIsThatOfTransformers() {
        for (String type : List.of("llama", "mistral", "qwen2")) {
            String text = QWEN.formatted(type, ", \"sliding_window\": null");
            assertEquals(1e-6f, parse(text.replaceFirst("\"rms_norm_eps\": [^,}]+,", "")).normEps(), type);
        }
    }

    @Test
    void countsThatNoTensorsCouldHaveAreRefusedAtOnce() {
        assertTimeoutPreemptively(Duration.ofSeconds(1), () -> malformed("1000000000 layers: the limit is 10000",
                LLAMA.formatted("").replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1000000000")));
        malformed("more elements than one array can hold", LLAMA.formatted("").replaceFirst("\"vocab_size\": \\d+", "\"vocab_size\": 2147483647"));
        malformed("more elements than one array can hold", LLAMA.formatted("").replace("\"intermediate_size\": 128", "\"intermediate_size\": 2147483647"));
    }

    @Test
    void everyConfigurationReadsBackEqual() {
        Map<String, Integer> types = new TreeMap<>();
        for (int seed = 0; seed < 20_000; seed++) {
            ModelConfig config = random(new Random(seed));
            String text = HfConfigWriter.text(config);
            assertEquals(config, parse(text), "seed " + seed);
            types.merge((String) HfConfigWriter.fields(config).get("model_type"), 1, Integer::sum);
        }
        assertEquals(List.of("gpt2", "llama", "mistral", "nats", "qwen2", "qwen3"), List.copyOf(types.keySet()));
    }

    private static ModelConfig random(Random random) {
        boolean gpt = random.nextInt(4) == 0;
        boolean plain = random.nextInt(3) > 0;
        int nKvHeads = 1 + random.nextInt(3);
        int nHeads = nKvHeads * (gpt ? 1 : 1 + random.nextInt(3));
        int headDim = 2 * (1 + random.nextInt(12));
        Positions.Scaling scaling = switch (random.nextInt(3)) {
            case 0 -> null;
            case 1 -> new Positions.Llama3Scaling(1 + random.nextDouble(), 1, 4.5, 1 + random.nextInt(9000));
            default -> new Positions.FrequencyFactors(Stream.generate(() -> random.nextFloat() + 0.1f).limit(headDim / 2).toList());
        };
        Positions rotary = new Positions.Rotary(random.nextDouble() * 1e6 + 1e-3, !plain && random.nextBoolean(), scaling);
        Biases biases = gpt ? new Biases(true, true, true)
                : new Biases(random.nextBoolean(), random.nextBoolean(), !plain && random.nextBoolean());
        return new ModelConfig(1 + random.nextInt(1000), gpt ? nHeads * headDim : 1 + random.nextInt(100), 1 + random.nextInt(4),
                nHeads, nKvHeads, headDim, 1 + random.nextInt(300), 1 + random.nextInt(5000),
                gpt || !plain && random.nextBoolean() ? Norm.LAYER : Norm.RMS, random.nextFloat(),
                gpt || !plain && random.nextBoolean() ? new Positions.Learned() : rotary,
                gpt || !plain ? Activation.values()[random.nextInt(3)] : Activation.SWIGLU,
                biases, !gpt && random.nextInt(3) == 0, random.nextBoolean(),
                !gpt && random.nextInt(3) == 0 ? 1 + random.nextInt(50) : 0,
                random.nextBoolean() ? RoleSpace.NONE : RoleSpaces.random(random));
    }

    @Test
    void aModelWithRolesIsALlamaToOtherReaders() {
        Map<String, Object> json = new LinkedHashMap<>(HfConfigWriter.fields(ModelConfig.llama(256, 64, 2, 4, 2, 128, 256).withRoleWindows(16)));
        assertEquals("llama", json.get("model_type"));
        assertEquals(List.of("LlamaForCausalLM"), json.get("architectures"));
        assertEquals(List.of(16), json.get("nats_windows"));
        // what other readers would compute wrongly they must not take
        ModelConfig adjacent = parse(LLAMA.formatted("")).withTiedHead(true);
        adjacent = new ModelConfig(adjacent.vocabSize(), adjacent.dim(), adjacent.nLayers(), adjacent.nHeads(), adjacent.nKvHeads(), adjacent.headDim(),
                adjacent.hiddenDim(), adjacent.maxSeqLen(), adjacent.norm(), adjacent.normEps(), new Positions.Rotary(10_000, true, null),
                adjacent.activation(), adjacent.biases(), adjacent.qkNorm(), adjacent.tiedHead(), 0, RoleSpace.NONE);
        assertEquals("nats", HfConfigWriter.fields(adjacent).get("model_type"));
    }
}
