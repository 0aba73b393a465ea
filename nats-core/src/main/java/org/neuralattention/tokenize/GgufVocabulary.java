package org.neuralattention.tokenize;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import org.neuralattention.io.Gguf;
import org.neuralattention.io.GgufMetadata;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.UnsupportedModelException;
import org.neuralattention.tokenize.SpmModel.Piece;
import org.neuralattention.tokenize.SpmModel.Prefix;
import org.neuralattention.tokenize.SpmModel.Spaces;
import org.neuralattention.tokenize.SpmModel.Type;

/** The tokenizer in the pairs {@code tokenizer.ggml.*} of a GGUF file. Source: ggml's docs/gguf.md and llama.cpp's vocabulary. */
final class GgufVocabulary {

    static final String PREFIX = "tokenizer.ggml.";

    /** Control tokens that end a turn or a message in the chat formats in use; many files do not name them as such. */
    private static final Set<String> ENDS = Set.of("<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|eom_id|>");

    private GgufVocabulary() {}

    /**
     * The tokenizer of a file, with or without weights.
     *
     * @throws UnsupportedModelException if it is of another kind than {@code llama} or {@code gpt2}
     */
    static Tokenizer read(Path file) throws IOException {
        GgufMetadata metadata;
        try (Gguf gguf = Gguf.open(file)) {
            metadata = gguf.metadata();
        }
        String kind = metadata.string(PREFIX + "model");
        try {
            return switch (kind) {
                case "llama" -> sentencePiece(metadata);
                case "gpt2" -> GgufBpe.read(metadata);
                default -> throw new UnsupportedModelException(file, "a vocabulary of kind \"" + kind + "\" is not supported, llama and gpt2 are");
            };
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(file, e.getMessage(), e);
        }
    }

    /** Kind {@code llama}: SentencePiece's BPE. */
    private static SpmTokenizer sentencePiece(GgufMetadata metadata) {
        List<String> texts = metadata.strings(PREFIX + "tokens");
        float[] scores = metadata.floats(PREFIX + "scores");
        int[] types = metadata.ints(PREFIX + "token_type");
        if (scores.length != texts.size() || types.length != texts.size()) {
            throw new ModelFormatException(metadata.source(), texts.size() + " tokens, " + scores.length + " scores and " + types.length
                    + " types: must be as many of each");
        }
        List<Piece> pieces = new ArrayList<>();
        for (int id = 0; id < scores.length; id++) {
            Type type = Type.of(types[id]);
            if (type == null || Float.isNaN(scores[id])) {
                throw new ModelFormatException(metadata.source(), "token " + id + " has type " + types[id] + " and score " + scores[id]
                        + ": must be in [1, " + Type.values().length + "] and a number");
            }
            pieces.add(new Piece(texts.get(id), scores[id], type));
        }
        Prefix prefix = metadata.flag(PREFIX + "add_space_prefix", true) ? Prefix.EACH : Prefix.NONE;
        Spaces spaces = new Spaces(prefix, metadata.flag(PREFIX + "remove_extra_whitespaces", false), false);
        SpmModel model = SpmModel.ofScores(pieces, spaces, id(metadata, "unknown_token_id"));
        model = model.withAdded(added(metadata, model));
        return new SpmTokenizer(model, boundaries(metadata, true, model.added()));
    }

    /** The added tokens of a model of pieces as a reader of this file takes them, which may go by the model's name. */
    static List<AddedToken> added(GgufMetadata metadata, SpmModel model) {
        boolean phi3 = metadata.string("general.name", "").toLowerCase(Locale.ROOT).matches(".*phi-?3.*");
        return phi3 ? model.added().stream().map(GgufVocabulary::ofPhi3).toList() : model.added();
    }

    /** The file cannot say that a token takes the white space after it along; those of Phi 3 do, as llama.cpp knows too. */
    private static AddedToken ofPhi3(AddedToken t) {
        boolean rstrip = !Set.of("<unk>", "<s>", "<|endoftext|>").contains(t.content());
        return new AddedToken(t.id(), t.content(), t.singleWord(), t.lstrip(), rstrip, t.normalized(), t.special());
    }

    static Boundaries boundaries(GgufMetadata metadata, boolean bosIfAbsent, Collection<AddedToken> added) {
        OptionalInt bos = id(metadata, "bos_token_id");
        boolean addsBos = bos.isPresent() && metadata.flag(PREFIX + "add_bos_token", bosIfAbsent);
        List<Integer> eos = new ArrayList<>();
        for (String name : List.of("eos_token_id", "eot_token_id", "eom_token_id")) {
            id(metadata, name).ifPresent(eos::add);
        }
        added.stream().filter(t -> t.special() && ENDS.contains(t.content())).forEach(t -> eos.add(t.id()));
        return new Boundaries(bos, addsBos, eos);
    }

    private static OptionalInt id(GgufMetadata metadata, String name) {
        return metadata.has(PREFIX + name) ? OptionalInt.of(metadata.integer(PREFIX + name)) : OptionalInt.empty();
    }
}
