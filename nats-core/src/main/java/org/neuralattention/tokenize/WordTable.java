package org.neuralattention.tokenize;

import java.util.Arrays;

/** Words that are one token: an immutable hash table from bytes to an id. Open addressing, at most half full. */
final class WordTable {

    private final byte[][] words;
    private final int[] ids;
    private final int longest;

    /** The words are {@code tokens[ids[i]]}. */
    WordTable(byte[][] tokens, int[] words) {
        int capacity = Integer.highestOneBit(Math.max(8, words.length)) << 2;
        this.words = new byte[capacity][];
        this.ids = new int[capacity];
        int max = 0;
        for (int id : words) {
            byte[] word = tokens[id];
            max = Math.max(max, word.length);
            int slot = hash(word, word.length) & capacity - 1;
            while (this.words[slot] != null) {
                slot = slot + 1 & capacity - 1;
            }
            this.words[slot] = word;
            this.ids[slot] = id;
        }
        longest = max;
    }

    /** The id of the word {@code bytes[0, length)}, or -1. */
    int get(byte[] bytes, int length) {
        if (length > longest) {
            return -1;
        }
        for (int slot = hash(bytes, length) & words.length - 1; words[slot] != null; slot = slot + 1 & words.length - 1) {
            byte[] word = words[slot];
            if (Arrays.equals(word, 0, word.length, bytes, 0, length)) {
                return ids[slot];
            }
        }
        return -1;
    }

    private static int hash(byte[] bytes, int length) {
        int hash = 0;
        for (int i = 0; i < length; i++) {
            hash = 31 * hash + bytes[i];
        }
        return hash * 0x9E3779B9 >>> 7; // the low bits of a short word's sum are poor
    }
}
