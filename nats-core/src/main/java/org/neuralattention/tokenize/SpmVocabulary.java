package org.neuralattention.tokenize;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.neuralattention.tokenize.BpeModel.Merge;
import org.neuralattention.tokenize.SpmModel.Piece;
import org.neuralattention.tokenize.SpmModel.Type;

/**
 * The tables that text is encoded with: the symbol of each character, which symbols merge, and between which characters nothing ever does.
 * A symbol is a piece's id or, from {@link #size} on, a character that is no piece but a part of one. Immutable.
 */
final class SpmVocabulary {

    /** Bounds the work of finding the parts of a piece; the longest in use have some hundred characters. */
    static final int LONGEST = 1024;

    private static final int PAGE = 256;
    private static final int[] NO_SYMBOLS = new int[PAGE];

    static {
        Arrays.fill(NO_SYMBOLS, -1);
    }

    private final SpmModel model;
    private final Map<String, Integer> ids = new HashMap<>(); // of pieces that text can become
    private final int[][] symbols = new int[(Character.MAX_CODE_POINT + 1) / PAGE][];
    private final List<Integer> characters = new ArrayList<>(); // of the symbols that are no pieces
    private final BpeMerges merges;
    private final int[] byteIds;
    private final Map<Integer, int[]> parts = new HashMap<>(); // of unused pieces
    private final BitSet joinsSpace = new BitSet();
    private final boolean cut;

    /** @throws IllegalArgumentException if the model contradicts itself */
    SpmVocabulary(SpmModel model) {
        this.model = model;
        Arrays.fill(symbols, NO_SYMBOLS);
        this.byteIds = byteIds(model);
        if (byteIds == null && model.unkId().isEmpty()) {
            throw new IllegalArgumentException("there is neither an unknown piece nor one for each byte");
        }
        model.unkId().ifPresent(id -> checkId("unkId", id));
        for (int id = 0; id < size(); id++) {
            Piece piece = model.pieces().get(id);
            if (mergeable(piece) && ids.put(piece.text(), id) != null) {
                throw new IllegalArgumentException("piece " + id + ", \"" + piece.text() + "\", is there twice");
            }
        }
        ids.forEach((text, id) -> {
            if (isCharacter(text)) {
                setSymbol(text.codePointAt(0), id);
            }
        });
        Table table = model.merges().isPresent() ? ofMerges(model.merges().get()) : ofScores();
        this.merges = table.build();
        this.cut = table.cut;
    }

    private void checkId(String name, int id) {
        if (id < 0 || id >= size()) {
            throw new IllegalArgumentException(name + " = " + id + ": must be in [0, " + size() + ")");
        }
    }

    /** Text never becomes a control or unknown piece. User-defined ones are found before; only a list of merges may have them as parts. */
    private boolean mergeable(Piece piece) {
        return !piece.text().isEmpty() && switch (piece.type()) {
            case NORMAL, UNUSED -> true;
            case USER_DEFINED, BYTE -> model.merges().isPresent();
            case CONTROL, UNKNOWN -> false;
        };
    }

    /** The id of each byte's piece; null if there are none. */
    private static int[] byteIds(SpmModel model) {
        int[] ids = new int[256];
        Arrays.fill(ids, -1);
        int found = 0;
        for (int id = 0; id < model.pieces().size(); id++) {
            Piece piece = model.pieces().get(id);
            if (piece.type() != Type.BYTE) {
                continue;
            }
            int value = byteValue(piece.text());
            if (value < 0 || ids[value] >= 0) {
                throw new IllegalArgumentException("piece " + id + ", \"" + piece.text() + "\": "
                        + (value < 0 ? "a byte's must be written <0x41>" : "is there twice"));
            }
            ids[value] = id;
            found++;
        }
        if (found != 0 && found != 256) {
            throw new IllegalArgumentException(found + " pieces for bytes: must be all 256 or none");
        }
        return found == 0 ? null : ids;
    }

    /** The byte that a piece like {@code <0x41>} stands for, or -1. */
    static int byteValue(String piece) {
        if (piece.length() != 6 || !piece.startsWith("<0x") || piece.charAt(5) != '>') {
            return -1;
        }
        int high = Character.digit(piece.charAt(3), 16);
        int low = Character.digit(piece.charAt(4), 16);
        return piece.charAt(3) < 128 && piece.charAt(4) < 128 && high >= 0 && low >= 0 ? 16 * high + low : -1;
    }

    /** How the piece of a byte is written. */
    static String byteToken(int value) {
        return "<0x" + HexFormat.of().withUpperCase().toHexDigits((byte) value) + ">";
    }

    private static boolean isCharacter(String text) {
        return text.length() == Character.charCount(text.codePointAt(0));
    }

    private void setSymbol(int codePoint, int symbol) {
        int page = codePoint / PAGE;
        if (symbols[page] == NO_SYMBOLS) {
            symbols[page] = NO_SYMBOLS.clone();
        }
        symbols[page][codePoint % PAGE] = symbol;
    }

    /** Merges as they are collected, and what follows from them about where a text can be cut. */
    private final class Table {
        private int[] numbers = new int[4 * 1024]; // left, right, merged, rank
        private int count;
        private boolean cut = true;

        void add(int left, int right, int merged, int rank) {
            if (4 * count == numbers.length) {
                numbers = Arrays.copyOf(numbers, 2 * numbers.length);
            }
            numbers[4 * count] = left;
            numbers[4 * count + 1] = right;
            numbers[4 * count + 2] = merged;
            numbers[4 * count + 3] = rank;
            count++;
        }

        /** A space inside a piece, and what is before it, may not be cut apart. */
        void join(String piece) {
            for (int i = piece.indexOf(SpmModel.SPACE, 1); i >= 0; i = piece.indexOf(SpmModel.SPACE, i + 1)) {
                joinsSpace.set(piece.charAt(i - 1));
            }
        }

        BpeMerges build() {
            int[][] columns = new int[4][count];
            for (int i = 0; i < 4 * count; i++) {
                columns[i % 4][i / 4] = numbers[i];
            }
            return new BpeMerges(columns[0], columns[1], columns[2], columns[3]);
        }
    }

    private Table ofMerges(List<Merge> list) {
        Map<String, Integer> all = new HashMap<>(ids);
        for (int id = 0; id < size(); id++) {
            all.putIfAbsent(model.pieces().get(id).text(), id);
        }
        Table table = new Table();
        for (int rank = 0; rank < list.size(); rank++) {
            Merge merge = list.get(rank);
            int[] pieces = new int[3];
            for (int i = 0; i < 3; i++) {
                String text = i == 0 ? merge.left() : i == 1 ? merge.right() : merge.left() + merge.right();
                Integer id = all.get(text);
                if (id == null) {
                    throw new IllegalArgumentException("merge " + rank + ", \"" + text + "\": not in the vocabulary");
                }
                pieces[i] = id;
            }
            if (Arrays.stream(pieces).allMatch(id -> mergeable(model.pieces().get(id)))) {
                table.add(pieces[0], pieces[1], pieces[2], rank);
                table.join(model.pieces().get(pieces[2]).text());
                // A byte stands for other text than it is written with: it may be next to anything.
                table.cut &= Arrays.stream(pieces).noneMatch(id -> model.pieces().get(id).type() == Type.BYTE);
            }
        }
        return table;
    }

    /** Any two symbols merge whose concatenation is a piece; equal scores are equal ranks. */
    private Table ofScores() {
        Table table = new Table();
        List<Piece> pieces = model.pieces();
        Integer[] byScore = ids.values().toArray(Integer[]::new);
        Arrays.sort(byScore, (a, b) -> Float.compare(score(b), score(a)));
        int rank = 0;
        for (int i = 0; i < byScore.length; i++) {
            int id = byScore[i];
            if (i > 0 && score(id) != score(byScore[i - 1])) {
                rank++;
            }
            String text = pieces.get(id).text();
            if (isCharacter(text)) {
                continue;
            }
            if (text.length() > LONGEST) {
                throw new IllegalArgumentException("piece " + id + " has " + text.length() + " characters: at most " + LONGEST + " can be merged");
            }
            for (int at = text.offsetByCodePoints(0, 1); at < text.length(); at = text.offsetByCodePoints(at, 1)) {
                int left = part(text.substring(0, at));
                int right = left < 0 ? -1 : part(text.substring(at));
                if (right >= 0) {
                    table.add(left, right, id, rank);
                    table.join(text);
                    unused(id, left, right);
                }
            }
        }
        return table;
    }

    private float score(int id) {
        return model.pieces().get(id).score() + 0f; // -0 is 0
    }

    /** The symbol of a part of a piece, which may be a character that is no piece; -1 if there is none. */
    private int part(String text) {
        Integer id = ids.get(text);
        if (id != null) {
            return id;
        }
        if (!isCharacter(text)) {
            return -1;
        }
        int codePoint = text.codePointAt(0);
        if (symbol(codePoint) < 0) {
            setSymbol(codePoint, size() + characters.size());
            characters.add(codePoint);
        }
        return symbol(codePoint);
    }

    private void unused(int id, int left, int right) {
        if (model.pieces().get(id).type() == Type.UNUSED && parts.put(id, new int[] {left, right}) != null) {
            throw new IllegalArgumentException("piece " + id + ", \"" + model.pieces().get(id).text()
                    + "\", is unused and can be made of others in more than one way");
        }
    }

    /** Number of pieces. */
    int size() {
        return model.pieces().size();
    }

    BpeMerges merges() {
        return merges;
    }

    /** A merger of symbols, for one thread. */
    PairMerger merger() {
        return new PairMerger(merges);
    }

    /** The symbol of a character, or -1. */
    int symbol(int codePoint) {
        return symbols[codePoint >> 8][codePoint & PAGE - 1];
    }

    /** The character that a symbol from {@link #size} on stands for. */
    int character(int symbol) {
        return characters.get(symbol - size());
    }

    /** The id of a text that is a piece, or null. */
    Integer id(String text) {
        return ids.get(text);
    }

    /** The two symbols that an unused piece was merged from; null for other pieces. */
    int[] parts(int id) {
        return parts.get(id);
    }

    /** The id of each byte, or null if characters that are no pieces are unknown. */
    int[] byteIds() {
        return byteIds;
    }

    /** Whether a text can be cut between c and a space after it: no piece has the two inside, so nothing merges over the cut. */
    boolean cutsBeforeSpaceAfter(char c) {
        return cut && !joinsSpace.get(c);
    }
}
