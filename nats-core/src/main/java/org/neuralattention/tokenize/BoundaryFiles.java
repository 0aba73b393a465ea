package org.neuralattention.tokenize;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.neuralattention.io.AtomicFiles;
import org.neuralattention.io.Json;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFormatException;

/** Reads and writes the {@link Boundaries} that a Hugging Face folder states beside its tokenizer.json. */
final class BoundaryFiles {

    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    private static final String GENERATION_CONFIG = "generation_config.json";

    private static final Set<String> LLAMA_CLASSES = Set.of("LlamaTokenizer", "CodeLlamaTokenizer", "GemmaTokenizer");
    private static final Set<String> LLAMA_TYPES = Set.of("llama", "mistral");

    private BoundaryFiles() {}

    /**
     * Beginning and end are tokens of tokenizer_config.json; where it does not mention them, ids of config.json. More ends are in
     * generation_config.json and config.json.
     *
     * <p>Whether the beginning is put before texts says the post-processor, as in transformers, with the exception of its Llama classes, which make
     * their own ({@code LlamaTokenizerFast.update_post_processor}): they put it there unless {@code add_bos_token} is false. The class is
     * {@code tokenizer_class}; where neither that nor a post-processor is there, it is that of the type of model, as {@code AutoTokenizer} has it.
     * Of any other class {@code add_bos_token} means nothing.
     *
     * @param tokenizer the file beside which they are
     * @param first the contents of the tokens that the post-processor puts before a text, none or one; absent if there is no post-processor
     * @param idOf the id of a token's content, or null
     */
    static Boundaries read(Path tokenizer, Optional<List<String>> first, Function<String, Integer> idOf) throws IOException {
        JsonObject tokens = beside(tokenizer, TOKENIZER_CONFIG);
        JsonObject generation = beside(tokenizer, GENERATION_CONFIG);
        JsonObject config = beside(tokenizer, "config.json");
        List<Integer> bos = tokens.fields().containsKey("bos_token") ? token(tokens, "bos_token", idOf) : ids(config, "bos_token_id");
        boolean addsBos;
        if (!bos.isEmpty() && LLAMA_CLASSES.contains(tokenizerClass(tokens, config, first.isPresent()))) {
            addsBos = tokens.booleanValue("add_bos_token", true);
        } else {
            addsBos = first.isPresent() && !first.get().isEmpty();
            bos = addsBos ? List.of(id(tokenizer, "post_processor", first.get().getFirst(), idOf)) : bos;
        }
        List<Integer> eos = new ArrayList<>(token(tokens, "eos_token", idOf));
        if (!tokens.fields().containsKey("eos_token") || tokens.has("eos_token")) {
            eos.addAll(ids(config, "eos_token_id"));
        }
        eos.addAll(ids(generation, "eos_token_id"));
        return new Boundaries(bos.isEmpty() ? OptionalInt.empty() : OptionalInt.of(bos.getFirst()), addsBos, eos);
    }

    /** The name of the class in transformers, without its "Fast"; empty if it does not matter. */
    private static String tokenizerClass(JsonObject tokens, JsonObject config, boolean hasPostProcessor) {
        boolean llama = !hasPostProcessor && LLAMA_TYPES.contains(config.string("model_type", ""));
        return tokens.string("tokenizer_class", llama ? "LlamaTokenizer" : "").replaceFirst("Fast$", "");
    }

    private static JsonObject beside(Path tokenizer, String name) throws IOException {
        Path file = tokenizer.resolveSibling(name);
        return Files.exists(file) ? JsonObject.read(file) : new JsonObject(file, Map.of());
    }

    /** A token is written as a string, or as an object with its content. */
    private static List<Integer> token(JsonObject config, String name, Function<String, Integer> idOf) {
        if (!config.has(name)) {
            return List.of();
        }
        String content = config.fields().get(name) instanceof Map<?, ?> ? config.object(name).string("content") : config.string(name);
        return List.of(id(config.source(), name, content, idOf));
    }

    private static Integer id(Object source, String name, String content, Function<String, Integer> idOf) {
        Integer id = idOf.apply(content);
        if (id == null) {
            throw new ModelFormatException(source, "\"" + name + "\" is \"" + content + "\": not in the vocabulary");
        }
        return id;
    }

    private static List<Integer> ids(JsonObject config, String name) {
        if (!config.has(name)) {
            return List.of();
        }
        return config.fields().get(name) instanceof List<?> ? config.ints(name) : List.of(config.intValue(name));
    }

    /** Writes tokenizer_config.json, and generation_config.json where there is more than one end. */
    static void write(Path dir, Boundaries boundaries, IntFunction<String> contentOf) throws IOException {
        List<Integer> eosIds = boundaries.eosIds();
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("tokenizer_class", "PreTrainedTokenizerFast");
        config.put("bos_token", boundaries.bosId().isEmpty() ? null : contentOf.apply(boundaries.bosId().getAsInt()));
        config.put("eos_token", eosIds.isEmpty() ? null : contentOf.apply(eosIds.getFirst()));
        AtomicFiles.write(dir.resolve(TOKENIZER_CONFIG), Json.pretty(config));
        if (eosIds.size() > 1) {
            AtomicFiles.write(dir.resolve(GENERATION_CONFIG), Json.pretty(Map.of("eos_token_id", eosIds)));
        }
    }
}
