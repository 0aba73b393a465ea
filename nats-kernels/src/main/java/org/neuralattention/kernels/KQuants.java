package org.neuralattention.kernels;

import org.neuralattention.kernels.WeightMatrix.Q4K;
import org.neuralattention.kernels.WeightMatrix.Q6K;

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

    static void expandQ4(float[] out, int outOffset, byte[] quants, int[] scales, int at, int n) {
        plainQ4(out, outOffset, quants, scales, at, n);
    }

    static void plainQ4(float[] out, int outOffset, byte[] quants, int[] scales, int at, int n) {
        for (int b = 0; b < n; b += BLOCK) {
            int s = (at + b) / BLOCK * Q4K.SCALES;
            float d = Float.float16ToFloat((short) scales[s]);
            float dmin = Float.float16ToFloat((short) (scales[s] >>> 16));
            for (int j = 0; j < BLOCK / Q4_PART; j++) {
                float step = d * scale(scales, s, j);
                float min = dmin * min(scales, s, j);
                int q = (at + b) / 2 + j / 2 * Q4_PART;
                int shift = j % 2 * 4;
                int o = outOffset + b + j * Q4_PART;
                for (int i = 0; i < Q4_PART; i++) {
                    out[o + i] = step * (quants[q + i] >> shift & 15) - min;
                }
            }
        }
    }

    /** The scale, 6 bits, of part j of the block whose scales begin at s. */
    private static int scale(int[] scales, int s, int j) {
        int shift = 8 * (j % 4);
        return j < 4 ? scales[s + 1] >>> shift & 63 : scales[s + 3] >>> shift & 15 | (scales[s + 1] >>> shift + 6 & 3) << 4;
    }

    private static int min(int[] scales, int s, int j) {
        int shift = 8 * (j % 4);
        return j < 4 ? scales[s + 2] >>> shift & 63 : scales[s + 3] >>> shift + 4 & 15 | (scales[s + 2] >>> shift + 6 & 3) << 4;
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
            scales[s] = halfD & 0xffff | halfDmin << 16;
            float d = Float.float16ToFloat(halfD);
            float dmin = Float.float16ToFloat(halfDmin);
            for (int j = 0; j < parts; j++) {
                int scale = nearest(steps[j], d, 63);
                int lowest = nearest(mins[j], dmin, 63);
                putScale(scales, s, j, scale, lowest);
                float inverse = scale == 0 ? 0 : 1 / (d * scale);
                int q = (at + b) / 2 + j / 2 * Q4_PART;
                for (int i = 0; i < Q4_PART; i++) {
                    int code = Math.clamp((int) ((x[b + j * Q4_PART + i] + dmin * lowest) * inverse + 0.5f), 0, 15);
                    quants[q + i] = (byte) (j % 2 == 0 ? code : quants[q + i] | code << 4);
                }
            }
        }
    }

    private static int nearest(float x, float unit, int most) {
        return unit == 0 ? 0 : Math.min(most, Math.round(x / unit));
    }

    static void expandQ6(float[] out, int outOffset, byte[] quants, byte[] scales, short[] d, int at, int n) {
        plainQ6(out, outOffset, quants, scales, d, at, n);
    }

    static void plainQ6(float[] out, int outOffset, byte[] quants, byte[] scales, short[] d, int at, int n) {
        for (int b = 0; b < n; b += BLOCK) {
            int block = (at + b) / BLOCK;
            float unit = Float.float16ToFloat(d[block]);
            for (int part = 0; part < BLOCK / Q6_PART; part++) {
                float step = unit * scales[block * Q6K.SCALES + part];
                int o = outOffset + b + part * Q6_PART;
                for (int i = 0; i < Q6_PART; i++) {
                    out[o + i] = step * (code(quants, block * Q6K.QUANTS, part * Q6_PART + i) - 32);
                }
            }
        }
    }

    /** The 6 bits of element e of the block that begins at q. */
    private static int code(byte[] quants, int q, int e) {
        int half = e / 128;
        int low = quants[q + half * 64 + e % 64] >> e / 64 % 2 * 4 & 15;
        int high = quants[q + 128 + half * 32 + e % 32] >> e / 32 % 4 * 2 & 3;
        return low | high << 4;
    }

    private static void putCode(byte[] quants, int q, int e, int code) {
        int half = e / 128;
        quants[q + half * 64 + e % 64] |= (byte) ((code & 15) << e / 64 % 2 * 4);
        quants[q + 128 + half * 32 + e % 32] |= (byte) (code >> 4 << e / 32 % 4 * 2);
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
            float unit = Float.float16ToFloat(d[block]);
            for (int part = 0; part < parts; part++) {
                int scale = unit == 0 ? 0 : Math.clamp(Math.round(steps[part] / unit), -128, 127);
                scales[block * Q6K.SCALES + part] = (byte) scale;
                float inverse = scale == 0 || unit == 0 ? 0 : 1 / (unit * scale);
                for (int i = 0; i < Q6_PART; i++) {
                    int e = part * Q6_PART + i;
                    putCode(quants, block * Q6K.QUANTS, e, Math.clamp((int) (x[b + e] * inverse + 32.5f), 0, 63));
                }
            }
        }
    }
}
