package org.neuralattention.tokenize;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import org.neuralattention.tokenize.SpmModel.Piece;
import org.neuralattention.tokenize.SpmModel.Prefix;
import org.neuralattention.tokenize.SpmModel.Type;

/**
 * SentencePiece-style byte pair encoding, as Llama 2 and Mistral use it: added tokens are cut out, spaces become U+2581, one is put before the text,
 * and its characters merge, the piece of the highest score first, until none is left that merges. Words are not cut apart; what is no piece in the
 * end becomes bytes, or unknown.
 *
 * <p>{@code decode(encode(text))} is the text again, but: U+2581 becomes a space; where {@link SpmModel.Spaces} drop spaces, or put one only where the
 * text has none, such a space is lost; likewise white space that an added token takes from beside it; without byte pieces an unknown character becomes
 * the unknown piece; and written out, a beginning-of-sequence token followed by a space loses the space where one is put before the text only.
 *
 * <p>Encoding takes time n log n for a text that cannot be cut at its spaces and linear time otherwise.
 */
public final class SpmTokenizer implements Tokenizer {

    private static final int MAX_PIECES = 1 << 20;

    private final SpmModel model;
    private final Boundaries boundaries;
    private final SpmVocabulary vocabulary;
    private final byte[][] bytes;
    private final AddedTokens added;           // found in the text as it is
    private final AddedTokens addedNormalized; // found in what is between them, spaces changed
    private final BitSet addedIds = new BitSet();

    /**
     * @throws IllegalArgumentException if the model contradicts itself: more than 2^20 pieces, a piece that merges and is there twice, neither an
     *     unknown piece nor all bytes, a merge of or into something that is no piece, an added token that is empty or is another piece's
     */
    public SpmTokenizer(SpmModel model, Boundaries boundaries) {
        if (model.pieces().size() > MAX_PIECES) {
            throw new IllegalArgumentException(model.pieces().size() + " pieces: must be at most " + MAX_PIECES);
        }
        this.model = model;
        this.vocabulary = new SpmVocabulary(model);
        this.bytes = new byte[model.pieces().size()][];
        for (int id = 0; id < bytes.length; id++) {
            bytes[id] = bytes(model.pieces().get(id));
        }
        for (AddedToken token : model.added()) {
            if (token.content().isEmpty()) {
                throw new IllegalArgumentException("added token " + token.id() + " is empty");
            }
            if (token.id() < 0 || token.id() >= bytes.length || !model.pieces().get(token.id()).text().equals(token.content())) {
                throw new IllegalArgumentException("added token " + token.id() + ", \"" + token.content() + "\", is no piece");
            }
            bytes[token.id()] = Utf8.encode(token.content());
            addedIds.set(token.id());
        }
        this.added = new AddedTokens(model.added().stream().filter(t -> !t.normalized()).toList());
        this.addedNormalized = new AddedTokens(model.added().stream().filter(AddedToken::normalized).map(t -> normalized(t, model.spaces())).toList());
        this.boundaries = boundaries.check(bytes.length);
    }

    private static byte[] bytes(Piece piece) {
        return piece.type() == Type.BYTE ? new byte[] {(byte) SpmSymbols.byteValue(piece.text())}
                : Utf8.encode(piece.text().replace(SpmModel.SPACE, ' '));
    }

    @Override
    public int[] encode(String text, int[] literal) {
        Utf8.checkLength(text);
        LiteralRanges.check(text, literal);
        IdList out = new IdList(text.length() / 3 + 16);
        SpmEncoder encoder = new SpmEncoder(vocabulary, model);
        for (int from = 0; from < text.length();) {
            AddedTokens.Match match = added.next(text, 0, from, text.length(), literal);
            int to = match == null ? text.length() : match.from();
            if (from < to) {
                part(out, encoder, text, from, to, literal);
            }
            if (match != null) {
                out.add(match.token().id());
            }
            from = match == null ? to : match.to();
        }
        return out.toArray();
    }

    /** Adds the ids of a part of the text in which no token that must be found before spaces change is left. */
    private void part(IdList out, SpmEncoder encoder, String all, int begin, int end, int[] literal) {
        String part = all.substring(begin, end);
        if (addedNormalized.isEmpty()) {
            encoder.encode(out, model.spaces().apply(part, begin == 0));
            return;
        }
        boolean now = normalizes(model.spaces());
        String text = now ? model.spaces().apply(part, begin == 0) : part;
        int[] ranges = literal(LiteralRanges.shifted(literal, begin, end), part.length(), text.length());
        for (int from = 0; from < text.length();) {
            AddedTokens.Match match = addedNormalized.next(text, 0, from, text.length(), ranges);
            int to = match == null ? text.length() : match.from();
            String rest = text.substring(from, to);
            encoder.encode(out, now ? rest : model.spaces().apply(rest, begin == 0 && from == 0));
            if (match != null) {
                out.add(match.token().id());
            }
            from = match == null ? to : match.to();
        }
    }

    /** Literal ranges after a part's spaces have changed: as they were, one further on, or all of it where it is not known which spaces are gone. */
    private int[] literal(int[] ranges, int before, int after) {
        if (ranges.length > 0 && model.spaces().collapse()) {
            return new int[] {0, after};
        }
        return after == before ? ranges : LiteralRanges.shifted(ranges, -1, before);
    }

    /** Whether spaces change before normalized tokens are looked for, and in them too; Metaspace changes them afterwards. */
    private static boolean normalizes(SpmModel.Spaces spaces) {
        return spaces.prefix() == Prefix.NONE || spaces.prefix() == Prefix.EACH;
    }

    private static AddedToken normalized(AddedToken t, SpmModel.Spaces spaces) {
        String content = normalizes(spaces) ? spaces.apply(t.content(), true) : t.content();
        if (content.isEmpty()) {
            throw new IllegalArgumentException("added token " + t.id() + ", \"" + t.content() + "\", is empty once its spaces are removed");
        }
        return new AddedToken(t.id(), content, t.singleWord(), t.lstrip(), t.rstrip(), true, t.special());
    }

    @Override
    public int vocabSize() {
        return bytes.length;
    }

    @Override
    public byte[] bytes(int id) {
        return known(id).clone();
    }

    /** Without the space that encoding puts before a text, or before each part of it between added tokens. */
    @Override
    public byte[] bytes(int before, int id) {
        if (before != -1) {
            known(before);
        }
        byte[] all = known(id);
        if (all.length == 0 || all[0] != ' ' || model.pieces().get(id).type() == Type.BYTE || addedIds.get(id)) {
            return all.clone();
        }
        boolean begins = before < 0 || boundaries.bosId().isPresent() && boundaries.bosId().getAsInt() == before;
        boolean drop = switch (model.spaces().prefix()) {
            case NONE -> false;
            case FIRST -> begins;
            case EACH_WORD, EACH -> begins || addedIds.get(before);
        };
        return Arrays.copyOfRange(all, drop ? 1 : 0, all.length);
    }

    private byte[] known(int id) {
        if (id < 0 || id >= bytes.length) {
            throw new IllegalArgumentException("id = " + id + ": must be in [0, " + bytes.length + ")");
        }
        return bytes[id];
    }

    @Override
    public Boundaries boundaries() {
        return boundaries;
    }

    /** What this tokenizer is made of. */
    public SpmModel model() {
        return model;
    }

    @Override
    public void save(Path dir) throws IOException {
        Tokenizers.save(dir, model, boundaries);
    }
}
