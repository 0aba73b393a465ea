package org.neuralattention.bench.tasks;

import org.neuralattention.kernels.CounterRandom;

/** Random choices of one sequence: a pure function of (seed, index, what is drawn, number of the draw). */
record Draws(long seed, long index) {

    /** Uniform in [0, 1). */
    double uniform(int stream, int draw) {
        return CounterRandom.uniform(seed, index, stream, 0, 0, draw);
    }

    /** Uniform in [0, n). */
    int below(int n, int stream, int draw) {
        return (int) (uniform(stream, draw) * n);
    }

    /** {@code count} different numbers of [0, n), in random order (Fisher and Yates, stopped early). */
    int[] distinct(int count, int n, int stream) {
        int[] all = new int[n];
        for (int i = 0; i < n; i++) {
            all[i] = i;
        }
        int[] chosen = new int[count];
        for (int i = 0; i < count; i++) {
            int j = i + below(n - i, stream, i);
            chosen[i] = all[j];
            all[j] = all[i];
        }
        return chosen;
    }

    /** {@code count} different numbers of [0, weights.length), one after the other, by weight among those left. */
    int[] distinctByWeight(int count, double[] weights, int stream) {
        double[] left = weights.clone();
        int[] chosen = new int[count];
        for (int i = 0; i < count; i++) {
            double sum = 0;
            for (double weight : left) {
                sum += weight;
            }
            double at = uniform(stream, i) * sum;
            int last = -1;
            for (int j = 0; j < left.length && at >= 0; j++) {
                if (left[j] > 0) {
                    last = j;
                    at -= left[j];
                }
            }
            chosen[i] = last;
            left[last] = 0;
        }
        return chosen;
    }
}
