package org.neuralattention.tokenize;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.neuralattention.tokenize.BpeModel.Merge;
import org.neuralattention.tokenize.SpmModel.Piece;
import org.neuralattention.tokenize.SpmModel.Type;

/** Which {@link SpmSymbols} merge, and between which characters nothing ever does. Immutable. */
final class SpmVocabulary {

    private final SpmModel model;
    private final SpmSymbols symbols;
    private final BpeMerges merges;
    private final Map<Integer, int[]> parts = new HashMap<>(); // of unused pieces
    private final BitSet joinsSpace = new BitSet();
    private boolean cut = true;

    /** @throws IllegalArgumentException if the model contradicts itself */
    SpmVocabulary(SpmModel model) {
        this.model = model;
        this.symbols = new SpmSymbols(model);
        if (symbols.byteIds() == null && model.unkId().isEmpty()) {
            throw new IllegalArgumentException("there is neither an unknown piece nor one for each byte");
        }
        if (model.unkId().isPresent() && (model.unkId().getAsInt() < 0 || model.unkId().getAsInt() >= size())) {
            throw new IllegalArgumentException("unkId = " + model.unkId().getAsInt() + ": must be in [0, " + size() + ")");
        }
        this.merges = model.merges().isPresent() ? ofList(model.merges().get()) : ofScores();
    }

    private BpeMerges ofList(List<Merge> list) {
        Map<String, Integer> all = new HashMap<>(symbols.ids());
        for (int id = 0; id < size(); id++) {
            all.putIfAbsent(model.pieces().get(id).text(), id);
        }
        Table table = new Table();
        for (int rank = 0; rank < list.size(); rank++) {
            Merge merge = list.get(rank);
            if (merge.left().length() + merge.right().length() > SpmSymbols.LONGEST) {
                throw new IllegalArgumentException("merge " + rank + " makes more than " + SpmSymbols.LONGEST + " characters");
            }
            int[] ids = new int[3];
            for (int i = 0; i < 3; i++) {
                String text = i == 0 ? merge.left() : i == 1 ? merge.right() : merge.left() + merge.right();
                Integer id = all.get(text);
                if (id == null) {
                    throw new IllegalArgumentException("merge " + rank + ", \"" + text + "\": not in the vocabulary");
                }
                ids[i] = id;
            }
            if (Arrays.stream(ids).allMatch(id -> symbols.isReachable(model.pieces().get(id)))) {
                table.add(ids[0], ids[1], ids[2], rank);
                // A byte stands for other text than it is written with: it may be next to anything.
                cut &= Arrays.stream(ids).noneMatch(id -> model.pieces().get(id).type() == Type.BYTE);
            }
        }
        return table.build();
    }

    /** Any two symbols merge whose concatenation is a piece; equal scores are equal ranks. */
    private BpeMerges ofScores() {
        Table table = new Table();
        Hashes known = new Hashes(symbols.ids());
        Integer[] byScore = symbols.ids().values().toArray(Integer[]::new);
        Arrays.sort(byScore, (a, b) -> Float.compare(score(b), score(a)));
        int rank = 0;
        for (int i = 0; i < byScore.length; i++) {
            int id = byScore[i];
            if (i > 0 && score(id) != score(byScore[i - 1])) {
                rank++;
            }
            splits(table, known, id, rank);
        }
        return table.build();
    }

    private float score(int id) {
        return model.pieces().get(id).score() + 0f; // -0 is 0
    }

    /** Adds all pairs of symbols that make a piece. */
    private void splits(Table table, Hashes known, int id, int rank) {
        Piece piece = model.pieces().get(id);
        String text = piece.text();
        if (SpmSymbols.isCharacter(text)) {
            return;
        }
        int[] hashes = Hashes.ofBeginnings(text);
        for (int at = text.offsetByCodePoints(0, 1); at < text.length(); at = text.offsetByCodePoints(at, 1)) {
            if (!known.mayHave(hashes, 0, at) || !known.mayHave(hashes, at, text.length())) {
                continue;
            }
            int left = symbols.ofPart(text.substring(0, at));
            int right = left < 0 ? -1 : symbols.ofPart(text.substring(at));
            if (right < 0) {
                continue;
            }
            table.add(left, right, id, rank);
            if (piece.type() == Type.UNUSED && parts.put(id, new int[] {left, right}) != null) {
                throw new IllegalArgumentException("piece " + id + ", \"" + text + "\", is unused and can be made of others in more than one way");
            }
        }
    }

    /** Merges as they are collected. */
    private final class Table {
        private int[] numbers = new int[4 * 1024]; // left, right, merged, rank
        private int count;

        void add(int left, int right, int merged, int rank) {
            if (4 * count == numbers.length) {
                numbers = Arrays.copyOf(numbers, 2 * numbers.length);
            }
            numbers[4 * count] = left;
            numbers[4 * count + 1] = right;
            numbers[4 * count + 2] = merged;
            numbers[4 * count + 3] = rank;
            count++;
            // A space inside a piece, and what is before it, may not be cut apart.
            String text = model.pieces().get(merged).text();
            for (int i = text.indexOf(SpmModel.SPACE, 1); i >= 0; i = text.indexOf(SpmModel.SPACE, i + 1)) {
                joinsSpace.set(text.charAt(i - 1));
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

    /** Tells most texts that are no piece from those that are, without looking at all their characters: a long piece has many parts. */
    private static final class Hashes {
        private static final int[] POWERS = new int[SpmSymbols.LONGEST + 1]; // of 31

        static {
            POWERS[0] = 1;
            for (int i = 1; i < POWERS.length; i++) {
                POWERS[i] = 31 * POWERS[i - 1];
            }
        }

        private final BitSet hashes = new BitSet();

        Hashes(Map<String, Integer> pieces) {
            for (String text : pieces.keySet()) {
                hashes.set(slot(text.hashCode()));
            }
        }

        private static int slot(int hash) {
            return hash * 0x9E3779B9 >>> 10;
        }

        /** What String.hashCode gives for the beginnings of a text, by their length. */
        static int[] ofBeginnings(String text) {
            int[] beginnings = new int[text.length() + 1];
            for (int i = 0; i < text.length(); i++) {
                beginnings[i + 1] = 31 * beginnings[i] + text.charAt(i);
            }
            return beginnings;
        }

        /** Whether text[from, to) may be a piece; a character, which need not be one, always may. */
        boolean mayHave(int[] beginnings, int from, int to) {
            return to - from <= 2 || hashes.get(slot(beginnings[to] - beginnings[from] * POWERS[to - from]));
        }
    }

    /** Number of pieces; symbols from there on are characters that are none. */
    int size() {
        return model.pieces().size();
    }

    SpmSymbols symbols() {
        return symbols;
    }

    BpeMerges merges() {
        return merges;
    }

    /** A merger of symbols, for one thread. */
    PairMerger merger() {
        return new PairMerger(merges);
    }

    /** The two symbols that an unused piece was merged from; null for other pieces. */
    int[] parts(int id) {
        return parts.get(id);
    }

    /** Whether a text can be cut between c and a space after it: no piece has the two inside, so nothing merges over the cut. */
    boolean cutsBeforeSpaceAfter(char c) {
        return cut && !joinsSpace.get(c);
    }
}
