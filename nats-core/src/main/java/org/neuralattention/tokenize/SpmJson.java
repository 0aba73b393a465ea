package org.neuralattention.tokenize;

import static org.neuralattention.tokenize.TokenizerJson.object;
import static org.neuralattention.tokenize.TokenizerJson.one;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.neuralattention.io.Json;
import org.neuralattention.io.JsonObject;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.tokenize.BpeModel.Merge;
import org.neuralattention.tokenize.SpmModel.Piece;
import org.neuralattention.tokenize.SpmModel.Spaces;
import org.neuralattention.tokenize.SpmModel.Type;

/**
 * Reads and writes the tokenizer.json of Hugging Face's tokenizers, as far as it describes a {@link SpmModel}: BPE over characters with a list of
 * merges. What is done to spaces is {@link SpmSpacesJson}'s part.
 */
final class SpmJson {

    private static final int MAX_ID = (1 << 20) - 1;

    private SpmJson() {}

    /** Whether a tokenizer.json is of this kind, supported or not, rather than byte-level. */
    static boolean isSentencePiece(JsonObject root) {
        boolean byteLevel = root.fields().get("decoder") instanceof Map<?, ?> decoder && "ByteLevel".equals(decoder.get("type"));
        boolean byteFallback = root.fields().get("model") instanceof Map<?, ?> model && Boolean.TRUE.equals(model.get("byte_fallback"));
        return !byteLevel && (byteFallback || SpmSpacesJson.isMentioned(root));
    }

    static SpmModel read(JsonObject root) {
        TokenizerJson.only(root, TokenizerJson.FIELDS);
        JsonObject model = root.object("model");
        one(model, "type", "BPE", null);
        TokenizerJson.only(model, TokenizerJson.MODEL_FIELDS);
        one(model, "dropout", null, 0.0, 0L);
        one(model, "continuing_subword_prefix", null, "");
        one(model, "end_of_word_suffix", null, "");
        List<AddedToken> added = root.has("added_tokens") ? TokenizerJson.added(root) : List.of();
        Map<String, Integer> vocab = TokenizerJson.vocab(model);
        List<Merge> merges = TokenizerJson.merges(model);
        OptionalInt unkId = OptionalInt.empty();
        if (model.has("unk_token")) {
            Integer id = vocab.get(model.string("unk_token"));
            if (id == null) {
                throw new ModelFormatException(model.source(), "\"unk_token\" is \"" + model.string("unk_token") + "\": not in the vocabulary");
            }
            unkId = OptionalInt.of(id);
        }
        List<Piece> pieces = pieces(model, vocab, added, unkId, model.booleanValue("byte_fallback", false));
        return new SpmModel(pieces, Optional.of(merges), SpmSpacesJson.read(root), added, unkId, model.booleanValue("fuse_unk", false),
                model.booleanValue("ignore_merges", false));
    }

    private static List<Piece> pieces(JsonObject model, Map<String, Integer> vocab, List<AddedToken> added,
            OptionalInt unkId, boolean byteFallback) {
        Piece[] pieces = new Piece[1 + highest(model, vocab, added)];
        vocab.forEach((text, id) -> {
            if (pieces[id] != null) {
                throw new ModelFormatException(model.source(), "id " + id + " is given twice, the second time to \"" + text + "\"");
            }
            boolean isByte = byteFallback && text.length() == 6 && SpmSymbols.byteValue(text) >= 0
                    && text.equals(SpmSymbols.byteToken(SpmSymbols.byteValue(text)));
            Type type = unkId.isPresent() && unkId.getAsInt() == id ? Type.UNKNOWN : isByte ? Type.BYTE : Type.NORMAL;
            pieces[id] = new Piece(text, 0, type);
        });
        for (AddedToken token : added) {
            Integer known = vocab.get(token.content());
            if (known != null ? known != token.id() : pieces[token.id()] != null) {
                throw new ModelFormatException(model.source(), "added token \"" + token.content() + "\" has id " + token.id() + ", and that is "
                        + (known != null ? "not its id in the vocabulary, " + known : "\"" + pieces[token.id()].text() + "\""));
            }
            if (pieces[token.id()] == null || pieces[token.id()].type() != Type.UNKNOWN) {
                pieces[token.id()] = new Piece(token.content(), 0, token.special() ? Type.CONTROL : Type.USER_DEFINED);
            }
        }
        List<Piece> all = new ArrayList<>();
        for (Piece piece : pieces) {
            all.add(piece == null ? new Piece("", 0, Type.UNUSED) : piece); // an id that the vocabulary skips
        }
        return all;
    }

    private static int highest(JsonObject model, Map<String, Integer> vocab, List<AddedToken> added) {
        int highest = -1;
        List<Integer> ids = new ArrayList<>(vocab.values());
        added.forEach(token -> ids.add(token.id()));
        for (int id : ids) {
            if (id < 0 || id > MAX_ID) {
                throw new ModelFormatException(model.source(), "there is a token with id " + id + ": must be in [0, " + MAX_ID + "]");
            }
            highest = Math.max(highest, id);
        }
        return highest;
    }

    /**
     * The model as a tokenizer.json.
     *
     * @throws IllegalArgumentException if no such file means the same
     */
    static String write(SpmModel model, Boundaries boundaries) {
        Map<String, Object> vocab = new LinkedHashMap<>();
        boolean bytes = false;
        for (int id = 0; id < model.pieces().size(); id++) {
            Piece piece = model.pieces().get(id);
            bytes |= piece.type() == Type.BYTE;
            String text = piece.type() == Type.BYTE ? SpmSymbols.byteToken(SpmSymbols.byteValue(piece.text())) : piece.text();
            if (!text.isEmpty() && vocab.put(text, id) != null) {
                throw new IllegalArgumentException("piece " + id + ", \"" + text + "\", is there twice: a tokenizer.json cannot have that");
            }
        }
        List<Object> added = new ArrayList<>();
        for (AddedToken token : model.added()) {
            added.add(TokenizerJson.written(token));
        }
        String bos = boundaries.addsBos() ? model.pieces().get(boundaries.bosId().getAsInt()).text() : null;
        String unk = model.unkId().isPresent() ? model.pieces().get(model.unkId().getAsInt()).text() : null;
        List<List<String>> merges = SpmMerges.list(model).stream().map(m -> List.of(m.left(), m.right())).toList();
        return Json.pretty(object("version", "1.0", "truncation", null, "padding", null, "added_tokens", added,
                "normalizer", SpmSpacesJson.normalizer(model.spaces()), "pre_tokenizer", SpmSpacesJson.preTokenizer(model.spaces()),
                "post_processor", PostProcessorJson.write(boundaries.first(), bos), "decoder", SpmSpacesJson.decoder(model.spaces()),
                "model", object("type", "BPE", "dropout", null, "unk_token", unk, "continuing_subword_prefix", null,
                        "end_of_word_suffix", null, "fuse_unk", model.fuseUnk(), "byte_fallback", bytes, "ignore_merges", model.wholePieces(),
                        "vocab", vocab, "merges", merges)));
    }
}
