package org.neuralattention.io;

import java.nio.ByteBuffer;

/**
 * How a GGUF file stores a row of numbers: as they are, or in blocks of {@value #BLOCK} with a scale d in half precision. Source: ggml's
 * block formats q8_0 and q4_0.
 */
public enum GgufType {

    /** float32. */
    F32(0, 0, 1, 4) {
        @Override
        void encode(float[] x, int offset, ByteBuffer out) {
            out.putFloat(x[offset]);
        }
    },

    /** d, then 32 signed bytes: x = d q, d = max |x| / 127. */
    Q8_0(8, 7, GgufType.BLOCK, 2 + GgufType.BLOCK) {
        @Override
        void encode(float[] x, int offset, ByteBuffer out) {
            float d = Math.abs(furthest(x, offset)) / 127;
            float inverse = d == 0 ? 0 : 1 / d;
            out.putShort(Float.floatToFloat16(d));
            for (int i = 0; i < BLOCK; i++) {
                out.put((byte) Math.round(x[offset + i] * inverse));
            }
        }
    },

    /** d, then 16 bytes with two numbers each, i in the low half and i + 16 in the high one: x = d (q - 8), d = x / -8 of the x furthest from 0. */
    Q4_0(2, 2, GgufType.BLOCK, 2 + GgufType.BLOCK / 2) {
        @Override
        void encode(float[] x, int offset, ByteBuffer out) {
            float d = furthest(x, offset) / -8;
            float inverse = d == 0 ? 0 : 1 / d;
            out.putShort(Float.floatToFloat16(d));
            for (int i = 0; i < BLOCK / 2; i++) {
                out.put((byte) (nibble(x[offset + i] * inverse) | nibble(x[offset + BLOCK / 2 + i] * inverse) << 4));
            }
        }
    };

    static final int BLOCK = 32;

    /** The tensor's type, and the file's when most of it is of this type. */
    final int id, fileType;

    /** Numbers in a block, and the bytes it takes. */
    final int numbers, bytes;

    GgufType(int id, int fileType, int numbers, int bytes) {
        this.id = id;
        this.fileType = fileType;
        this.numbers = numbers;
        this.bytes = bytes;
    }

    /** Appends one block. */
    abstract void encode(float[] x, int offset, ByteBuffer out);

    private static float furthest(float[] x, int offset) {
        float furthest = 0;
        for (int i = offset; i < offset + BLOCK; i++) {
            furthest = Math.abs(x[i]) > Math.abs(furthest) ? x[i] : furthest;
        }
        return furthest;
    }

    private static int nibble(float q) {
        return Math.min(15, (int) (q + 8.5f));
    }
}
