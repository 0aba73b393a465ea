package org.neuralattention.tokenize;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.neuralattention.io.AtomicFiles;
import org.neuralattention.io.Json;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.tokenize.BpeModel.AddedToken;

/**
 * Opens and saves the tokenizer in a model's folder: {@code tokenizer.json} as Hugging Face's tokenizers write and read it, and beside it which
 * tokens begin and end a sequence.
 *
 * <p>A byte model's file is such a file too: a vocabulary of the 256 bytes, each with itself as its id, and no merges.
 */
public final class Tokenizers {

    private static final String TOKENIZER = "tokenizer.json";
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";

    private Tokenizers() {}

    /**
     * The tokenizer of a model.
     *
     * <p>Beginning and end come from {@code bos_token} and {@code eos_token} of tokenizer_config.json in the same folder, or, if it does not
     * mention them, from {@code bos_token_id} and {@code eos_token_id} of config.json (the first one of a list); otherwise there is none.
     *
     * @param path a folder with a tokenizer.json, or the file
     * @throws ModelFormatException if the file is malformed; {@link org.neuralattention.io.UnsupportedModelException} if it asks for something
     *     else than byte-level BPE with GPT-2's pattern
     * @throws java.nio.file.NoSuchFileException if there is none
     */
    public static Tokenizer load(Path path) throws IOException {
        Path file = Files.isDirectory(path) ? path.resolve(TOKENIZER) : path;
        BpeModel model = TokenizerJson.read(file);
        OptionalInt bos = boundary(file, model, "bos_token");
        OptionalInt eos = boundary(file, model, "eos_token");
        if (bos.isEmpty() && eos.isEmpty() && isBytes(model)) {
            return new ByteTokenizer();
        }
        try {
            return new BpeTokenizer(model, bos, eos);
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(file, e.getMessage(), e);
        }
    }

    private static boolean isBytes(BpeModel model) {
        return model.vocab().equals(ByteTokenizer.MODEL.vocab()) && model.merges().isEmpty() && model.added().isEmpty();
    }

    private static OptionalInt boundary(Path tokenizer, BpeModel model, String name) throws IOException {
        Path file = tokenizer.resolveSibling(TOKENIZER_CONFIG);
        if (Files.exists(file)) {
            JsonObject config = JsonObject.read(file);
            if (config.fields().containsKey(name)) {
                return config.has(name) ? OptionalInt.of(idOf(file, model, name, config)) : OptionalInt.empty();
            }
        }
        file = tokenizer.resolveSibling("config.json");
        String key = name + "_id";
        if (Files.exists(file)) {
            JsonObject config = JsonObject.read(file);
            if (config.fields().get(key) instanceof List<?>) {
                return config.ints(key).stream().mapToInt(Integer::intValue).findFirst();
            }
            return config.has(key) ? OptionalInt.of(config.intValue(key)) : OptionalInt.empty();
        }
        return OptionalInt.empty();
    }

    /** A token is written as a string, or as an object with its content. */
    private static int idOf(Path file, BpeModel model, String name, JsonObject config) {
        String content = config.fields().get(name) instanceof Map<?, ?> ? config.object(name).string("content") : config.string(name);
        for (AddedToken token : model.added()) {
            if (token.content().equals(content)) {
                return token.id();
            }
        }
        Integer id = model.vocab().get(content);
        if (id == null) {
            throw new ModelFormatException(file, "\"" + name + "\" is \"" + content + "\": not in the vocabulary");
        }
        return id;
    }

    /** Writes tokenizer.json and tokenizer_config.json, each whole or not at all. */
    static void save(Path dir, BpeModel model, OptionalInt bosId, OptionalInt eosId) throws IOException {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("tokenizer_class", "PreTrainedTokenizerFast");
        config.put("bos_token", content(model, bosId));
        config.put("eos_token", content(model, eosId));
        AtomicFiles.write(dir.resolve(TOKENIZER), TokenizerJson.write(model));
        AtomicFiles.write(dir.resolve(TOKENIZER_CONFIG), Json.pretty(config));
    }

    private static String content(BpeModel model, OptionalInt id) {
        if (id.isEmpty()) {
            return null;
        }
        for (AddedToken token : model.added()) {
            if (token.id() == id.getAsInt()) {
                return token.content();
            }
        }
        return model.vocab().entrySet().stream().filter(e -> e.getValue() == id.getAsInt()).map(Map.Entry::getKey).findFirst().orElse(null);
    }
}
