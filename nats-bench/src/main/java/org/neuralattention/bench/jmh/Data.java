package org.neuralattention.bench.jmh;

import java.util.SplittableRandom;

/** Inputs for the suites, the same in every run. */
public final class Data {

    private Data() {}

    /** n floats in (-1, 1). */
    public static float[] random(int n) {
        SplittableRandom random = new SplittableRandom(n);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = 2 * random.nextFloat() - 1;
        }
        return values;
    }

    /** n ids in [0, vocabSize). */
    public static int[] ids(int n, int vocabSize) {
        return new SplittableRandom(n).ints(n, 0, vocabSize).toArray();
    }
}
