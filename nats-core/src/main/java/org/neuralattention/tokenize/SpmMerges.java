package org.neuralattention.tokenize;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.neuralattention.tokenize.BpeModel.Merge;
import org.neuralattention.tokenize.SpmModel.Piece;
import org.neuralattention.tokenize.SpmModel.Type;

/**
 * From scores to a list of merges and back, for files that know only one of the two. Several pieces may share a score only if they are all runs of
 * one character: by score the leftmost of such pairs merges first, in a list the one that is listed first, and only for runs both lead to the same.
 */
final class SpmMerges {

    /** Two symbols that merge; rank as in the vocabulary. */
    private record Entry(int left, int right, int merged, int rank) {}

    private SpmMerges() {}

    private static List<Entry> entries(SpmVocabulary vocabulary) {
        List<Entry> entries = new ArrayList<>();
        vocabulary.merges().forEach((left, right, merged, rank) -> entries.add(new Entry(left, right, merged, rank)));
        return entries;
    }

    /**
     * The merges of a model, as a list if they are given by scores: highest score first, then the longest left part, in the order of Hugging Face's
     * converter.
     *
     * @throws IllegalArgumentException if no list says the same
     */
    static List<Merge> list(SpmModel model) {
        if (model.merges().isPresent()) {
            return model.merges().get();
        }
        List<Entry> entries = entries(new SpmVocabulary(model));
        for (Entry e : entries) {
            if (Math.max(e.left, e.right) >= model.pieces().size() || model.pieces().get(e.merged).type() == Type.UNUSED) {
                throw new IllegalArgumentException("no list of merges can say how " + text(model, e.merged) + " comes about, which "
                        + (model.pieces().get(e.merged).type() == Type.UNUSED ? "is unused" : "has characters that are no pieces"));
            }
        }
        entries.sort(Comparator.comparingInt(Entry::rank)
                .thenComparing(Comparator.comparingInt((Entry e) -> length(model, e.left)).reversed())
                .thenComparing(Comparator.comparingInt((Entry e) -> length(model, e.right)).reversed())
                .thenComparingInt(Entry::merged));
        for (int i = 1; i < entries.size(); i++) {
            if (entries.get(i).rank == entries.get(i - 1).rank) {
                checkRuns(model, entries.get(i - 1).merged, entries.get(i).merged);
            }
        }
        return entries.stream().map(e -> new Merge(piece(model, e.left), piece(model, e.right))).toList();
    }

    /**
     * The model with merges by score; scores follow from the list of merges if there is one.
     *
     * @throws IllegalArgumentException if no scores say the same
     */
    static SpmModel byScores(SpmModel model) {
        if (model.merges().isEmpty()) {
            return model;
        }
        List<Entry> entries = entries(new SpmVocabulary(model));
        float[] scores = scores(model, entries);
        List<Piece> pieces = new ArrayList<>();
        for (int id = 0; id < scores.length; id++) {
            pieces.add(new Piece(piece(model, id), scores[id], model.pieces().get(id).type()));
        }
        SpmModel scored = new SpmModel(pieces, Optional.empty(), model.spaces(), model.added(), model.unkId(), model.fuseUnk(), model.wholePieces());
        Map<Long, Integer> listed = new HashMap<>();
        entries.forEach(e -> listed.put((long) e.left << 32 | e.right, e.merged));
        for (Entry e : entries(new SpmVocabulary(scored))) {
            if (listed.remove((long) e.left << 32 | e.right) == null) {
                throw new IllegalArgumentException("no scores say that " + text(model, e.left) + " and " + text(model, e.right) + " do not merge, since "
                        + text(model, e.merged) + " is a piece");
            }
        }
        if (!listed.isEmpty()) {
            throw new IllegalArgumentException("no scores make " + text(model, listed.values().iterator().next()) + ", which is no text");
        }
        return scored;
    }

    /** 0 for the pieces that merge first, -1 for the next and so on; the same for runs whose merges are listed among each other's. Others have 0. */
    private static float[] scores(SpmModel model, List<Entry> entries) {
        int n = model.pieces().size();
        int[] first = new int[n];
        int[] last = new int[n];
        Arrays.fill(first, Integer.MAX_VALUE);
        for (Entry e : entries) {
            first[e.merged] = Math.min(first[e.merged], e.rank);
            last[e.merged] = Math.max(last[e.merged], e.rank);
        }
        float[] scores = new float[n];
        List<Integer> merged = entries.stream().map(Entry::merged).distinct().sorted(Comparator.comparingInt(id -> first[id])).toList();
        int end = -1;
        int score = 1;
        for (int i = 0; i < merged.size(); i++) {
            int id = merged.get(i);
            if (first[id] > end) {
                score--;
            } else {
                checkRuns(model, merged.get(i - 1), id);
            }
            end = Math.max(end, last[id]);
            scores[id] = score;
        }
        return scores;
    }

    private static void checkRuns(SpmModel model, int a, int b) {
        String one = piece(model, a);
        String other = piece(model, b);
        if (a != b && (one + other).codePoints().distinct().count() > 1) {
            throw new IllegalArgumentException("whether " + text(model, a) + " or " + text(model, b) + " merges first depends on their places: no "
                    + "tokenizer.json or score can say that");
        }
    }

    private static String piece(SpmModel model, int id) {
        return model.pieces().get(id).text();
    }

    private static String text(SpmModel model, int id) {
        return "\"" + piece(model, id) + "\"";
    }

    private static int length(SpmModel model, int id) {
        return piece(model, id).codePointCount(0, piece(model, id).length());
    }
}
