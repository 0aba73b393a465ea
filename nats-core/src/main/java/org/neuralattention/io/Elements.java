package org.neuralattention.io;

import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import org.neuralattention.io.SafeTensors.DType;

/** Little-endian bytes to Java arrays, one loop per stored type. */
final class Elements {

    static final Set<DType> FLOATS = Collections.unmodifiableSet(EnumSet.of(DType.F64, DType.F32, DType.F16, DType.BF16));
    static final Set<DType> HALVES = Collections.unmodifiableSet(EnumSet.of(DType.F16, DType.BF16));
    static final Set<DType> INTS = Collections.unmodifiableSet(EnumSet.of(DType.I64, DType.I32, DType.I16, DType.I8,
            DType.U64, DType.U32, DType.U16, DType.U8, DType.BOOL));

    private Elements() {}

    /** A bfloat16 is the upper half of a float32. */
    static float bf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    static void floats(DType dtype, ByteBuffer from, float[] to, int offset, int n) {
        switch (dtype) {
            case F32 -> from.asFloatBuffer().get(to, offset, n);
            case BF16 -> {
                short[] bits = shorts(from, n);
                for (int i = 0; i < n; i++) {
                    to[offset + i] = bf16(bits[i]);
                }
            }
            case F16 -> {
                short[] bits = shorts(from, n);
                for (int i = 0; i < n; i++) {
                    to[offset + i] = Float.float16ToFloat(bits[i]);
                }
            }
            case F64 -> {
                double[] wide = new double[n];
                from.asDoubleBuffer().get(wide);
                for (int i = 0; i < n; i++) {
                    to[offset + i] = (float) wide[i];
                }
            }
            default -> throw new AssertionError(dtype);
        }
    }

    // Through an array: the loops over it vectorise, those over a buffer do not.
    private static short[] shorts(ByteBuffer from, int n) {
        short[] bits = new short[n];
        from.asShortBuffer().get(bits);
        return bits;
    }

    static void doubles(DType dtype, ByteBuffer from, double[] to, int offset, int n) {
        if (dtype == DType.F64) {
            from.asDoubleBuffer().get(to, offset, n);
            return;
        }
        float[] floats = new float[n];
        floats(dtype, from, floats, 0, n);
        for (int i = 0; i < n; i++) {
            to[offset + i] = floats[i];
        }
    }

    /** False if a number does not fit an int. */
    static boolean ints(DType dtype, ByteBuffer from, int[] to, int offset, int n) {
        boolean fit = true;
        for (int i = 0; i < n; i++) {
            long value = switch (dtype) {
                case I64 -> from.getLong(8 * i);
                case U64 -> from.getLong(8 * i) < 0 ? Long.MAX_VALUE : from.getLong(8 * i);
                case I32 -> from.getInt(4 * i);
                case U32 -> Integer.toUnsignedLong(from.getInt(4 * i));
                case I16 -> from.getShort(2 * i);
                case U16 -> Short.toUnsignedInt(from.getShort(2 * i));
                case I8 -> from.get(i);
                case U8 -> Byte.toUnsignedInt(from.get(i));
                case BOOL -> from.get(i) == 0 ? 0 : 1;
                default -> throw new AssertionError(dtype);
            };
            fit &= value == (int) value;
            to[offset + i] = (int) value;
        }
        return fit;
    }
}
