package org.neuralattention.tokenize;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.neuralattention.io.AtomicFiles;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.UnsupportedModelException;

/**
 * Opens and saves the tokenizer of a model, whichever file holds it, and beside it which tokens begin and end a sequence.
 *
 * <p>A byte model's tokenizer.json is such a file too: a vocabulary of the 256 bytes, each with itself as its id, and no merges.
 */
public final class Tokenizers {

    private static final String TOKENIZER = "tokenizer.json";

    private Tokenizers() {}

    /**
     * The tokenizer of a model. docs/tokenizers.md tells for every file what it decides and what is supported.
     *
     * <p>In a folder of Hugging Face the beginning is what tokenizer.json itself puts before a text. If it says nothing of it, beginning and end are
     * {@code bos_token} and {@code eos_token} of tokenizer_config.json, or, if that does not mention them, {@code bos_token_id} and {@code eos_token_id}
     * of config.json; otherwise there is none. Further ends are the {@code eos_token_id}s of config.json and generation_config.json.
     *
     * @param path what {@code ModelFile.open} takes, or the tokenizer's file: a model's folder; a tokenizer.json; encoder.json or vocab.json with
     *     vocab.bpe or merges.txt beside it; a GGUF file (its vocabulary); ranks of tiktoken (r50k_base, cl100k_base); SentencePiece's own file; llama2.c's
     *     tokenizer.bin, or a model of llama2.c with that beside it. The content decides, not the name
     * @throws ModelFormatException if the file is malformed; {@link UnsupportedModelException} if it asks for something not mentioned here
     * @throws NoSuchFileException if there is none
     */
    public static Tokenizer load(Path path) throws IOException {
        Path file = Files.isDirectory(path) ? inFolder(path) : path;
        return switch (TokenizerFile.kind(file)) {
            case JSON -> ofJson(file);
            case GGUF -> GgufVocabulary.read(file);
            case TIKTOKEN -> ofTiktoken(file);
            case LLAMA2C_TOKENIZER -> Llama2cTokenizer.read(file);
            case LLAMA2C_MODEL -> Llama2cTokenizer.read(file.resolveSibling("tokenizer.bin"));
            case SENTENCE_PIECE -> SentencePieceFile.read(file);
        };
    }

    /** The file of a folder that holds its tokenizer. */
    private static Path inFolder(Path folder) throws NoSuchFileException {
        for (String name : new String[] {TOKENIZER, "vocab.json", "encoder.json", "tokenizer.bin", "tokenizer.model"}) {
            if (Files.exists(folder.resolve(name))) {
                return folder.resolve(name);
            }
        }
        throw new NoSuchFileException(folder.resolve(TOKENIZER).toString());
    }

    private static Tokenizer ofJson(Path file) throws IOException {
        JsonObject root = JsonObject.read(file);
        Path merges = root.fields().get("model") instanceof Map ? null : Gpt2Files.mergesBeside(file);
        if (merges != null) {
            BpeModel model = Gpt2Files.read(root, merges);
            return ofBpe(file, model, BoundaryFiles.read(file, Optional.of(List.of()), content -> idOf(model, content)));
        }
        if (SpmJson.isSentencePiece(root)) {
            return ofSentencePiece(file, root);
        }
        BpeModel model = TokenizerJson.read(root);
        Boundaries boundaries = BoundaryFiles.read(file, PostProcessorJson.first(root), content -> idOf(model, content));
        return boundaries.equals(Boundaries.NONE) && isBytes(model) ? new ByteTokenizer() : ofBpe(file, model, boundaries);
    }

    private static Tokenizer ofTiktoken(Path file) throws IOException {
        BpeModel model = TiktokenRanks.read(file);
        return ofBpe(file, model, new Boundaries(OptionalInt.empty(), false, List.of(model.added().getFirst().id())));
    }

    private static Tokenizer ofBpe(Path file, BpeModel model, Boundaries boundaries) {
        try {
            return new BpeTokenizer(model, boundaries);
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(file, e.getMessage(), e);
        }
    }

    private static Tokenizer ofSentencePiece(Path file, JsonObject root) throws IOException {
        SpmModel model = SpmJson.read(root);
        Map<String, Integer> ids = new HashMap<>();
        for (int id = 0; id < model.pieces().size(); id++) {
            ids.put(model.pieces().get(id).text(), id);
        }
        try {
            return new SpmTokenizer(model, BoundaryFiles.read(file, PostProcessorJson.first(root), ids::get));
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(file, e.getMessage(), e);
        }
    }

    private static boolean isBytes(BpeModel model) {
        return model.vocab().equals(ByteTokenizer.MODEL.vocab()) && model.merges().isEmpty() && model.added().isEmpty();
    }

    private static Integer idOf(BpeModel model, String content) {
        for (AddedToken token : model.added()) {
            if (token.content().equals(content)) {
                return token.id();
            }
        }
        return model.vocab().get(content);
    }

    /** Writes tokenizer.json and tokenizer_config.json, and generation_config.json where there is more than one end; each whole or not at all. */
    static void save(Path dir, BpeModel model, Boundaries boundaries) throws IOException {
        AtomicFiles.write(dir.resolve(TOKENIZER), TokenizerJson.write(model, boundaries,
                boundaries.addsBos() ? contentOf(model, boundaries.bosId().getAsInt()) : null));
        BoundaryFiles.write(dir, boundaries, id -> contentOf(model, id));
    }

    private static String contentOf(BpeModel model, int id) {
        for (AddedToken token : model.added()) {
            if (token.id() == id) {
                return token.content();
            }
        }
        return model.vocab().entrySet().stream().filter(e -> e.getValue() == id).map(Map.Entry::getKey).findFirst().orElse(null);
    }

    /** The same for a SentencePiece-style tokenizer. */
    static void save(Path dir, SpmModel model, Boundaries boundaries) throws IOException {
        AtomicFiles.write(dir.resolve(TOKENIZER), SpmJson.write(model, boundaries));
        BoundaryFiles.write(dir, boundaries, id -> model.pieces().get(id).text());
    }
}
