package org.neuralattention.tokenize;

/** Parts of a text in which special tokens are only text: pairs [from, to), ascending and not overlapping. */
final class LiteralRanges {

    private LiteralRanges() {}

    /** @throws IllegalArgumentException unless {@code literal} holds such pairs within the text */
    static void check(String text, int[] literal) {
        if (literal.length % 2 != 0) {
            throw new IllegalArgumentException("literal has " + literal.length + " numbers: must be pairs [from, to)");
        }
        int previous = 0;
        for (int i = 0; i < literal.length; i++) {
            if (literal[i] < previous || literal[i] > text.length()) {
                throw new IllegalArgumentException("literal[" + i + "] = " + literal[i] + ": must be in [" + previous + ", " + text.length() + "]");
            }
            previous = literal[i];
        }
    }

    /** Whether any character of [from, to) is literal. */
    static boolean touch(int[] literal, int from, int to) {
        int low = 0; // binary search: the first range that ends after from
        int high = literal.length / 2;
        while (low < high) {
            int middle = low + high >>> 1;
            if (literal[2 * middle + 1] > from) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        for (int i = low; 2 * i < literal.length && literal[2 * i] < to; i++) {
            if (literal[2 * i] < literal[2 * i + 1]) { // an empty range touches nothing
                return true;
            }
        }
        return false;
    }
}
