package org.neuralattention.cache;

import java.util.Random;
import java.util.stream.IntStream;

/** Random input for the tests of this package. */
final class KvCacheCases {

    private KvCacheCases() {}

    static int[] windows(Random random, int n) {
        return random.ints(1, 45).distinct().limit(n).sorted().toArray();
    }

    /** Roles in random proportions, so that long segments of locals and full rings occur. */
    static int[] roles(Random random, int nRoles, int rows) {
        int favourite = random.nextInt(nRoles);
        double share = random.nextDouble();
        return IntStream.range(0, rows).map(n -> random.nextDouble() < share ? favourite : random.nextInt(nRoles)).toArray();
    }

    static float[] randomFloats(Random random, int length) {
        float[] x = new float[length];
        for (int i = 0; i < length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }
}
