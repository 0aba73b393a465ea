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

    /** The ranges within [from, to) of a text, counted from {@code from}. */
    static int[] shifted(int[] literal, int from, int to) {
        IdList ranges = new IdList(literal.length);
        for (int i = 0; i < literal.length; i += 2) {
            if (literal[i] < to && literal[i + 1] > from) {
                ranges.add(Math.max(literal[i], from) - from);
                ranges.add(Math.min(literal[i + 1], to) - from);
            }
        }
        return ranges.toArray();
    }

    /**
     * The ranges that touch [from, to) of a text, for the normalized form of that part. A range grows by what normalization mixed at its ends.
     */
    static int[] normalized(int[] literal, String text, int from, int to, Normalization normalization, String normalized) {
        IdList ranges = new IdList(literal.length);
        int previous = 0;
        for (int i = 0; i < literal.length; i += 2) {
            if (literal[i] < to && literal[i + 1] > from && literal[i] < literal[i + 1]) {
                String before = normalization.apply(text.substring(from, Math.max(from, literal[i])));
                String after = normalization.apply(text.substring(Math.min(to, literal[i + 1]), to));
                int begin = Math.max(previous, samePrefix(before, normalized));
                previous = Math.max(begin, normalized.length() - sameSuffix(after, normalized));
                ranges.add(begin);
                ranges.add(previous);
            }
        }
        return ranges.toArray();
    }

    private static int samePrefix(String a, String b) {
        int n = 0;
        while (n < a.length() && n < b.length() && a.charAt(n) == b.charAt(n)) {
            n++;
        }
        return n;
    }

    private static int sameSuffix(String a, String b) {
        int n = 0;
        while (n < a.length() && n < b.length() && a.charAt(a.length() - 1 - n) == b.charAt(b.length() - 1 - n)) {
            n++;
        }
        return n;
    }
}
