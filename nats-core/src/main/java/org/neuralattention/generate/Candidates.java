package org.neuralattention.generate;

import java.util.Arrays;

/**
 * The tokens that may be chosen, each one number: its logit in the upper 32 bits, in an order that compares like floats, and the complement of
 * its id below. So a larger number is a likelier token, and of equally likely ones the one with the lower id; no two are equal.
 *
 * <p>The best ones are selected, and sorted only where {@link #sort} is asked: linear time in what is there.
 */
final class Candidates {

    private long[] keys = {};
    private double[] weights = {};
    private int size;

    /** Forgets all and makes room for {@code capacity}. */
    void clear(int capacity) {
        if (keys.length < capacity) {
            keys = new long[capacity];
            weights = new double[capacity];
        }
        size = 0;
    }

    void add(int id, float logit) {
        int bits = Float.floatToRawIntBits(logit + 0f); // + 0: no negative zero
        int ordered = bits ^ bits >> 31 & Integer.MAX_VALUE;
        keys[size++] = (long) ordered << 32 | ~id & 0xFFFF_FFFFL;
    }

    int size() {
        return size;
    }

    int id(int i) {
        return ~(int) keys[i];
    }

    private float logit(int i) {
        int ordered = (int) (keys[i] >> 32);
        return Float.intBitsToFloat(ordered ^ ordered >> 31 & Integer.MAX_VALUE);
    }

    /** weight = exp((logit - max) / temperature): 1 for the best, and proportional to the probability. */
    void weigh(float max, float temperature) {
        for (int i = 0; i < size; i++) {
            weights[i] = Math.exp(((double) logit(i) - max) / temperature);
        }
    }

    /** Keeps the k best. */
    void keepBest(int k) {
        int from = 0;
        int to = size;
        while (k < size && to - from > 1) { // the k-th best is in [from, to)
            int middle = partition(from, to);
            if (middle == k) {
                break;
            } else if (middle > k) {
                to = middle;
            } else {
                from = middle;
            }
        }
        size = Math.min(k, size);
    }

    /** Best first. Weights do not follow: it comes before {@link #weigh}. */
    void sort() {
        Arrays.sort(keys, 0, size);
        for (int i = 0, j = size - 1; i < j; i++, j--) {
            swap(i, j);
        }
    }

    /** Keeps the fewest of the best whose weights reach {@code share} of all the weight, at least one. */
    void keepMass(double share) {
        double wanted = share * sum(0, size);
        int from = 0;
        int to = size;
        while (to - from > 1) { // [0, from) is kept and weighs less than wanted; the last one to keep is in [from, to)
            int middle = partition(from, to);
            double upper = sum(from, middle);
            if (upper >= wanted) {
                to = middle;
            } else {
                wanted -= upper;
                from = middle;
            }
        }
        size = to;
    }

    /** Keeps those that weigh at least {@code weight}. */
    void keepHeavy(double weight) {
        int n = 0;
        for (int i = 0; i < size; i++) {
            if (weights[i] >= weight) {
                keys[n] = keys[i];
                weights[n++] = weights[i];
            }
        }
        size = n;
    }

    /** The id at {@code u} in [0, 1) of all the weight, laid out one after the other. */
    int draw(double u) {
        double left = u * sum(0, size);
        int last = 0;
        for (int i = 0; i < size; i++) {
            if (weights[i] > 0) { // a token whose weight vanished is never drawn, whatever rounding leaves
                last = i;
                left -= weights[i];
                if (left < 0) {
                    break;
                }
            }
        }
        return id(last);
    }

    private double sum(int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += weights[i];
        }
        return sum;
    }

    /** Hoare's partition of [from, to), at least two: afterwards all in [from, middle) are better than all in [middle, to), and neither is empty. */
    private int partition(int from, int to) {
        long pivot = median(keys[from], keys[from + to >>> 1], keys[to - 1]);
        int i = from - 1;
        int j = to;
        while (true) {
            do {
                i++;
            } while (keys[i] > pivot);
            do {
                j--;
            } while (keys[j] < pivot);
            if (i >= j) {
                return Math.max(from + 1, i);
            }
            swap(i, j);
        }
    }

    private static long median(long a, long b, long c) {
        return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    }

    private void swap(int i, int j) {
        long key = keys[i];
        keys[i] = keys[j];
        keys[j] = key;
        double weight = weights[i];
        weights[i] = weights[j];
        weights[j] = weight;
    }
}
