package org.neuralattention.tokenize;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.neuralattention.tokenize.SpmModel.Piece;
import org.neuralattention.tokenize.SpmModel.Type;

/**
 * What text is merged from: the symbol of each character, and the bytes that stand for one that has none. A symbol is a piece's id or, beyond those, a
 * character that is no piece but a part of one.
 */
final class SpmSymbols {

    /** Characters of a piece that text can become. Bounds the work of finding its parts; the longest in use have some hundred. */
    static final int LONGEST = 1024;

    private static final int PAGE = 256;
    private static final int[] NONE = new int[PAGE];

    static {
        Arrays.fill(NONE, -1);
    }

    private final SpmModel model;
    private final Map<String, Integer> ids = new HashMap<>(); // of pieces that text can become
    private final int[][] pages = new int[(Character.MAX_CODE_POINT + 1) / PAGE][];
    private final List<Integer> characters = new ArrayList<>(); // of the symbols that are no pieces
    private final int[] byteIds;

    /** @throws IllegalArgumentException if a piece is there twice, or some bytes have one and others have not */
    SpmSymbols(SpmModel model) {
        this.model = model;
        this.byteIds = byteIds(model);
        Arrays.fill(pages, NONE);
        for (int id = 0; id < model.pieces().size(); id++) {
            Piece piece = model.pieces().get(id);
            if (isReachable(piece) && piece.text().length() > LONGEST) {
                throw new IllegalArgumentException("piece " + id + " has " + piece.text().length() + " characters: at most " + LONGEST + " can be merged");
            }
            if (isReachable(piece) && ids.put(piece.text(), id) != null) {
                throw new IllegalArgumentException("piece " + id + ", \"" + piece.text() + "\", is there twice");
            }
        }
        ids.forEach((text, id) -> {
            if (isCharacter(text)) {
                set(text.codePointAt(0), id);
            }
        });
    }

    /** Text never becomes a control or unknown piece. User-defined ones are found before; only a list of merges may have them as parts. */
    boolean isReachable(Piece piece) {
        return !piece.text().isEmpty() && switch (piece.type()) {
            case NORMAL, UNUSED -> true;
            case USER_DEFINED, BYTE -> model.merges().isPresent();
            case CONTROL, UNKNOWN -> false;
        };
    }

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
        return HexFormat.isHexDigit(piece.charAt(3)) && HexFormat.isHexDigit(piece.charAt(4)) ? HexFormat.fromHexDigits(piece, 3, 5) : -1;
    }

    /** How the piece of a byte is written. */
    static String byteToken(int value) {
        return "<0x" + HexFormat.of().withUpperCase().toHexDigits((byte) value) + ">";
    }

    static boolean isCharacter(String text) {
        return text.length() == Character.charCount(text.codePointAt(0));
    }

    private void set(int codePoint, int symbol) {
        int page = codePoint / PAGE;
        if (pages[page] == NONE) {
            pages[page] = NONE.clone();
        }
        pages[page][codePoint % PAGE] = symbol;
    }

    /** The symbol of a part of a piece, -1 if there is none. A character becomes one if it is no piece. */
    int ofPart(String text) {
        Integer id = ids.get(text);
        if (id != null || !isCharacter(text)) {
            return id == null ? -1 : id;
        }
        int codePoint = text.codePointAt(0);
        if (get(codePoint) < 0) {
            set(codePoint, model.pieces().size() + characters.size());
            characters.add(codePoint);
        }
        return get(codePoint);
    }

    /** The symbol of a character, or -1. */
    int get(int codePoint) {
        return pages[codePoint >> 8][codePoint & PAGE - 1];
    }

    /** The character of a symbol that is no piece. */
    int character(int symbol) {
        return characters.get(symbol - model.pieces().size());
    }

    /** The ids of all the pieces that text can become, by their text. */
    Map<String, Integer> ids() {
        return ids;
    }

    /** The id of each byte, or null if characters that are no pieces are unknown. */
    int[] byteIds() {
        return byteIds;
    }
}
