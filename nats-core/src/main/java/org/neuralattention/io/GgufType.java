package org.neuralattention.io;

import java.util.Optional;
import org.neuralattention.kernels.Dtype;

/**
 * How ggml stores a tensor: blocks of so many numbers in so many bytes. All types in use are known by their size, so that any file can be checked and
 * described; those with a {@link #dtype} can be read. Source: ggml's {@code enum ggml_type} and its table of block sizes.
 */
public enum GgufType {
    F32(0, Dtype.F32),
    F16(1, Dtype.F16),
    Q4_0(2, Dtype.Q4_0),
    Q4_1(3, 32, 20),
    Q5_0(6, 32, 22),
    Q5_1(7, 32, 24),
    Q8_0(8, Dtype.Q8_0),
    Q8_1(9, 32, 36),
    Q2_K(10, 256, 84),
    Q3_K(11, 256, 110),
    Q4_K(12, Dtype.Q4_K),
    Q5_K(13, 256, 176),
    Q6_K(14, Dtype.Q6_K),
    Q8_K(15, 256, 292),
    IQ2_XXS(16, 256, 66),
    IQ2_XS(17, 256, 74),
    IQ3_XXS(18, 256, 98),
    IQ1_S(19, 256, 50),
    IQ4_NL(20, 32, 18),
    IQ3_S(21, 256, 110),
    IQ2_S(22, 256, 82),
    IQ4_XS(23, 256, 136),
    I8(24, 1, 1),
    I16(25, 1, 2),
    I32(26, 1, 4),
    I64(27, 1, 8),
    F64(28, 1, 8),
    IQ1_M(29, 256, 56),
    BF16(30, Dtype.BF16),
    TQ1_0(34, 256, 54),
    TQ2_0(35, 256, 66),
    MXFP4(39, 32, 17),
    NVFP4(40, 64, 36),
    Q1_0(41, 128, 18);

    /** Its number in a file. */
    final int id;

    /** Numbers in a block, and the bytes it takes. */
    final int numbers, bytes;

    private final Dtype dtype;

    GgufType(int id, int numbers, int bytes) {
        this(id, numbers, bytes, null);
    }

    GgufType(int id, Dtype dtype) {
        this(id, dtype.block(), (int) dtype.bytes(dtype.block()), dtype);
    }

    GgufType(int id, int numbers, int bytes, Dtype dtype) {
        this.id = id;
        this.numbers = numbers;
        this.bytes = bytes;
        this.dtype = dtype;
    }

    /** The format of a {@link org.neuralattention.kernels.WeightMatrix} with the same numbers in it, where there is one. */
    public Optional<Dtype> dtype() {
        return Optional.ofNullable(dtype);
    }

    /** The type in which a matrix of that format is stored. */
    static GgufType of(Dtype dtype) {
        return valueOf(dtype.name());
    }

    /** The type of that number, if it is known. */
    static Optional<GgufType> of(int id) {
        for (GgufType type : values()) {
            if (type.id == id) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
