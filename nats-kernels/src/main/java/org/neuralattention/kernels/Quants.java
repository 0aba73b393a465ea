package org.neuralattention.kernels;

import org.neuralattention.kernels.vector.Lanes;
import org.neuralattention.kernels.vector.MatVecBf16;
import org.neuralattention.kernels.vector.MatVecQ4;
import org.neuralattention.kernels.vector.MatVecQ8;

/**
 * The formats of {@link WeightMatrix}, as plain loops: how numbers are rounded to them and what they stand for. The rules of Q8_0
 * and Q4_0 are GGUF's, so that blocks of such files can be taken as they are. {@link KQuants} has Q4_K and Q6_K.
 *
 * <p>Expanding is exact: a scale has 11 significant bits, a quant at most 8, so their product is a float32.
 */
final class Quants {

    /** Elements that share a scale. */
    static final int BLOCK = 32;

    /** Elements that {@link #read} holds as float32 at a time, about: a quarter of a megabyte. */
    private static final int PIECE = 1 << 16;

    /** Whether the vector kernels take bytes: vectors of bytes have at least eight. */
    static final boolean BYTES = Kernels.VECTOR && Lanes.BITS >= 256;

    private Quants() {}

    static long elements(Dtype dtype, int rows, int cols) {
        Check.notNegative("rows", rows);
        Check.notNegative("cols", cols);
        if (cols % dtype.block() != 0) {
            throw new IllegalArgumentException("cols = " + cols + ": rows of " + dtype + " must be a multiple of " + dtype.block());
        }
        return (long) rows * cols;
    }

    static void checkOffset(Dtype dtype, int rows, int cols, int offset) {
        if (offset % dtype.block() != 0) {
            throw new IllegalArgumentException("offset = " + offset + ": must be a multiple of " + dtype.block());
        }
        if (offset + (long) rows * cols > Integer.MAX_VALUE) { // several may share a byte: the array could hold them
            throw new IllegalArgumentException("[" + rows + ", " + cols + "] from offset " + offset + ": the last element is beyond "
                    + Integer.MAX_VALUE);
        }
    }

    static void checkRows(WeightMatrix w, int from, int count) {
        if (from < 0 || count < 0 || from > w.rows() - count) {
            throw new IndexOutOfBoundsException("rows " + from + " to " + ((long) from + count) + " of a matrix of " + w.rows());
        }
    }

    static void checkRows(WeightMatrix w, int from, int count, float[] out, int outOffset) {
        checkRows(w, from, count);
        Check.range("out", out, outOffset, (long) count * w.cols());
    }

    static <E extends Exception> WeightMatrix read(Dtype dtype, int rows, int cols, WeightMatrix.Source<E> source) throws E {
        long elements = elements(dtype, rows, cols);
        if (elements > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("[" + rows + ", " + cols + "]: more elements than one array can hold");
        }
        int n = (int) elements;
        int most = Math.max(1, PIECE / Math.max(cols, 1));
        float[] piece = new float[Math.min(rows, most) * cols];
        return switch (dtype) {
            case F32 -> {
                float[] data = new float[n];
                pieces(rows, most, piece, source, (from, count) -> System.arraycopy(piece, 0, data, from * cols, count * cols));
                yield new WeightMatrix.F32(data, 0, rows, cols);
            }
            case F16 -> {
                short[] bits = new short[n];
                pieces(rows, most, piece, source, (from, count) -> toF16(bits, from * cols, piece, count * cols));
                yield new WeightMatrix.F16(bits, 0, rows, cols);
            }
            case BF16 -> {
                short[] bits = new short[n];
                pieces(rows, most, piece, source, (from, count) -> toBf16(bits, from * cols, piece, count * cols));
                yield new WeightMatrix.Bf16(bits, 0, rows, cols);
            }
            case Q8_0 -> {
                byte[] quants = new byte[n];
                short[] scales = new short[n / BLOCK];
                pieces(rows, most, piece, source, (from, count) -> toQ8(quants, scales, from * cols, piece, count * cols));
                yield new WeightMatrix.Q8(quants, scales, 0, rows, cols);
            }
            case Q4_0 -> {
                byte[] quants = new byte[n / 2];
                short[] scales = new short[n / BLOCK];
                pieces(rows, most, piece, source, (from, count) -> toQ4(quants, scales, from * cols, piece, count * cols));
                yield new WeightMatrix.Q4(quants, scales, 0, rows, cols);
            }
            case Q4_K -> {
                byte[] quants = new byte[n / KQuants.BLOCK * WeightMatrix.Q4K.QUANTS];
                int[] scales = new int[n / KQuants.BLOCK * WeightMatrix.Q4K.SCALES];
                pieces(rows, most, piece, source, (from, count) -> KQuants.toQ4(quants, scales, from * cols, piece, count * cols));
                yield new WeightMatrix.Q4K(quants, scales, 0, rows, cols);
            }
            case Q6_K -> {
                byte[] quants = new byte[n / KQuants.BLOCK * WeightMatrix.Q6K.QUANTS];
                byte[] scales = new byte[n / KQuants.BLOCK * WeightMatrix.Q6K.SCALES];
                short[] d = new short[n / KQuants.BLOCK];
                pieces(rows, most, piece, source, (from, count) -> KQuants.toQ6(quants, scales, d, from * cols, piece, count * cols));
                yield new WeightMatrix.Q6K(quants, scales, d, 0, rows, cols);
            }
        };
    }

    private interface Sink {
        void take(int from, int count);
    }

    private static <E extends Exception> void pieces(int rows, int most, float[] piece, WeightMatrix.Source<E> source, Sink sink) throws E {
        for (int from = 0; from < rows; from += most) {
            int count = Math.min(most, rows - from);
            source.read(piece, from, count);
            sink.take(from, count);
        }
    }

    private static void toF16(short[] bits, int at, float[] x, int n) {
        for (int i = 0; i < n; i++) {
            bits[at + i] = f16(x[i], Dtype.F16, x[i]);
        }
    }

    static void expandF16(float[] out, int outOffset, short[] bits, int at, int n) {
        for (int i = 0; i < n; i++) { // vectorised by the compiler
            out[outOffset + i] = Float.float16ToFloat(bits[at + i]);
        }
    }

    /** Rounded to nearest, ties to even; a NaN stays one. */
    private static void toBf16(short[] bits, int at, float[] x, int n) {
        for (int i = 0; i < n; i++) {
            bits[at + i] = bf16(x[i]);
        }
    }

    static short bf16(float x) {
        int b = Float.floatToRawIntBits(x);
        int rounded = b + 0x7fff + (b >>> 16 & 1) >>> 16;
        return (short) (Float.isNaN(x) ? b >>> 16 | 0x40 : rounded);
    }

    static float bf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    static void expandBf16(float[] out, int outOffset, short[] bits, int at, int n) {
        if (Kernels.VECTOR) {
            MatVecBf16.expand(out, outOffset, bits, at, n);
        } else {
            plainBf16(out, outOffset, bits, at, n);
        }
    }

    static void plainBf16(float[] out, int outOffset, short[] bits, int at, int n) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = bf16(bits[at + i]);
        }
    }

    /** scale = max |x| / 127 in float32; quants divide by it and the scale is then rounded to float16. */
    private static void toQ8(byte[] quants, short[] scales, int at, float[] x, int n) {
        for (int b = 0; b < n; b += BLOCK) {
            float max = 0;
            for (int i = b; i < b + BLOCK; i++) {
                max = Math.max(max, Math.abs(x[i]));
            }
            float d = max / 127;
            float inverse = d == 0 ? 0 : 1 / d;
            scales[(at + b) / BLOCK] = f16(d, Dtype.Q8_0, max);
            for (int i = b; i < b + BLOCK; i++) {
                float q = x[i] * inverse;
                quants[at + i] = (byte) (q < 0 ? -Math.round(-q) : Math.round(q)); // halves away from 0, as C's roundf
            }
        }
    }

    static void expandQ8(float[] out, int outOffset, byte[] quants, short[] scales, int at, int n) {
        if (BYTES) {
            MatVecQ8.expand(out, outOffset, quants, scales, at, n);
        } else {
            plainQ8(out, outOffset, quants, scales, at, n);
        }
    }

    static void plainQ8(float[] out, int outOffset, byte[] quants, short[] scales, int at, int n) {
        for (int b = 0; b < n; b += BLOCK) {
            float d = Float.float16ToFloat(scales[(at + b) / BLOCK]);
            for (int i = b; i < b + BLOCK; i++) {
                out[outOffset + i] = d * quants[at + i];
            }
        }
    }

    /** The number farthest from 0 becomes -8: scale = that / -8; the others round to the nearest of -8 to 7. */
    private static void toQ4(byte[] quants, short[] scales, int at, float[] x, int n) {
        for (int b = 0; b < n; b += BLOCK) {
            float max = 0;
            float far = 0;
            for (int i = b; i < b + BLOCK; i++) {
                float size = Math.abs(x[i]);
                far = size > max ? x[i] : far;
                max = Math.max(max, size);
            }
            float d = far / -8;
            float inverse = d == 0 ? 0 : 1 / d;
            scales[(at + b) / BLOCK] = f16(d, Dtype.Q4_0, max);
            for (int i = 0; i < BLOCK / 2; i++) {
                int low = Math.min(15, (int) (x[b + i] * inverse + 8.5f));
                int high = Math.min(15, (int) (x[b + i + BLOCK / 2] * inverse + 8.5f));
                quants[(at + b) / 2 + i] = (byte) (low | high << 4);
            }
        }
    }

    static void expandQ4(float[] out, int outOffset, byte[] quants, short[] scales, int at, int n) {
        if (BYTES) {
            MatVecQ4.expand(out, outOffset, quants, scales, at, n);
        } else {
            plainQ4(out, outOffset, quants, scales, at, n);
        }
    }

    static void plainQ4(float[] out, int outOffset, byte[] quants, short[] scales, int at, int n) {
        for (int b = 0; b < n; b += BLOCK) {
            float d = Float.float16ToFloat(scales[(at + b) / BLOCK]);
            int from = (at + b) / 2;
            for (int i = 0; i < BLOCK / 2; i++) {
                out[outOffset + b + i] = d * ((quants[from + i] & 15) - 8);
                out[outOffset + b + BLOCK / 2 + i] = d * ((quants[from + i] >> 4 & 15) - 8);
            }
        }
    }

    /** {@code d} as float16, unless that says nothing about numbers whose largest absolute value is {@code max}. */
    static short f16(float d, Dtype dtype, float max) {
        short half = Float.floatToFloat16(d);
        if (!Float.isFinite(max) || !Float.isFinite(Float.float16ToFloat(half))) {
            throw new IllegalArgumentException("a weight of " + max + " cannot be expressed in " + dtype);
        }
        return half;
    }
}
