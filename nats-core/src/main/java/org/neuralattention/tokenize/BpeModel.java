package org.neuralattention.tokenize;

import java.util.List;
import java.util.Map;

/**
 * What a byte-level BPE tokenizer is made of: the content of its file.
 *
 * @param vocab the id of each entry, bytes written in GPT-2's alphabet of printable characters; holds the bytes
 *     of all but rare control characters and unassigned planes
 * @param merges pairs of entries that become one, the first of them first
 * @param ranks which of two merges goes first
 * @param ignoreMerges whether a word that is in the vocabulary is that token even where the merges would not lead to it
 * @param added tokens found in the text before anything else, such as {@code <|endoftext|>}; inside the vocabulary or beyond it
 * @param normalization what is done to the text between added tokens
 * @param splits how that is cut into words, which merges do not cross: by the first, then each piece by the next. None: not at all
 */
public record BpeModel(Map<String, Integer> vocab, List<Merge> merges, Ranks ranks, boolean ignoreMerges, List<AddedToken> added,
        Normalization normalization, List<Split> splits) {

    /** Two entries whose concatenation is an entry too. */
    public record Merge(String left, String right) {}

    /** Of two possible merges the one of lower rank goes first, of those of equal rank the leftmost. */
    public enum Ranks {
        /** A merge's rank is its place in the list. */
        OF_PAIRS,
        /** Merges next to each other in the list that make the same entry have one rank, as in tiktoken, which knows entries only. */
        OF_RESULTS
    }

    public BpeModel {
        vocab = Map.copyOf(vocab);
        merges = List.copyOf(merges);
        added = List.copyOf(added);
        splits = List.copyOf(splits);
    }

    /** GPT-2's kind: merges ranked one by one, words by GPT-2's pattern, no normalization. */
    public BpeModel(Map<String, Integer> vocab, List<Merge> merges, List<AddedToken> added) {
        this(vocab, merges, Ranks.OF_PAIRS, false, added, Normalization.NONE, List.of(Split.GPT2));
    }
}
