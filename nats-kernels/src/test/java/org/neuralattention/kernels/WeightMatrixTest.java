package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class WeightMatrixTest {

    @Test
    void bf16RoundsToNearestTiesToEvenAndKeepsWhatIsNotFinite() {
        float[] x = {1, -2.5f, 0x1.01p0f, 0x1.03p0f, 0x1.010002p0f, Float.MAX_VALUE, Float.NEGATIVE_INFINITY, Float.NaN,
            Float.intBitsToFloat(0x7f800001), -0f, Float.MIN_VALUE};
        float[] expected = {1, -2.5f, 0x1p0f, 0x1.04p0f, 0x1.02p0f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN,
            Float.NaN, -0f, 0};
        assertArrayEquals(expected, expanded(WeightMatrix.of(Dtype.BF16, x, 0, 1, x.length)));
    }

    @Test
    void q8ScalesByTheLargestOfABlock() {
        float[] x = new float[64];
        x[3] = -254; // scale 2
        x[4] = 3; // 1.5 quants: halves away from 0
        x[5] = -3;
        x[6] = 0.9f;
        x[40] = 127e-3f; // the second block has a scale of its own
        x[41] = 0.5e-3f;
        WeightMatrix.Q8 w = (WeightMatrix.Q8) WeightMatrix.of(Dtype.Q8_0, x, 0, 1, 64);
        assertEquals(2, Float.float16ToFloat(w.scales()[0]));
        assertEquals(1e-3f, Float.float16ToFloat(w.scales()[1]), 1e-6f);
        byte[] quants = new byte[64];
        quants[3] = -127;
        quants[4] = 2;
        quants[5] = -2;
        quants[40] = 127;
        quants[41] = w.quants()[41]; // 0.5 of a scale that was rounded: either neighbour
        assertArrayEquals(quants, w.quants());
        assertEquals(-254, expanded(w)[3]);
    }

    @Test
    void q4GivesTheNumberFarthestFromZeroTheLargestCode() {
        float[] x = new float[32];
        x[0] = 16; // becomes -8: the scale is -2
        x[1] = -14; // 7
        x[2] = -16; // would be 8: 7 is the last
        x[16] = 2; // high nibble of the first byte
        x[31] = -5;
        WeightMatrix.Q4 w = (WeightMatrix.Q4) WeightMatrix.of(Dtype.Q4_0, x, 0, 1, 32);
        assertEquals(-2, Float.float16ToFloat(w.scales()[0]));
        byte[] quants = new byte[16];
        Arrays.fill(quants, (byte) 0x88);
        quants[0] = 0x70;
        quants[1] = (byte) 0x8f;
        quants[2] = (byte) 0x8f;
        quants[15] = (byte) 0xb8;
        assertArrayEquals(quants, w.quants());
        float[] back = expanded(w);
        assertArrayEquals(new float[] {16, -14, -14}, Arrays.copyOf(back, 3));
        assertEquals(2, back[16]);
        assertEquals(-6, back[31]);
    }

    @Test
    void errorIsHalfAStepAtMost() {
        SplittableRandom random = new SplittableRandom(1);
        float[] x = random(7 * 96, random);
        for (Dtype dtype : new Dtype[] {Dtype.BF16, Dtype.Q8_0, Dtype.Q4_0}) {
            float[] back = expanded(WeightMatrix.of(dtype, x, 0, 7, 96));
            for (int b = 0; b < x.length; b += 32) {
                float max = 0;
                for (int i = b; i < b + 32; i++) {
                    max = Math.max(max, Math.abs(x[i]));
                }
                for (int i = b; i < b + 32; i++) {
                    double bound = switch (dtype) {
                        case BF16 -> Math.abs(x[i]) / 256;
                        case Q8_0 -> max / 127 * 0.5 + max * 0x1p-11; // and what rounding the scale to float16 costs
                        default -> max / 8 * (x[i] == 0 ? 0.5 : 1) + max * 0x1p-11; // the end opposite to the farthest is cut off
                    };
                    assertTrue(Math.abs(back[i] - x[i]) <= bound, dtype + ": " + x[i] + " became " + back[i] + ", largest " + max);
                }
            }
        }
    }

    @Test
    void vectorsExpandToTheBitsOfThePlainLoops() {
        SplittableRandom random = new SplittableRandom(2);
        byte[] quants = new byte[320];
        random.nextBytes(quants);
        short[] scales = {0, 1, -0x8000, 0x0400, 0x7bff, 0x7c00, 0x7e00, (short) 0xc123, 0x3c00, 0x0012}; // subnormal, infinite, NaN
        short[] bits = new short[77];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = (short) random.nextInt();
        }
        float[] out = new float[330];
        float[] plain = new float[330];
        Quants.expandQ8(out, 3, quants, scales, 32, 288);
        Quants.plainQ8(plain, 3, quants, scales, 32, 288);
        assertArrayEquals(plain, out);
        Quants.expandQ4(out, 3, quants, scales, 32, 288);
        Quants.plainQ4(plain, 3, quants, scales, 32, 288);
        assertArrayEquals(plain, out);
        Quants.expandBf16(out, 3, bits, 2, 75);
        Quants.plainBf16(plain, 3, bits, 2, 75);
        assertArrayEquals(plain, out);
    }

    @Test
    void slicesAreRowsOfTheSameArrays() {
        SplittableRandom random = new SplittableRandom(3);
        float[] x = random(5 * 64, random);
        for (Dtype dtype : Dtype.values()) {
            WeightMatrix w = WeightMatrix.of(dtype, x, 0, 5, 64);
            WeightMatrix slice = w.slice(1, 3).slice(1, 2);
            assertArrayEquals(Arrays.copyOfRange(expanded(w), 128, 256), expanded(slice), dtype.toString());
            assertEquals(dtype.bytes(128), slice.bytes());
            assertThrows(IndexOutOfBoundsException.class, () -> w.slice(3, 3));
            assertThrows(IndexOutOfBoundsException.class, () -> w.expand(new float[127], 0, 0, 2));
        }
    }

    @Test
    void readingAsksForEachRowOnceAndKeepsTheSourcesException() {
        int rows = 1500;
        int cols = 96;
        float[] x = random(rows * cols, new SplittableRandom(4));
        for (Dtype dtype : Dtype.values()) {
            int[] next = {0};
            WeightMatrix w = WeightMatrix.read(dtype, rows, cols, (out, from, count) -> {
                assertEquals(next[0], from);
                next[0] += count;
                System.arraycopy(x, from * cols, out, 0, count * cols);
            });
            assertEquals(rows, next[0]);
            assertArrayEquals(expanded(WeightMatrix.of(dtype, x, 0, rows, cols)), expanded(w));
            IOException failure = new IOException("cut off");
            assertSame(failure, assertThrows(IOException.class, () -> WeightMatrix.read(dtype, 1, 32, (out, from, count) -> {
                throw failure;
            })));
        }
    }

    @Test
    void whatAFormatCannotHoldIsRefused() {
        float[] x = new float[64];
        for (Dtype dtype : new Dtype[] {Dtype.Q8_0, Dtype.Q4_0}) {
            assertThrows(IllegalArgumentException.class, () -> WeightMatrix.of(dtype, x, 0, 2, 31));
            for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, 1e7f}) {
                float[] y = new float[64];
                y[33] = bad;
                y[34] = 1;
                String message = assertThrows(IllegalArgumentException.class, () -> WeightMatrix.of(dtype, y, 0, 1, 64)).getMessage();
                assertTrue(message.contains(dtype.toString()) && message.contains(String.valueOf(bad)), message);
            }
        }
        assertThrows(IllegalArgumentException.class, () -> new WeightMatrix.Q8(new byte[64], new short[2], 16, 1, 32));
        assertThrows(IndexOutOfBoundsException.class, () -> new WeightMatrix.Q8(new byte[64], new short[1], 0, 1, 64));
        assertThrows(IndexOutOfBoundsException.class, () -> new WeightMatrix.Q4(new byte[31], new short[2], 0, 1, 64));
        int most = Integer.MAX_VALUE / 32; // blocks: their last element is within an int, one block later it is not
        assertThrows(IndexOutOfBoundsException.class, () -> new WeightMatrix.Q4(new byte[32], new short[2], 0, most, 32));
        String large = assertThrows(IllegalArgumentException.class, () -> new WeightMatrix.Q4(new byte[32], new short[2], 32, most, 32)).getMessage();
        assertTrue(large.contains("[" + most + ", 32] from offset 32"), large);
        assertThrows(IndexOutOfBoundsException.class, () -> new WeightMatrix.Bf16(new short[64], 1, 1, 64));
        assertThrows(IllegalArgumentException.class, () -> new WeightMatrix.F32(null, 0, 1, 64));
        assertThrows(IllegalArgumentException.class, () -> WeightMatrix.read(Dtype.F32, 1 << 16, 1 << 15, (out, from, count) -> {}));
    }

    @Test
    void blocksOfZerosAndOfSubnormalsStayHarmless() {
        float[] x = new float[64];
        Arrays.fill(x, 32, 64, Float.MIN_VALUE);
        for (Dtype dtype : new Dtype[] {Dtype.Q8_0, Dtype.Q4_0}) {
            for (float value : expanded(WeightMatrix.of(dtype, x, 0, 1, 64))) {
                assertEquals(0, value, 0f);
            }
        }
    }

    static float[] expanded(WeightMatrix w) {
        float[] out = new float[w.rows() * w.cols()];
        w.expand(out, 0, 0, w.rows());
        return out;
    }

    private static float[] random(int n, SplittableRandom random) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }
}
