package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KvBlockTest {

    private static final int[] HEAD_DIMS = {1, 2, 8, 16, 24, 31, 32, 33, 48, 64, 80, 128};

    static float[] normal(SplittableRandom random, int length, double spread) {
        float[] x = new float[length];
        for (int i = 0; i < length; i++) {
            x[i] = (float) (spread * random.nextGaussian());
        }
        return x;
    }

    /** Largest error a stored element may have: half a step of its form. */
    private static double tolerance(KvDtype dtype, float[] row, int offset, int d, int headDim) {
        if (dtype != KvDtype.Q8) {
            return dtype == KvDtype.F32 ? 0 : Math.abs(row[offset + d]) / 256;
        }
        double most = 0;
        for (int i = d / 32 * 32; i < Math.min(d / 32 * 32 + 32, headDim); i++) {
            most = Math.max(most, Math.abs(row[offset + i]));
        }
        return most / 127 * (0.5 + 1.0 / 256);
    }

    @ParameterizedTest
    @EnumSource
    void whatIsStoredIsNearAndStoredAgainStaysTheSame(KvDtype dtype) {
        SplittableRandom random = new SplittableRandom(1);
        for (int headDim : HEAD_DIMS) {
            for (int capacity : new int[] {8, 16, 24, 32, 64}) {
                KvBlock block = KvBlock.of(dtype, capacity, headDim);
                float[] k = normal(random, 3 + capacity * headDim, Math.pow(10, random.nextInt(-6, 6)));
                float[] v = normal(random, 5 + capacity * headDim, 1);
                for (int j = capacity - 1; j >= 0; j--) {
                    block.put(j, k, 3 + j * headDim, v, 5 + j * headDim);
                }
                float[] storedK = new float[capacity * headDim];
                float[] storedV = new float[capacity * headDim];
                block.get(storedK, 0, storedV, 0, 0, capacity);
                for (int i = 0; i < storedK.length; i++) {
                    int row = i / headDim * headDim;
                    assertEquals(k[3 + i], storedK[i], tolerance(dtype, k, 3 + row, i - row, headDim), dtype + ", headDim " + headDim + ", key " + i);
                    assertEquals(v[5 + i], storedV[i], tolerance(dtype, v, 5 + row, i - row, headDim), dtype + ", headDim " + headDim + ", value " + i);
                }
                KvBlock again = KvBlock.of(dtype, 2 * capacity, headDim);
                float[] againK = new float[headDim];
                float[] againV = new float[headDim];
                for (int j = 0; j < capacity; j++) {
                    again.put(capacity + j, storedK, j * headDim, storedV, j * headDim);
                    again.get(againK, 0, againV, 0, capacity + j, 1);
                    assertArrayEquals(Arrays.copyOfRange(storedK, j * headDim, (j + 1) * headDim), againK, dtype + ", headDim " + headDim);
                    assertArrayEquals(Arrays.copyOfRange(storedV, j * headDim, (j + 1) * headDim), againV, dtype + ", headDim " + headDim);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aCopiedBlockHoldsTheSameBits(KvDtype dtype) {
        SplittableRandom random = new SplittableRandom(2);
        for (int headDim : HEAD_DIMS) {
            for (int capacity : new int[] {8, 16, 32, 64}) {
                KvBlock to = KvBlock.of(dtype, 2 * capacity, headDim);
                for (int half = 0; half < 2; half++) {
                    KvBlock from = KvBlock.of(dtype, capacity, headDim);
                    float[] x = normal(random, capacity * headDim, 1);
                    for (int j = 0; j < capacity; j++) {
                        from.put(j, x, j * headDim, x, (capacity - 1 - j) * headDim);
                    }
                    to.copy(from, half * capacity);
                    float[][] expected = new float[2][capacity * headDim];
                    float[][] actual = new float[2][capacity * headDim];
                    from.get(expected[0], 0, expected[1], 0, 0, capacity);
                    to.get(actual[0], 0, actual[1], 0, half * capacity, capacity);
                    assertArrayEquals(expected[0], actual[0]);
                    assertArrayEquals(expected[1], actual[1]);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void theTwinExpandsWhatThePlainLoopsExpand(KvDtype dtype) {
        SplittableRandom random = new SplittableRandom(3);
        for (int headDim : HEAD_DIMS) {
            for (int capacity : new int[] {8, 16, 32, 64}) {
                KvBlock block = KvBlock.of(dtype, capacity, headDim);
                float[] x = normal(random, 2 * capacity * headDim, 1);
                for (int j = 0; j < capacity; j++) {
                    block.put(j, x, j * headDim, x, (capacity + j) * headDim);
                }
                if (block.floats() != null) {
                    continue;
                }
                for (boolean key : new boolean[] {true, false}) {
                    int slot = key ? capacity - block.width : 3;
                    int count = key ? block.width : 5;
                    float[] plain = new float[4000 + count * block.stride];
                    float[] fast = new float[4000 + count * block.stride + 16];
                    block.expand(plain, 4000, 7, slot, count, key, false);
                    block.expand(fast, 4000, 7, slot, count, key, Kernels.VECTOR);
                    assertArrayEquals(Arrays.copyOfRange(plain, 4000, plain.length), Arrays.copyOfRange(fast, 4000, plain.length));
                    for (int j = 0; j < count; j++) {
                        float[] k = new float[headDim];
                        float[] v = new float[headDim];
                        block.get(k, 0, v, 0, slot + j, 1);
                        for (int d = 0; d < headDim; d++) {
                            assertEquals(key ? k[d] : v[d], plain[4000 + (key ? d * block.width + j : j * block.stride + d)]);
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNotFiniteIsNeverReadAsFinite(KvDtype dtype) {
        for (float x : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            KvBlock block = KvBlock.of(dtype, 8, 40);
            float[] row = new float[40];
            Arrays.fill(row, 1);
            row[35] = x;
            block.put(3, row, 0, row, 0);
            float[] k = new float[40];
            float[] v = new float[40];
            block.get(k, 0, v, 0, 3, 1);
            assertTrue(!Float.isFinite(k[35]) && !Float.isFinite(v[35]));
            assertTrue(Math.abs(k[0] - 1) < 0.01 && Math.abs(v[31] - 1) < 0.01, "the other scale's elements stay");
            block.poison(3, 1);
            block.get(k, 0, v, 0, 3, 1);
            assertTrue(Float.isNaN(k[0]) && Float.isNaN(k[39]) && Float.isNaN(v[0]) && Float.isNaN(v[39]));
        }
    }

    @ParameterizedTest
    @EnumSource
    void wrongSizesAreNamed(KvDtype dtype) {
        assertThrows(IllegalArgumentException.class, () -> KvBlock.of(dtype, 12, 8));
        assertThrows(IllegalArgumentException.class, () -> KvBlock.of(dtype, 0, 8));
        assertThrows(IllegalArgumentException.class, () -> KvBlock.of(dtype, 8, 0));
        assertThrows(IllegalArgumentException.class, () -> KvBlock.of(dtype, 1 << 28, 8));
        KvBlock block = KvBlock.of(dtype, 8, 4);
        float[] x = new float[8];
        assertThrows(IndexOutOfBoundsException.class, () -> block.put(8, x, 0, x, 0));
        assertThrows(IndexOutOfBoundsException.class, () -> block.put(-1, x, 0, x, 0));
        assertThrows(IndexOutOfBoundsException.class, () -> block.put(0, x, 5, x, 0));
        assertThrows(IndexOutOfBoundsException.class, () -> block.get(x, 0, x, 0, 6, 3));
        assertThrows(IndexOutOfBoundsException.class, () -> block.get(x, 0, x, 0, 0, 3));
        assertThrows(IndexOutOfBoundsException.class, () -> block.copy(KvBlock.of(dtype, 16, 4), 0));
    }
}
