package org.neuralattention.tokenize;

import java.util.Arrays;

/**
 * The merges of a byte pair encoding: an immutable hash table from a pair of ids to the merge's rank and its result.
 * Open addressing, at most half full.
 */
final class BpeMerges {

    /** What {@link #get} gives for a pair that does not merge: larger than any merge. */
    static final long NONE = Long.MAX_VALUE;

    private final long[] pairs;  // left id << 32 | right id, -1 where empty
    private final long[] merges; // rank << 32 | merged id
    private final int shift;
    private final int ranks;

    /** Merge {@code i} makes {@code merged[i]} of {@code left[i]} and {@code right[i]} and has rank {@code ranks[i]}; the last one counts where a pair is listed twice. */
    BpeMerges(int[] left, int[] right, int[] merged, int[] ranks) {
        int capacity = Integer.highestOneBit(Math.max(8, left.length)) << 2;
        pairs = new long[capacity];
        merges = new long[capacity];
        shift = Long.numberOfLeadingZeros(capacity) + 1;
        Arrays.fill(pairs, -1);
        int highest = -1;
        for (int i = 0; i < left.length; i++) {
            long pair = (long) left[i] << 32 | right[i];
            int slot = slot(pair);
            while (pairs[slot] != -1 && pairs[slot] != pair) {
                slot = slot + 1 & capacity - 1;
            }
            pairs[slot] = pair;
            merges[slot] = (long) ranks[i] << 32 | merged[i];
            highest = Math.max(highest, ranks[i]);
        }
        this.ranks = highest + 1;
    }

    /** Fibonacci hashing of both ids. */
    private int slot(long pair) {
        return (int) ((pair ^ pair >>> 32 << 20) * 0x9E3779B97F4A7C15L >>> shift);
    }

    /** {@code rank << 32 | merged id} of a pair, or {@link #NONE}. The smaller one merges first. */
    long get(int left, int right) {
        long pair = (long) left << 32 | right;
        for (int slot = slot(pair); pairs[slot] != -1; slot = slot + 1 & pairs.length - 1) {
            if (pairs[slot] == pair) {
                return merges[slot];
            }
        }
        return NONE;
    }

    /** A merge as {@link #forEach} gives it. */
    interface Visitor {
        void visit(int left, int right, int merged, int rank);
    }

    /** All merges, in no particular order. */
    void forEach(Visitor visitor) {
        for (int slot = 0; slot < pairs.length; slot++) {
            if (pairs[slot] != -1) {
                visitor.visit((int) (pairs[slot] >>> 32), (int) pairs[slot], merged(merges[slot]), rank(merges[slot]));
            }
        }
    }

    /** All ranks are below it. */
    int ranks() {
        return ranks;
    }

    static int rank(long merge) {
        return (int) (merge >>> 32);
    }

    static int merged(long merge) {
        return (int) merge;
    }
}
