package org.neuralattention.tokenize;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.neuralattention.tokenize.BpeModel.Merge;

/**
 * What a SentencePiece-style BPE tokenizer is made of: the content of its file, whichever of the forms it is stored in.
 *
 * @param pieces by id; a space is written U+2581 in them
 * @param merges pairs of pieces that become one, the first of them first. Where there is no such list any two pieces merge whose concatenation is
 *     a piece, the one of the highest score first: SentencePiece's own rule
 * @param added tokens found in the text before anything else, such as {@code <s>}
 * @param unkId what stands for a character that is no piece, where there are no byte pieces
 * @param fuseUnk whether one {@code unkId} stands for all such characters in a row
 * @param wholePieces whether a text (or a word, if {@link Spaces#split}) that is a piece is that token even where merges would not lead to it
 */
public record SpmModel(List<Piece> pieces, Optional<List<Merge>> merges, Spaces spaces, List<AddedToken> added, OptionalInt unkId,
        boolean fuseUnk, boolean wholePieces) {

    /** How SentencePiece writes a space. */
    static final char SPACE = '\u2581';

    /** An entry of the vocabulary. Where there is a list of merges nobody looks at scores. */
    public record Piece(String text, float score, Type type) {}

    /** What a piece is, in the order of the numbers that SentencePiece and GGUF give them, from 1. */
    public enum Type {
        /** Text. */
        NORMAL,
        /** Stands for what no piece can express. */
        UNKNOWN,
        /** Means something to the model and is no text. */
        CONTROL,
        /** Text that is always one token. */
        USER_DEFINED,
        /** Only a step on the way to larger pieces: where it is left it becomes what it was merged from. */
        UNUSED,
        /** A byte of a character that is no piece, written {@code <0x41>}. */
        BYTE;

        /** The number in a file. */
        public int number() {
            return ordinal() + 1;
        }

        /** The type of a number, or null. */
        public static Type of(long number) {
            return number >= 1 && number <= values().length ? values()[(int) number - 1] : null;
        }
    }

    /**
     * What becomes of a text's spaces before it is cut into characters.
     *
     * @param prefix where a space is put before the text that is not in it
     * @param collapse whether several spaces count as one, and those at both ends as none
     * @param split whether each space begins a word that nothing merges with
     */
    public record Spaces(Prefix prefix, boolean collapse, boolean split) {

        /** SentencePiece's usual way, and Llama's. */
        public static final Spaces LLAMA = new Spaces(Prefix.EACH, false, false);

        /** A part of a text between added tokens, as it is encoded: U+2581 for its spaces, and the one before it. */
        String apply(String part, boolean first) {
            String text = (collapse ? collapsed(part) : part).replace(' ', SPACE);
            boolean put = !text.isEmpty() && switch (prefix) {
                case NONE -> false;
                case FIRST -> first && text.charAt(0) != SPACE;
                case EACH_WORD -> text.charAt(0) != SPACE;
                case EACH -> true;
            };
            return put ? SPACE + text : text;
        }

        private static String collapsed(String text) {
            StringBuilder out = new StringBuilder(text.length());
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                if (c != ' ' || !out.isEmpty() && out.charAt(out.length() - 1) != ' ') {
                    out.append(c);
                }
            }
            if (!out.isEmpty() && out.charAt(out.length() - 1) == ' ') {
                out.setLength(out.length() - 1);
            }
            return out.toString();
        }
    }

    /** Where a space is put that is not in the text, so that a word at the beginning is the same token as one further on. */
    public enum Prefix {
        /** Nowhere. */
        NONE,
        /** Before the text, unless it begins with a space or an added token. */
        FIRST,
        /** Before each part of the text between added tokens that does not begin with a space. */
        EACH_WORD,
        /** Before each part of the text between added tokens. */
        EACH
    }

    public SpmModel {
        pieces = List.copyOf(pieces);
        merges = merges.map(List::copyOf);
        added = List.copyOf(added);
    }

    /**
     * A vocabulary whose pieces merge by score. Control and user-defined pieces are added tokens, as is the unknown one.
     *
     * @param unkId the unknown piece, if there is one
     */
    public static SpmModel ofScores(List<Piece> pieces, Spaces spaces, OptionalInt unkId) {
        List<AddedToken> added = new ArrayList<>();
        for (int id = 0; id < pieces.size(); id++) {
            Piece piece = pieces.get(id);
            boolean unknown = unkId.isPresent() && unkId.getAsInt() == id;
            if (!piece.text().isEmpty() && (unknown || piece.type() == Type.CONTROL || piece.type() == Type.USER_DEFINED)) {
                added.add(new AddedToken(id, piece.text(), piece.type() != Type.USER_DEFINED));
            }
        }
        return new SpmModel(pieces, Optional.empty(), spaces, added, unkId, true, false);
    }

    /** The same with other added tokens. */
    SpmModel withAdded(List<AddedToken> tokens) {
        return new SpmModel(pieces, merges, spaces, tokens, unkId, fuseUnk, wholePieces);
    }

    /**
     * The same with scores in the place of a list of merges, as GGUF and llama2.c need it; this model if it has them.
     *
     * @throws IllegalArgumentException if no scores lead to the same merges
     */
    public SpmModel byScores() {
        return SpmMerges.byScores(this);
    }
}
