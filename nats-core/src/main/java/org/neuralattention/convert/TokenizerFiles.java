package org.neuralattention.convert;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.neuralattention.io.AtomicFiles;
import org.neuralattention.io.Gguf;
import org.neuralattention.io.GgufMetadata;
import org.neuralattention.io.HfConfigWriter;
import org.neuralattention.io.Json;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFile;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.ModelSource;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.GgufVocabularyWriter;
import org.neuralattention.tokenize.Llama2cTokenizer;
import org.neuralattention.tokenize.SpmTokenizer;
import org.neuralattention.tokenize.Tokenizer;
import org.neuralattention.tokenize.Tokenizers;

/** What goes with the weights: tokenizer, chat template, and what other programs read from config.json. */
public final class TokenizerFiles {

    private static final String CONFIG = "config.json";
    private static final String LLAMA2C = "tokenizer.bin";

    /** Taken from folder to folder as they are. */
    private static final List<String> FILES = List.of("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
            "generation_config.json", "chat_template.jinja", "vocab.json", "merges.txt", "encoder.json", "vocab.bpe", "tokenizer.model");

    private TokenizerFiles() {}

    /** config.json of a model made from another: of a folder with only format and roles changed, so that no key is lost. */
    public static String config(ModelFile in, ModelSource source) throws IOException {
        Dtype dtype = source.dtype(Weights.describe(source.config()).embedding);
        if (!Files.isDirectory(in.path())) {
            return HfConfigWriter.text(source.config(), dtype);
        }
        Map<String, Object> fields = new LinkedHashMap<>(JsonObject.read(in.path().resolve(CONFIG)).fields());
        fields.remove("torch_dtype"); // its older name
        fields.put(HfConfigWriter.DTYPE, HfConfigWriter.name(dtype));
        if (!source.config().roleSpace().equals(in.config().roleSpace())) {
            HfConfigWriter.putRoles(fields, source.config());
        }
        return Json.pretty(fields);
    }

    /**
     * Writes them beside the weights, or into their folder.
     *
     * @param written the weights, under their temporary name
     * @param target where they will be
     * @return what was done, in a sentence
     */
    static String take(ModelFile in, ModelFormat to, Path written, Path target) throws IOException {
        if (to == ModelFormat.SAFETENSORS && Files.isDirectory(in.path())) {
            return copy(in.path(), written);
        }
        Tokenizer tokenizer;
        try {
            tokenizer = Tokenizers.load(in.path());
        } catch (NoSuchFileException e) {
            return "There is no tokenizer to take along.";
        } catch (ModelFormatException e) {
            return "The tokenizer is not taken along: " + e.getMessage();
        }
        if (to != ModelFormat.SAFETENSORS) {
            return llama2c(tokenizer, target.resolveSibling(LLAMA2C));
        }
        try {
            save(in, tokenizer, true, written);
        } catch (IllegalArgumentException e) {
            return "The tokenizer is not taken along: " + e.getMessage() + ".";
        }
        return in.chatTemplate().isPresent() ? "Tokenizer and chat template are taken along." : "The tokenizer is taken along.";
    }

    /**
     * Adds them as the pairs of a GGUF file; those of another are copied as they are, and its name, author and the like.
     *
     * @return what was done, in a sentence
     */
    static String put(GgufMetadata.Builder pairs, ModelFile in) throws IOException {
        if (!Files.isDirectory(in.path()) && Gguf.is(in.path())) {
            try (Gguf file = Gguf.open(in.path())) {
                GgufMetadata all = file.metadata();
                all.keys().stream().filter(key -> key.startsWith("tokenizer.") || key.startsWith("general.")).forEach(key -> pairs.copy(all, key));
            }
            return "Tokenizer and chat template are copied, where there are any.";
        }
        pairs.string("general.name", in.path().toAbsolutePath().normalize().getFileName().toString());
        Optional<String> chatTemplate = in.chatTemplate();
        chatTemplate.ifPresent(template -> pairs.string("tokenizer.chat_template", template));
        try {
            GgufVocabularyWriter.put(pairs, Tokenizers.load(in.path()), in.config().vocabSize());
        } catch (NoSuchFileException e) {
            return "There is no tokenizer to take along.";
        } catch (ModelFormatException | IllegalArgumentException e) {
            return "The tokenizer is not taken along: " + e.getMessage() + ".";
        }
        return chatTemplate.isPresent() ? "Tokenizer and chat template are taken along." : "The tokenizer is taken along.";
    }

    /**
     * Writes a tokenizer and the model's chat template into a folder: the files of a folder as they are, if it is the model's own tokenizer.
     *
     * @param own whether the tokenizer came with the model
     * @throws IllegalArgumentException if it cannot be written as tokenizer.json
     */
    public static void save(ModelFile in, Tokenizer tokenizer, boolean own, Path folder) throws IOException {
        if (own && Files.isDirectory(in.path())) {
            copy(in.path(), folder);
            return;
        }
        tokenizer.save(folder);
        Optional<String> chatTemplate = in.chatTemplate();
        if (chatTemplate.isPresent()) {
            AtomicFiles.write(folder.resolve("chat_template.jinja"), chatTemplate.get());
        }
    }

    private static String copy(Path from, Path to) throws IOException {
        for (String name : FILES) {
            Path file = from.resolve(name);
            if (Files.isRegularFile(file)) {
                byte[] bytes = Files.readAllBytes(file);
                AtomicFiles.write(to.resolve(name), out -> out.write(ByteBuffer.wrap(bytes)));
            }
        }
        return "Tokenizer and chat template are copied, where there are any.";
    }

    private static String llama2c(Tokenizer tokenizer, Path file) throws IOException {
        if (Files.exists(file)) {
            return file + " is there already and is not touched.";
        }
        if (!(tokenizer instanceof SpmTokenizer pieces)) {
            return "The tokenizer is not taken along: llama2.c knows SentencePiece-style ones only.";
        }
        try {
            Llama2cTokenizer.write(file, pieces);
        } catch (IllegalArgumentException e) {
            return "The tokenizer is not taken along: " + e.getMessage() + ".";
        }
        return "The tokenizer is " + file + ".";
    }
}
