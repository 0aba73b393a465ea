package org.neuralattention.tokenize;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.neuralattention.io.GgufMetadata;
import org.neuralattention.tokenize.BpeModel.Merge;
import org.neuralattention.tokenize.BpeModel.Ranks;
import org.neuralattention.tokenize.SpmModel.Piece;
import org.neuralattention.tokenize.SpmModel.Prefix;
import org.neuralattention.tokenize.SpmModel.Type;

/** A tokenizer as the pairs {@code tokenizer.ggml.*} of a GGUF file. */
public final class GgufVocabularyWriter {

    private static final String PREFIX = GgufVocabulary.PREFIX;
    private static final List<String> ENDS = List.of("eos_token_id", "eot_token_id", "eom_token_id");

    private GgufVocabularyWriter() {}

    /**
     * Adds the pairs.
     *
     * @param vocabSize rows of the model's embedding: ids that the tokenizer has not are filled in as unused, since readers count the tokens
     * @throws IllegalArgumentException if GGUF cannot express the tokenizer: it says what it lacks
     */
    public static void put(GgufMetadata.Builder pairs, Tokenizer tokenizer, int vocabSize) {
        switch (tokenizer) {
            case SpmTokenizer pieces -> sentencePiece(pairs, pieces, vocabSize);
            case BpeTokenizer bpe -> byteLevel(pairs, bpe.model(), vocabSize);
            case ByteTokenizer bytes -> byteLevel(pairs, ByteTokenizer.MODEL, vocabSize);
            default -> throw new IllegalArgumentException("GGUF knows no such tokenizer");
        }
        Boundaries boundaries = tokenizer.boundaries();
        pairs.flag(PREFIX + "add_bos_token", boundaries.addsBos());
        boundaries.bosId().ifPresent(id -> pairs.integer(PREFIX + "bos_token_id", id));
        for (int i = 0; i < Math.min(ENDS.size(), boundaries.eosIds().size()); i++) {
            pairs.integer(PREFIX + ENDS.get(i), boundaries.eosIds().get(i));
        }
    }

    private static void byteLevel(GgufMetadata.Builder pairs, BpeModel model, int vocabSize) {
        if (model.ranks() != Ranks.OF_PAIRS) {
            throw new IllegalArgumentException("GGUF has a list of merges, and this tokenizer's ranks are of their results");
        }
        String[] tokens = new String[vocabSize];
        int[] types = new int[vocabSize];
        for (Map.Entry<String, Integer> entry : model.vocab().entrySet()) {
            tokens[entry.getValue()] = entry.getKey();
            types[entry.getValue()] = Type.NORMAL.number();
        }
        for (AddedToken token : model.added()) {
            if (token.asksOfItsNeighbours()) {
                throw noPlace(token);
            }
            tokens[token.id()] = token.content();
            types[token.id()] = (token.special() ? Type.CONTROL : Type.USER_DEFINED).number();
        }
        List<String> merges = new ArrayList<>();
        for (Merge merge : model.merges()) {
            merges.add(merge.left() + " " + merge.right());
        }
        pairs.string(PREFIX + "model", "gpt2").string(PREFIX + "pre", GgufBpe.name(model));
        pairs.strings(PREFIX + "tokens", filled(tokens, types)).ints(PREFIX + "token_type", types).strings(PREFIX + "merges", merges);
    }

    private static IllegalArgumentException noPlace(AddedToken token) {
        return new IllegalArgumentException("GGUF has no place for what token \"" + token.content() + "\" asks of the text beside it");
    }

    /** With a name for each id that stands for nothing. */
    private static List<String> filled(String[] tokens, int[] types) {
        for (int id = 0; id < tokens.length; id++) {
            if (tokens[id] == null) {
                tokens[id] = "[PAD" + id + "]";
                types[id] = Type.UNUSED.number();
            }
        }
        return Arrays.asList(tokens);
    }

    private static void sentencePiece(GgufMetadata.Builder pairs, SpmTokenizer tokenizer, int vocabSize) {
        SpmModel model = tokenizer.model().byScores();
        Prefix prefix = model.spaces().prefix();
        if (prefix != Prefix.EACH && prefix != Prefix.NONE || model.spaces().split()) {
            throw new IllegalArgumentException("GGUF has no place for how this tokenizer puts spaces");
        }
        checkAdded(pairs, model);
        String[] tokens = new String[vocabSize];
        int[] types = new int[vocabSize];
        float[] scores = new float[vocabSize];
        for (int id = 0; id < model.pieces().size(); id++) {
            Piece piece = model.pieces().get(id);
            tokens[id] = piece.text();
            types[id] = piece.type().number();
            scores[id] = piece.score();
        }
        pairs.string(PREFIX + "model", "llama");
        pairs.strings(PREFIX + "tokens", filled(tokens, types)).floats(PREFIX + "scores", scores).ints(PREFIX + "token_type", types);
        pairs.flag(PREFIX + "add_space_prefix", prefix == Prefix.EACH).flag(PREFIX + "remove_extra_whitespaces", model.spaces().collapse());
        model.unkId().ifPresent(id -> pairs.integer(PREFIX + "unknown_token_id", id));
    }

    /** What the added tokens ask of the text beside them must be what a reader of the file will take them to ask. */
    private static void checkAdded(GgufMetadata.Builder pairs, SpmModel model) {
        SpmModel plain = SpmModel.ofScores(model.pieces(), model.spaces(), model.unkId());
        List<AddedToken> read = GgufVocabulary.added(pairs.build(), plain);
        for (AddedToken token : model.added()) {
            AddedToken same = read.stream().filter(t -> t.id() == token.id()).findFirst().orElse(token);
            if (token.singleWord() != same.singleWord() || token.lstrip() != same.lstrip() || token.rstrip() != same.rstrip()) {
                throw noPlace(token);
            }
        }
    }
}
