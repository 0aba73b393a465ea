package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.BufferOverflowException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
    void f16RoundsToNearestTiesToEvenAndIsExactForAllThatItHolds() {
        float[] x = {1, -2.5f, 0x1.002p0f, 0x1.006p0f, 0x1.002002p0f, 65519, -0f, 0x1p-24f, 0x1.8p-25f, 0x1p-25f};
        float[] expected = {1, -2.5f, 1, 0x1.008p0f, 0x1.004p0f, 65504, -0f, 0x1p-24f, 0x1p-24f, 0};
        assertArrayEquals(expected, expanded(WeightMatrix.of(Dtype.F16, x, 0, 1, x.length)));
        short[] bits = new short[1 << 16];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = (short) i;
        }
        float[] all = expanded(new WeightMatrix.F16(bits, 0, 1, bits.length));
        for (int i = 0; i < bits.length; i++) {
            int exponent = i >> 10 & 31;
            int fraction = i & 1023;
            double size = exponent == 0 ? Math.scalb(fraction, -24)
                    : exponent < 31 ? Math.scalb(1024 + fraction, exponent - 25) : fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
            assertEquals((float) (i < 1 << 15 ? size : -size), all[i], "bits " + i);
        }
    }

    /** ggml's block_q4_K, byte by byte: any bits are a block. */
    @Test
    void q4KStandsForWhatGgmlsBlocksStandFor() {
        SplittableRandom random = new SplittableRandom(8);
        int blocks = 50;
        ByteBuffer file = blocks(blocks, 144, random, 0, 2);
        byte[] quants = new byte[blocks * WeightMatrix.Q4K.QUANTS];
        int[] scales = new int[blocks * WeightMatrix.Q4K.SCALES];
        float[] expected = new float[blocks * 256];
        for (int b = 0; b < blocks; b++) {
            ByteBuffer block = file.slice(b * 144, 144).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < WeightMatrix.Q4K.SCALES; i++) {
                scales[b * WeightMatrix.Q4K.SCALES + i] = block.getInt(4 * i);
            }
            block.position(16);
            WeightMatrix.Q4K.take(quants, b, block);
            assertEquals(144, block.position());
            ByteBuffer back = ByteBuffer.allocate(WeightMatrix.Q4K.QUANTS);
            WeightMatrix.Q4K.put(back, quants, b);
            assertEquals(block.slice(16, WeightMatrix.Q4K.QUANTS), back.flip());
            float d = Float.float16ToFloat(block.getShort(0));
            float dmin = Float.float16ToFloat(block.getShort(2));
            for (int e = 0; e < 256; e++) {
                int j = e / 32;
                int scale = j < 4 ? block.get(4 + j) & 63 : block.get(8 + j) & 15 | (block.get(j) & 0xc0) >> 2;
                int min = j < 4 ? block.get(8 + j) & 63 : (block.get(8 + j) & 0xf0) >> 4 | (block.get(4 + j) & 0xc0) >> 2;
                int pair = block.get(16 + e / 64 * 32 + e % 32) & 0xff;
                float step = d * scale;
                float lowest = dmin * min;
                expected[b * 256 + e] = step * (e % 64 < 32 ? pair & 15 : pair >> 4) - lowest;
            }
        }
        assertArrayEquals(expected, expanded(new WeightMatrix.Q4K(quants, scales, 0, 2, blocks * 128)));
    }

    /** ggml's block_q6_K, byte by byte. */
    @Test
    void q6KStandsForWhatGgmlsBlocksStandFor() {
        SplittableRandom random = new SplittableRandom(9);
        int blocks = 50;
        ByteBuffer file = blocks(blocks, 210, random, 208);
        byte[] quants = new byte[blocks * WeightMatrix.Q6K.QUANTS];
        byte[] scales = new byte[blocks * WeightMatrix.Q6K.SCALES];
        short[] d = new short[blocks];
        float[] expected = new float[blocks * 256];
        for (int b = 0; b < blocks; b++) {
            ByteBuffer block = file.slice(b * 210, 210).order(ByteOrder.LITTLE_ENDIAN);
            WeightMatrix.Q6K.take(quants, b, block);
            assertEquals(192, block.position());
            ByteBuffer back = ByteBuffer.allocate(WeightMatrix.Q6K.QUANTS);
            WeightMatrix.Q6K.put(back, quants, b);
            assertEquals(block.slice(0, WeightMatrix.Q6K.QUANTS), back.flip());
            block.get(192, scales, b * WeightMatrix.Q6K.SCALES, WeightMatrix.Q6K.SCALES);
            d[b] = block.getShort(208);
            for (int half = 0; half < 2; half++) {
                for (int i = 0; i < 32; i++) {
                    int ql = half * 64 + i;
                    int high = block.get(128 + half * 32 + i) & 0xff;
                    int[] q = {block.get(ql) & 15 | (high & 3) << 4, block.get(ql + 32) & 15 | (high >> 2 & 3) << 4,
                        (block.get(ql) & 0xff) >> 4 | (high >> 4 & 3) << 4, (block.get(ql + 32) & 0xff) >> 4 | high >> 6 << 4};
                    for (int part = 0; part < 4; part++) {
                        byte scale = block.get(192 + half * 8 + i / 16 + 2 * part);
                        expected[b * 256 + half * 128 + part * 32 + i] = Float.float16ToFloat(d[b]) * scale * (q[part] - 32);
                    }
                }
            }
        }
        assertArrayEquals(expected, expanded(new WeightMatrix.Q6K(quants, scales, d, 0, 2, blocks * 128)));
    }

    @Test
    void quantsThatAreNotThereAreNotTaken() {
        byte[] quants = new byte[2 * WeightMatrix.Q6K.QUANTS];
        ByteBuffer enough = ByteBuffer.allocate(WeightMatrix.Q6K.QUANTS);
        ByteBuffer less = ByteBuffer.allocate(WeightMatrix.Q4K.QUANTS - 1);
        assertThrows(IndexOutOfBoundsException.class, () -> WeightMatrix.Q4K.take(quants, 3, enough));
        assertThrows(IndexOutOfBoundsException.class, () -> WeightMatrix.Q6K.take(quants, 2, enough));
        assertThrows(BufferUnderflowException.class, () -> WeightMatrix.Q4K.take(quants, 0, less));
        assertThrows(BufferUnderflowException.class, () -> WeightMatrix.Q6K.take(quants, 0, less));
        assertThrows(BufferOverflowException.class, () -> WeightMatrix.Q4K.put(less, quants, 0));
        assertThrows(BufferOverflowException.class, () -> WeightMatrix.Q6K.put(less, quants, 0));
    }

    /** Random bytes, at the given places of each block float16 of any exponent but the last, which is not finite. */
    private static ByteBuffer blocks(int blocks, int bytes, SplittableRandom random, int... halves) {
        byte[] file = new byte[blocks * bytes];
        random.nextBytes(file);
        for (int b = 0; b < blocks; b++) {
            for (int half : halves) {
                file[b * bytes + half + 1] = (byte) (random.nextInt(-128, 128) & 0xbf);
            }
        }
        return ByteBuffer.wrap(file);
    }

    /** A number at least as near as with the plain rule of each block: its largest scale from the extremes, all others from that. */
    @Test
    void kQuantsLoseLessThanPlainRounding() {
        SplittableRandom random = new SplittableRandom(10);
        int n = 256 * 64;
        for (String kind : new String[] {"normal", "with outliers", "positive", "uneven"}) {
            float[] x = new float[n];
            for (int i = 0; i < n; i++) {
                double g = random.nextGaussian();
                x[i] = (float) (0.02 * switch (kind) {
                    case "normal" -> g;
                    case "with outliers" -> random.nextInt(50) == 0 ? 8 * g : g;
                    case "positive" -> Math.abs(g) + 0.5;
                    default -> g * Math.pow(4, i / 16 % 4);
                });
            }
            double q4 = error(x, expanded(WeightMatrix.of(Dtype.Q4_K, x, 0, 8, n / 8)));
            double q6 = error(x, expanded(WeightMatrix.of(Dtype.Q6_K, x, 0, 8, n / 8)));
            double plainQ4 = error(x, plainlyRounded(x, 32, 15, true));
            double plainQ6 = error(x, plainlyRounded(x, 16, 63, false));
            assertTrue(q4 < 0.99 * plainQ4, kind + ": Q4_K " + q4 + ", plain " + plainQ4);
            assertTrue(q6 < 0.99 * plainQ6, kind + ": Q6_K " + q6 + ", plain " + plainQ6);
        }
    }

    /** Relative error, root of the mean square. */
    private static double error(float[] x, float[] y) {
        double error = 0;
        double squares = 0;
        for (int i = 0; i < x.length; i++) {
            error += ((double) x[i] - y[i]) * (x[i] - y[i]);
            squares += (double) x[i] * x[i];
        }
        return Math.sqrt(error / squares);
    }

    /** Steps from the extremes of each part, kept exactly: a bound that no scale of 6 or 8 bits can reach by this rule. */
    private static float[] plainlyRounded(float[] x, int part, int top, boolean withMin) {
        float[] y = new float[x.length];
        for (int from = 0; from < x.length; from += part) {
            float least = 0;
            float most = 0;
            for (int i = from; i < from + part; i++) {
                least = Math.min(least, x[i]);
                most = Math.max(most, x[i]);
            }
            float size = Math.max(-least, most);
            float min = withMin ? least : -size;
            float step = (withMin ? most - least : 2 * size) / top;
            for (int i = from; i < from + part; i++) {
                int q = Math.clamp(Math.round(withMin ? (x[i] - min) / step : x[i] / step), withMin ? 0 : -top / 2 - 1, withMin ? top : top / 2);
                y[i] = withMin ? min + step * q : step * q;
            }
        }
        return y;
    }

    @Test
    void errorIsHalfAStepAtMost() {
        SplittableRandom random = new SplittableRandom(1);
        float[] x = random(7 * 96, random);
        for (Dtype dtype : new Dtype[] {Dtype.BF16, Dtype.F16, Dtype.Q8_0, Dtype.Q4_0}) {
            float[] back = expanded(WeightMatrix.of(dtype, x, 0, 7, 96));
            for (int b = 0; b < x.length; b += 32) {
                float max = 0;
                for (int i = b; i < b + 32; i++) {
                    max = Math.max(max, Math.abs(x[i]));
                }
                for (int i = b; i < b + 32; i++) {
                    double bound = switch (dtype) {
                        case BF16 -> Math.abs(x[i]) / 256;
                        case F16 -> Math.abs(x[i]) / 2048 + 0x1p-25;
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
        float[] x = random(5 * 256, random);
        for (Dtype dtype : Dtype.values()) {
            WeightMatrix w = WeightMatrix.of(dtype, x, 0, 5, 256);
            WeightMatrix slice = w.slice(1, 3).slice(1, 2);
            assertArrayEquals(Arrays.copyOfRange(expanded(w), 512, 1024), expanded(slice), dtype.toString());
            assertEquals(dtype.bytes(512), slice.bytes());
            assertThrows(IndexOutOfBoundsException.class, () -> w.slice(3, 3));
            assertThrows(IndexOutOfBoundsException.class, () -> w.expand(new float[511], 0, 0, 2));
        }
    }

    @Test
    void readingAsksForEachRowOnceAndKeepsTheSourcesException() {
        int rows = 600;
        int cols = 256;
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
            assertSame(failure, assertThrows(IOException.class, () -> WeightMatrix.read(dtype, 1, 256, (out, from, count) -> {
                throw failure;
            })));
        }
    }

    @Test
    void whatAFormatCannotHoldIsRefused() {
        float[] x = new float[512];
        for (Dtype dtype : new Dtype[] {Dtype.F16, Dtype.Q8_0, Dtype.Q4_0, Dtype.Q6_K, Dtype.Q4_K}) {
            if (dtype.block() > 1) {
                assertThrows(IllegalArgumentException.class, () -> WeightMatrix.of(dtype, x, 0, 2, dtype.block() - 1));
            }
            for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, 3e8f}) {
                float[] y = new float[512];
                y[33] = bad;
                y[34] = 1;
                String message = assertThrows(IllegalArgumentException.class, () -> WeightMatrix.of(dtype, y, 0, 1, 512)).getMessage();
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
        assertThrows(IndexOutOfBoundsException.class, () -> new WeightMatrix.F16(new short[64], 1, 1, 64));
        assertThrows(IllegalArgumentException.class, () -> new WeightMatrix.Q4K(new byte[256], new int[8], 32, 1, 256));
        assertThrows(IndexOutOfBoundsException.class, () -> new WeightMatrix.Q4K(new byte[127], new int[4], 0, 1, 256));
        assertThrows(IndexOutOfBoundsException.class, () -> new WeightMatrix.Q4K(new byte[256], new int[7], 256, 1, 256));
        assertThrows(IllegalArgumentException.class, () -> new WeightMatrix.Q6K(new byte[384], new byte[32], new short[2], 128, 1, 256));
        assertThrows(IndexOutOfBoundsException.class, () -> new WeightMatrix.Q6K(new byte[191], new byte[16], new short[1], 0, 1, 256));
        assertThrows(IndexOutOfBoundsException.class, () -> new WeightMatrix.Q6K(new byte[384], new byte[31], new short[2], 0, 2, 256));
        assertThrows(IndexOutOfBoundsException.class, () -> new WeightMatrix.Q6K(new byte[384], new byte[32], new short[1], 256, 1, 256));
        int many = Integer.MAX_VALUE / 256;
        large = assertThrows(IllegalArgumentException.class, () -> new WeightMatrix.Q6K(new byte[192], new byte[16], new short[1], 256, many, 256)).getMessage();
        assertTrue(large.contains("[" + many + ", 256] from offset 256"), large);
        assertThrows(IllegalArgumentException.class, () -> new WeightMatrix.F32(null, 0, 1, 64));
        assertThrows(IllegalArgumentException.class, () -> WeightMatrix.read(Dtype.F32, 1 << 16, 1 << 15, (out, from, count) -> {}));
    }

    @Test
    void blocksOfZerosAndOfSubnormalsStayHarmless() {
        float[] x = new float[512];
        Arrays.fill(x, 256, 400, Float.MIN_VALUE);
        Arrays.fill(x, 400, 512, -Float.MIN_VALUE);
        for (Dtype dtype : Dtype.values()) {
            for (float value : dtype == Dtype.F32 ? new float[0] : expanded(WeightMatrix.of(dtype, x, 0, 1, 512))) {
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
