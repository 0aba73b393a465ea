package org.neuralattention.tokenize;

/** Turns one word after the other into ids. The working memory of one call of {@link BpeTokenizer#encode}. */
final class WordEncoder {

    private final int[] byteIds;
    private final WordTable words;
    private final PairMerger merger;
    private byte[] bytes = new byte[256];

    /**
     * @param byteIds the id of each byte, -1 where it has none
     * @param words words that need no merging
     */
    WordEncoder(int[] byteIds, BpeMerges merges, WordTable words) {
        this.byteIds = byteIds;
        this.words = words;
        this.merger = new PairMerger(merges);
    }

    /** Adds the ids of the word text[from, to). */
    void encode(IdList out, String text, int from, int to) {
        if (bytes.length < 3 * (to - from)) {
            bytes = new byte[Math.max(3 * (to - from), 2 * Math.min(bytes.length, 1 << 20))];
        }
        int length = Utf8.encode(text, from, to, bytes, 0);
        int known = words.get(bytes, length);
        if (known >= 0) {
            out.add(known);
            return;
        }
        merge(bytes, length);
        for (int i = 0; i < merger.size(); i++) {
            out.add(merger.get(i));
        }
    }

    private void merge(byte[] word, int length) {
        merger.clear();
        for (int i = 0; i < length; i++) {
            int id = byteIds[word[i] & 0xFF];
            if (id >= 0) {
                merger.add(id);
            }
        }
        merger.merge();
    }

    /** Whether a word's bytes merge into one token. */
    boolean isOneToken(byte[] word) {
        merge(word, word.length);
        return merger.size() == 1;
    }

    /** Whether a very long word has left more memory behind than it is worth keeping. */
    boolean isLarge() {
        return bytes.length > 1 << 20;
    }
}
