package org.neuralattention.kernels;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.neuralattention.kernels.WeightMatrix.Q4K;
import org.neuralattention.kernels.WeightMatrix.Q6K;
import org.neuralattention.kernels.vector.MatVecQ4K;
import org.neuralattention.kernels.vector.MatVecQ6K;

/**
 * {@link WeightMatrix.Q4K} and {@link WeightMatrix.Q6K} as plain loops: what blocks of 256 stand for and how numbers are rounded to
 * them. What they stand for is, to the bit, what ggml's dequantize_row_q4_K and dequantize_row_q6_K give.
 *
 * <p>Products of scales and quants are exact in float32 (11 + 6 + 4 bits; 11 + 7 + 5); only the minimum's subtraction rounds, so it
 * may be fused with the product before it.
 *
 * <p>To round a part of a block is a problem of least squares once its quants are given ({@link BlockFit}). The scales of all parts are then
 * rounded themselves, and the quants are the nearest ones for what they became.
 */
final class KQuants {

    static final int BLOCK = 256;

    /** Elements of a part, which shares a scale. */
    private static final int Q4_PART = 32;
    private static final int Q6_PART = 16;

    /** Eight bytes at a time, and the lowest bits of each. */
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long NIBBLES = 0x0f0f0f0f0f0f0f0fL;
    private static final long PAIRS = 0x0303030303030303L;

    private KQuants() {}

    static void expandQ4(float[] out, int outOffset, byte[] quants, int[] scales, int at, int n) {
        if (Kernels.VECTOR) {
            MatVecQ4K.expand(out, outOffset, quants, scales, at, n);
        } else {
            plainQ4(out, outOffset, quants, scales, at, n);
        }
    }

    static void plainQ4(float[] out, int outOffset, byte[] quants, int[] scales, int at, int n) {
        for (int b = 0; b < n; b += BLOCK) {
            int block = (at + b) / BLOCK;
            int q = block * Q4K.QUANTS;
            for (int j = 0; j < BLOCK / Q4_PART; j++) {
                float step = Q4K.d(scales, block) * Q4K.scale(scales, block, j);
                float min = Q4K.dmin(scales, block) * Q4K.min(scales, block, j);
                int o = outOffset + b + j * Q4_PART;
                for (int i = 0; i < Q4_PART; i++) {
                    int e = j * Q4_PART + i;
                    out[o + i] = step * (quants[q + nibble(e)] >> nibbleShift(e) & 15) - min;
                }
            }
        }
    }

    /** The byte with the nibble of element e of a block, which in Q6_K are its lower bits, and where it begins. */
    private static int nibble(int e) {
        return e / 128 * 64 + e % 64;
    }

    private static int nibbleShift(int e) {
        return e / 64 % 2 * 4;
    }

    private static void putScale(int[] scales, int s, int j, int scale, int min) {
        int shift = 8 * (j % 4);
        if (j < 4) {
            scales[s + 1] |= scale << shift;
            scales[s + 2] |= min << shift;
        } else {
            scales[s + 3] |= (scale & 15 | (min & 15) << 4) << shift;
            scales[s + 1] |= scale >> 4 << shift + 6;
            scales[s + 2] |= min >> 4 << shift + 6;
        }
    }

    static void toQ4(byte[] quants, int[] scales, int at, float[] x, int n) {
        int parts = BLOCK / Q4_PART;
        float[] steps = new float[parts];
        float[] mins = new float[parts];
        BlockFit fit = new BlockFit();
        for (int b = 0; b < n; b += BLOCK) {
            float largest = BlockFit.largest(x, b, BLOCK);
            float step = 0;
            float min = 0;
            for (int j = 0; j < parts; j++) {
                fit.stepAndMin(x, b + j * Q4_PART, Q4_PART, 15);
                steps[j] = fit.step;
                mins[j] = fit.min;
                step = Math.max(step, fit.step);
                min = Math.max(min, fit.min);
            }
            short halfD = Quants.f16(step / 63, Dtype.Q4_K, largest);
            short halfDmin = Quants.f16(min / 63, Dtype.Q4_K, largest);
            int s = (at + b) / BLOCK * Q4K.SCALES;
            int q = (at + b) / BLOCK * Q4K.QUANTS;
            scales[s] = halfD & 0xffff | halfDmin << 16;
            float d = Float.float16ToFloat(halfD);
            float dmin = Float.float16ToFloat(halfDmin);
            for (int j = 0; j < parts; j++) {
                int scale = nearest(steps[j], d, 63);
                int lowest = nearest(mins[j], dmin, 63);
                putScale(scales, s, j, scale, lowest);
                float inverse = scale == 0 ? 0 : 1 / (d * scale);
                for (int e = j * Q4_PART; e < (j + 1) * Q4_PART; e++) {
                    int code = Math.clamp((int) ((x[b + e] + dmin * lowest) * inverse + 0.5f), 0, 15);
                    quants[q + nibble(e)] |= (byte) (code << nibbleShift(e));
                }
            }
        }
    }

    private static int nearest(float x, float unit, int most) {
        return unit == 0 ? 0 : Math.min(most, Math.round(x / unit));
    }

    static void expandQ6(float[] out, int outOffset, byte[] quants, byte[] scales, short[] d, int at, int n) {
        if (Kernels.VECTOR) {
            MatVecQ6K.expand(out, outOffset, quants, scales, d, at, n);
        } else {
            plainQ6(out, outOffset, quants, scales, d, at, n);
        }
    }

    static void plainQ6(float[] out, int outOffset, byte[] quants, byte[] scales, short[] d, int at, int n) {
        for (int b = 0; b < n; b += BLOCK) {
            int block = (at + b) / BLOCK;
            int q = block * Q6K.QUANTS;
            float unit = Float.float16ToFloat(d[block]);
            for (int part = 0; part < BLOCK / Q6_PART; part++) {
                float step = unit * scales[block * Q6K.SCALES + part];
                int o = outOffset + b + part * Q6_PART;
                for (int i = 0; i < Q6_PART; i++) {
                    int e = part * Q6_PART + i;
                    out[o + i] = step * ((quants[q + nibble(e)] >> nibbleShift(e) & 15 | (quants[q + high(e)] >> highShift(e) & 3) << 4) - 32);
                }
            }
        }
    }

    /** The byte with the upper two bits of element e of a block of Q6_K, and where they begin. */
    private static int high(int e) {
        return 128 + e % 64;
    }

    private static int highShift(int e) {
        return e / 64 * 2;
    }

    static void toQ6(byte[] quants, byte[] scales, short[] d, int at, float[] x, int n) {
        int parts = BLOCK / Q6_PART;
        float[] steps = new float[parts];
        BlockFit fit = new BlockFit();
        for (int b = 0; b < n; b += BLOCK) {
            int block = (at + b) / BLOCK;
            float far = 0;
            for (int part = 0; part < parts; part++) {
                fit.step(x, b + part * Q6_PART, Q6_PART, 32);
                steps[part] = fit.step;
                far = Math.abs(fit.step) > Math.abs(far) ? fit.step : far;
            }
            d[block] = Quants.f16(far / -128, Dtype.Q6_K, BlockFit.largest(x, b, BLOCK));
            int q = block * Q6K.QUANTS;
            float unit = Float.float16ToFloat(d[block]);
            for (int part = 0; part < parts; part++) {
                int scale = unit == 0 ? 0 : Math.clamp(Math.round(steps[part] / unit), -128, 127);
                scales[block * Q6K.SCALES + part] = (byte) scale;
                float inverse = scale == 0 || unit == 0 ? 0 : 1 / (unit * scale);
                for (int i = 0; i < Q6_PART; i++) {
                    int e = part * Q6_PART + i;
                    int code = Math.clamp((int) (x[b + e] * inverse + 32.5f), 0, 63);
                    quants[q + nibble(e)] |= (byte) ((code & 15) << nibbleShift(e));
                    quants[q + high(e)] |= (byte) (code >> 4 << highShift(e));
                }
            }
        }
    }

    /**
     * Between the order of block_q4_K, where byte 32 g + i has elements 64 g + i and 64 g + 32 + i, and ours: of each 64 bytes, the lower
     * nibbles of the last 32 change places with the upper ones of the first. The same both ways.
     */
    static void swapQ4(byte[] quants, int from) {
        for (int half = from; half < from + Q4K.QUANTS; half += 64) {
            for (int i = half; i < half + 32; i += Long.BYTES) {
                long a = (long) LONGS.get(quants, i);
                long b = (long) LONGS.get(quants, i + 32);
                LONGS.set(quants, i, a & NIBBLES | (b & NIBBLES) << 4);
                LONGS.set(quants, i + 32, a >>> 4 & NIBBLES | b & ~NIBBLES);
            }
        }
    }

    /** From the order of block_q6_K, where pairs of bits of byte 32 h + i belong to elements 128 h + i + 0, 32, 64 and 96. */
    static void takeHighQ6(byte[] quants, int from) {
        for (int i = from; i < from + 32; i += Long.BYTES) {
            long a = (long) LONGS.get(quants, i);
            long b = (long) LONGS.get(quants, i + 32);
            LONGS.set(quants, i, evenPairs(a) | evenPairs(b) << 4);
            LONGS.set(quants, i + 32, evenPairs(a >>> 2) | evenPairs(b >>> 2) << 4);
        }
    }

    /** Back to it. */
    static void putHighQ6(byte[] quants, int from) {
        for (int i = from; i < from + 32; i += Long.BYTES) {
            long a = (long) LONGS.get(quants, i);
            long b = (long) LONGS.get(quants, i + 32);
            LONGS.set(quants, i, toEvenPairs(a) | toEvenPairs(b) << 2);
            LONGS.set(quants, i + 32, toEvenPairs(a >>> 4) | toEvenPairs(b >>> 4) << 2);
        }
    }

    /** Of each byte bits 0, 1, 4 and 5, side by side. */
    private static long evenPairs(long x) {
        return x & PAIRS | x >>> 2 & PAIRS << 2;
    }

    private static long toEvenPairs(long x) {
        return x & PAIRS | (x & PAIRS << 2) << 2;
    }
}
