package org.neuralattention.tokenize;

import java.util.List;
import java.util.Map;

/**
 * What a byte-level BPE tokenizer is made of: the content of its file.
 *
 * @param vocab the id of each entry, bytes written in GPT-2's alphabet of printable characters; holds each of the 256 bytes
 * @param merges pairs of entries that become one, the first of them first
 * @param added tokens found in the text before anything else, such as {@code <|endoftext|>}; inside the vocabulary or beyond it
 * @param splitWords whether text is first cut by GPT-2's pattern, so that merges stay within words
 * @param ignoreMerges whether a word that is in the vocabulary is that token even where the merges would not lead to it
 */
public record BpeModel(Map<String, Integer> vocab, List<Merge> merges, List<AddedToken> added, boolean splitWords, boolean ignoreMerges) {

    /** Two entries whose concatenation is an entry too. */
    public record Merge(String left, String right) {}

    /** A token that is found in the text as it is written; {@code special} ones mean something to the model and are not text. */
    public record AddedToken(int id, String content, boolean special) {}

    public BpeModel {
        vocab = Map.copyOf(vocab);
        merges = List.copyOf(merges);
        added = List.copyOf(added);
    }
}
