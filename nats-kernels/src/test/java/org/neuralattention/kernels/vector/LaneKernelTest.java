package org.neuralattention.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A machine runs one of the two kernels; here both run everywhere. Tagged, for the pom leaves it out in the JVM without the incubator module. */
@Tag("vector")
class LaneKernelTest {

    private static final int LANES = LiveKeys.LANES;
    private static final int ROW = 40;
    private static final int[] DEPTHS = {0, 1, 2, 7, 33};

    private final SplittableRandom random = new SplittableRandom(1);
    private final float[] a = random(100 * ROW);
    private final float[] lanes = random(40 * LANES);
    private final int[] at = {7 * ROW, 3 * ROW, 0, ROW, 9 * ROW, 2 * ROW, 8 * ROW, 5 * ROW, 4 * ROW, 6 * ROW};

    @Test
    void scoresAreTheProduct() {
        for (int depth : DEPTHS) {
            float[] wide = random(10 * LANES);
            float[] narrow = wide.clone();
            LaneKernel.scores(wide, 3, a, 5, at, 1, lanes, 2, depth);
            for (int i = 0; i < LaneKernel.ROWS; i += LaneKernel16.ROWS) {
                LaneKernel16.scores(narrow, 3 + i * LANES, a, 5, at, 1 + i, lanes, 2, depth);
            }
            assertArrayEquals(wide, narrow, "depth " + depth);
            for (int i = 0; i < LaneKernel.ROWS; i++) {
                for (int l = 0; l < LaneProduct.COLUMNS; l++) {
                    double sum = 0;
                    for (int d = 0; d < depth; d++) {
                        sum += (double) a[5 + at[1 + i] + d] * lanes[2 + d * LANES + l];
                    }
                    assertEquals(sum, wide[3 + i * LANES + l], 1e-5);
                }
            }
        }
    }

    @Test
    void sumsAreAddedToLanes() {
        int[] keys = new int[40];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = at[i % at.length] + i;
        }
        for (int depth : DEPTHS) {
            float[] before = random(10 * LANES);
            float[] wide = before.clone();
            float[] narrow = before.clone();
            LaneKernel.addToLanes(wide, 3, a, 5, keys, lanes, 2, depth);
            for (int d = 0; d < LaneKernel.ROWS; d += LaneKernel16.ROWS) {
                LaneKernel16.addToLanes(narrow, 3 + d * LANES, a, 5 + d, keys, lanes, 2, depth);
            }
            assertArrayEquals(wide, narrow, "depth " + depth);
            for (int d = 0; d < LaneKernel.ROWS; d++) {
                for (int l = 0; l < LaneProduct.COLUMNS; l++) {
                    double sum = before[3 + d * LANES + l];
                    for (int i = 0; i < depth; i++) {
                        sum += (double) a[5 + keys[i] + d] * lanes[2 + i * LANES + l];
                    }
                    assertEquals(sum, wide[3 + d * LANES + l], 1e-5);
                }
            }
        }
    }

    @Test
    void sumsAreAddedToKeys() {
        for (int depth : DEPTHS) {
            float[] before = random(100 * ROW);
            float[] wide = before.clone();
            float[] narrow = before.clone();
            LaneKernel.addToKeys(wide, 3, at, 1, lanes, 2, a, 5, ROW, depth);
            for (int i = 0; i < LaneKernel.ROWS; i += LaneKernel16.ROWS) {
                LaneKernel16.addToKeys(narrow, 3, at, 1 + i, lanes, 2 + i * LANES, a, 5, ROW, depth);
            }
            assertArrayEquals(wide, narrow, "depth " + depth);
            for (int i = 0; i < LaneKernel.ROWS; i++) {
                for (int d = 0; d < LaneProduct.COLUMNS; d++) {
                    double sum = before[3 + at[1 + i] + d];
                    for (int l = 0; l < depth; l++) {
                        sum += (double) lanes[2 + i * LANES + l] * a[5 + l * ROW + d];
                    }
                    assertEquals(sum, wide[3 + at[1 + i] + d], 1e-5);
                }
            }
        }
    }

    private float[] random(int length) {
        float[] x = new float[length];
        for (int i = 0; i < length; i++) {
            x[i] = random.nextFloat() - 0.5f;
        }
        return x;
    }
}
