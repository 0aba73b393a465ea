package org.neuralattention.io;

import java.nio.ByteBuffer;
import org.neuralattention.kernels.WeightMatrix;

/** Blocks of a GGUF file, out of the arrays of a {@link WeightMatrix}. Source: ggml's block formats. */
final class GgufBlocks {

    private GgufBlocks() {}

    /** Appends the block that begins at an element of a matrix. */
    static void put(ByteBuffer out, WeightMatrix matrix, int element) {
        int numbers = matrix.dtype().block();
        switch (matrix) {
            case WeightMatrix.F32 m -> out.putFloat(m.data()[m.offset() + element]);
            case WeightMatrix.Bf16 m -> out.putShort(m.bits()[m.offset() + element]);
            case WeightMatrix.Q8 m -> {
                int at = m.offset() + element;
                out.putShort(m.scales()[at / numbers]).put(m.quants(), at, numbers);
            }
            case WeightMatrix.Q4 m -> {
                int at = m.offset() + element;
                out.putShort(m.scales()[at / numbers]).put(m.quants(), at / 2, numbers / 2);
            }
            default -> throw new IllegalArgumentException("no GGUF is written in " + matrix.dtype());
        }
    }
}
