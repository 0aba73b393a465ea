package org.neuralattention.io;

import java.nio.ByteBuffer;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;

/**
 * How a GGUF file stores a row of numbers: as they are, or in blocks of 32 with a scale d in half precision, as {@link WeightMatrix} rounds
 * them. Source: ggml's block formats q8_0 and q4_0.
 */
public enum GgufType {

    /** float32. */
    F32(0, 0, Dtype.F32) {
        @Override
        void put(WeightMatrix matrix, int element, ByteBuffer out) {
            WeightMatrix.F32 m = (WeightMatrix.F32) matrix;
            out.putFloat(m.data()[m.offset() + element]);
        }
    },

    /** d, then 32 signed bytes: x = d q, d = max |x| / 127. */
    Q8_0(8, 7, Dtype.Q8_0) {
        @Override
        void put(WeightMatrix matrix, int element, ByteBuffer out) {
            WeightMatrix.Q8 m = (WeightMatrix.Q8) matrix;
            int at = m.offset() + element;
            out.putShort(m.scales()[at / numbers]).put(m.quants(), at, numbers);
        }
    },

    /** d, then 16 bytes with two numbers each, i in the low half and i + 16 in the high one: x = d (q - 8), d = x / -8 of the x furthest from 0. */
    Q4_0(2, 2, Dtype.Q4_0) {
        @Override
        void put(WeightMatrix matrix, int element, ByteBuffer out) {
            WeightMatrix.Q4 m = (WeightMatrix.Q4) matrix;
            int at = m.offset() + element;
            out.putShort(m.scales()[at / numbers]).put(m.quants(), at / 2, numbers / 2);
        }
    };

    /** The tensor's type, and the file's when most of it is of this type. */
    final int id, fileType;

    /** The format of a {@link WeightMatrix} with the same numbers in it. */
    final Dtype dtype;

    /** Numbers in a block, and the bytes it takes. */
    final int numbers, bytes;

    GgufType(int id, int fileType, Dtype dtype) {
        this.id = id;
        this.fileType = fileType;
        this.dtype = dtype;
        this.numbers = dtype.block();
        this.bytes = (int) dtype.bytes(numbers);
    }

    /** Appends the block that begins at an element of a matrix of {@link #dtype}. */
    abstract void put(WeightMatrix matrix, int element, ByteBuffer out);
}
