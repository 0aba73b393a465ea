package org.neuralattention.kernels;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
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

    private KQuants() {}

    static void expandQ4(float[] out, int outOffset, int[] quants, int[] scales, int at, int n) {
        if (Kernels.VECTOR) {
            MatVecQ4K.expand(out, outOffset, quants, scales, at, n);
        } else {
            plainQ4(out, outOffset, quants, scales, at, n);
        }
    }

    static void plainQ4(float[] out, int outOffset, int[] quants, int[] scales, int at, int n) {
        for (int b = 0; b < n; b += BLOCK) {
            int block = (at + b) / BLOCK;
            for (int j = 0; j < BLOCK / Q4_PART; j++) {
                float step = Q4K.d(scales, block) * Q4K.scale(scales, block, j);
                float min = Q4K.dmin(scales, block) * Q4K.min(scales, block, j);
                int o = outOffset + b + j * Q4_PART;
                for (int i = 0; i < Q4_PART; i++) {
                    int e = j * Q4_PART + i;
                    out[o + i] = step * (quants[q4(block, e)] >>> q4Shift(e) & 15) - min;
                }
            }
        }
    }

    /** The int of element e of a block, and where its nibble begins. */
    private static int q4(int block, int e) {
        return block * Q4K.QUANTS + e / 128 * 16 + e % 16;
    }

    private static int q4Shift(int e) {
        return e / 64 % 2 * 16 + e / 16 % 2 * 8 + e / 32 % 2 * 4;
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

    static void toQ4(int[] quants, int[] scales, int at, float[] x, int n) {
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
                    quants[q4((at + b) / BLOCK, e)] |= code << q4Shift(e);
                }
            }
        }
    }

    private static int nearest(float x, float unit, int most) {
        return unit == 0 ? 0 : Math.min(most, Math.round(x / unit));
    }

    static void expandQ6(float[] out, int outOffset, int[] quants, byte[] scales, short[] d, int at, int n) {
        if (Kernels.VECTOR) {
            MatVecQ6K.expand(out, outOffset, quants, scales, d, at, n);
        } else {
            plainQ6(out, outOffset, quants, scales, d, at, n);
        }
    }

    static void plainQ6(float[] out, int outOffset, int[] quants, byte[] scales, short[] d, int at, int n) {
        for (int b = 0; b < n; b += BLOCK) {
            int block = (at + b) / BLOCK;
            float unit = Float.float16ToFloat(d[block]);
            for (int part = 0; part < BLOCK / Q6_PART; part++) {
                float step = unit * scales[block * Q6K.SCALES + part];
                int o = outOffset + b + part * Q6_PART;
                for (int i = 0; i < Q6_PART; i++) {
                    int e = part * Q6_PART + i;
                    out[o + i] = step * ((quants[low(block, e)] >>> lowShift(e) & 15 | (quants[high(block, e)] >>> highShift(e) & 3) << 4) - 32);
                }
            }
        }
    }

    /** The int with the lower four bits of element e of a block, and where they begin; then the same of the upper two. */
    private static int low(int block, int e) {
        return block * Q6K.QUANTS + e / 128 * 16 + e % 16;
    }

    private static int lowShift(int e) {
        return e / 16 % 4 * 8 + e / 64 % 2 * 4;
    }

    private static int high(int block, int e) {
        return block * Q6K.QUANTS + 32 + e % 16;
    }

    private static int highShift(int e) {
        return e / 128 * 16 + e / 16 % 2 * 8 + e / 32 % 4 * 2;
    }

    static void toQ6(int[] quants, byte[] scales, short[] d, int at, float[] x, int n) {
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
            float unit = Float.float16ToFloat(d[block]);
            for (int part = 0; part < parts; part++) {
                int scale = unit == 0 ? 0 : Math.clamp(Math.round(steps[part] / unit), -128, 127);
                scales[block * Q6K.SCALES + part] = (byte) scale;
                float inverse = scale == 0 || unit == 0 ? 0 : 1 / (unit * scale);
                for (int i = 0; i < Q6_PART; i++) {
                    int e = part * Q6_PART + i;
                    int code = Math.clamp((int) (x[b + e] * inverse + 32.5f), 0, 63);
                    quants[low(block, e)] |= (code & 15) << lowShift(e);
                    quants[high(block, e)] |= code >> 4 << highShift(e);
                }
            }
        }
    }

    static void takeQuants(int[] quants, int offset, int n, ByteBuffer in) {
        checkQuants(quants, offset, n, in);
        int from = in.position();
        if (in.remaining() < 4 * n) {
            throw new BufferUnderflowException();
        }
        for (int i = 0; i < n; i += 16) {
            for (int j = i; j < i + 16; j += 4) {
                int at = from + 3 * i + j;
                transpose(quants, offset + j, 1, in.getInt(at), in.getInt(at + 16), in.getInt(at + 32), in.getInt(at + 48));
            }
        }
        in.position(from + 4 * n);
    }

    static void putQuants(ByteBuffer out, int[] quants, int offset, int n) {
        checkQuants(quants, offset, n, out);
        int[] ints = new int[16];
        for (int i = offset; i < offset + n; i += 16) {
            for (int j = 0; j < 4; j++) {
                int at = i + 4 * j;
                transpose(ints, j, 4, quants[at], quants[at + 1], quants[at + 2], quants[at + 3]);
            }
            for (int bytes : ints) {
                out.putInt(bytes);
            }
        }
    }

    private static void checkQuants(int[] quants, int offset, int n, ByteBuffer buffer) {
        Check.range("quants", quants, offset, n);
        if (n % 16 != 0 || buffer.order() != ByteOrder.LITTLE_ENDIAN) {
            throw new IllegalArgumentException(n + " ints, " + buffer.order() + ": must be a multiple of 16, little-endian");
        }
    }

    /** Four ints whose byte i are bytes of int i of a, b, c and d: a square of bytes, transposed. */
    private static void transpose(int[] out, int at, int stride, int a, int b, int c, int d) {
        int even = 0x00ff00ff;
        int ab02 = a & even | (b & even) << 8;
        int ab13 = a >>> 8 & even | b & ~even;
        int cd02 = c & even | (d & even) << 8;
        int cd13 = c >>> 8 & even | d & ~even;
        out[at] = ab02 & 0xffff | cd02 << 16;
        out[at + stride] = ab13 & 0xffff | cd13 << 16;
        out[at + 2 * stride] = ab02 >>> 16 | cd02 & ~0xffff;
        out[at + 3 * stride] = ab13 >>> 16 | cd13 & ~0xffff;
    }
}
