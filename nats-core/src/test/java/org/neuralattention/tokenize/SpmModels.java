package org.neuralattention.tokenize;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import org.neuralattention.testing.Shared;
import org.neuralattention.tokenize.SpmModel.Piece;
import org.neuralattention.tokenize.SpmModel.Spaces;
import org.neuralattention.tokenize.SpmModel.Type;

/** SentencePiece-style tokenizers for tests. */
final class SpmModels {

    static final Boundaries BOUNDARIES = new Boundaries(OptionalInt.of(1), true, List.of(2));

    private SpmModels() {}

    /** Llama 2's vocabulary. */
    static SpmTokenizer llama() throws IOException {
        return (SpmTokenizer) Tokenizers.load(Shared.path("tokenizers/gguf-vocab/ggml-vocab-llama-spm.gguf"));
    }

    /** The unknown piece, beginning and end of a text, the 256 bytes, a user-defined piece, and then the given ones, the first with the highest score. */
    static SpmModel of(Spaces spaces, String... normal) {
        List<Piece> pieces = first();
        pieces.add(new Piece("<hr>", 0, Type.USER_DEFINED));
        for (int i = 0; i < normal.length; i++) {
            pieces.add(new Piece(normal[i], -i, Type.NORMAL));
        }
        return SpmModel.ofScores(pieces, spaces, OptionalInt.of(0));
    }

    private static List<Piece> first() {
        List<Piece> pieces = new ArrayList<>(List.of(new Piece("<unk>", 0, Type.UNKNOWN), new Piece("<s>", 0, Type.CONTROL),
                new Piece("</s>", 0, Type.CONTROL)));
        for (int b = 0; b < 256; b++) {
            pieces.add(new Piece(SpmSymbols.byteToken(b), 0, Type.BYTE));
        }
        return pieces;
    }

    /** Random pieces of few characters, also such that no training would give: equal scores, parts of lower scores, unused ones, characters that are no piece. */
    static SpmModel random(Random random, boolean bytes, boolean unused) {
        List<Piece> pieces = first();
        if (!bytes) {
            pieces.subList(3, pieces.size()).clear();
        }
        Set<String> texts = new HashSet<>();
        String[] alphabet = {"a", "b", "\u2581", "\u2581", "\ud83d\ude42"};
        for (int i = 0; i < 20; i++) {
            StringBuilder text = new StringBuilder();
            for (int length = 1 + random.nextInt(4); length > 0; length--) {
                text.append(alphabet[random.nextInt(alphabet.length)]);
            }
            if (texts.add(text.toString())) {
                pieces.add(new Piece(text.toString(), random.nextInt(8), unused && random.nextInt(6) == 0 ? Type.UNUSED : Type.NORMAL));
            }
        }
        return SpmModel.ofScores(pieces, new Spaces(SpmModel.Prefix.EACH, false, false), OptionalInt.of(0));
    }

    /** SentencePiece's rule, taken literally: strings in a list that is searched again after each merge. */
    static int[] naive(SpmModel model, String text) {
        Map<String, Integer> ids = new HashMap<>();
        for (int id = 0; id < model.pieces().size(); id++) {
            Type type = model.pieces().get(id).type();
            if (type == Type.NORMAL || type == Type.UNUSED) {
                ids.put(model.pieces().get(id).text(), id);
            }
        }
        List<String> symbols = new ArrayList<>();
        text.codePoints().forEach(c -> symbols.add(Character.toString(c == ' ' ? SpmModel.SPACE : c)));
        if (!symbols.isEmpty()) {
            symbols.add(0, "\u2581");
        }
        Map<String, String[]> parts = new HashMap<>();
        for (int best = 0; best >= 0;) {
            best = -1;
            for (int i = 0; i + 1 < symbols.size(); i++) {
                Integer id = ids.get(symbols.get(i) + symbols.get(i + 1));
                if (id != null && (best < 0 || score(model, id) > score(model, ids.get(symbols.get(best) + symbols.get(best + 1))))) {
                    best = i;
                }
            }
            if (best >= 0) {
                String[] pair = {symbols.get(best), symbols.remove(best + 1)};
                symbols.set(best, pair[0] + pair[1]);
                parts.put(pair[0] + pair[1], pair);
            }
        }
        IdList out = new IdList(16);
        boolean[] afterUnk = {false};
        symbols.forEach(symbol -> put(out, afterUnk, model, ids, parts, symbol));
        return out.toArray();
    }

    private static float score(SpmModel model, int id) {
        return model.pieces().get(id).score();
    }

    private static void put(IdList out, boolean[] afterUnk, SpmModel model, Map<String, Integer> ids, Map<String, String[]> parts, String symbol) {
        Integer id = ids.get(symbol);
        if (id != null && model.pieces().get(id).type() == Type.UNUSED && parts.containsKey(symbol)) {
            put(out, afterUnk, model, ids, parts, parts.get(symbol)[0]);
            put(out, afterUnk, model, ids, parts, parts.get(symbol)[1]);
        } else if (id != null) {
            out.add(id);
            afterUnk[0] = false;
        } else if (model.pieces().get(3).type() == Type.BYTE) {
            for (byte b : Texts.utf8(symbol)) {
                out.add(3 + (b & 0xFF));
            }
        } else {
            if (!afterUnk[0]) {
                out.add(0);
            }
            afterUnk[0] = true;
        }
    }
}
