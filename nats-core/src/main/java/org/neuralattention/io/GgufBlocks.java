package org.neuralattention.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.WeightMatrix;

/**
 * The bytes of tensors in a GGUF file, from and to the arrays of a {@link WeightMatrix}: the same bits, only scales and quants lie apart in our arrays and
 * side by side in the file's blocks, and bytes of K quants in another order. Source: ggml's block formats.
 */
final class GgufBlocks {

    /** Blocks read in one call. */
    private static final int RUN = 256;

    private GgufBlocks() {}

    /** A matrix of a format with its arrays still empty. */
    static WeightMatrix empty(Dtype dtype, int rows, int cols) {
        int n = Math.multiplyExact(rows, cols);
        int blocks = n / dtype.block();
        return switch (dtype) {
            case F32 -> new WeightMatrix.F32(new float[n], 0, rows, cols);
            case F16 -> new WeightMatrix.F16(new short[n], 0, rows, cols);
            case BF16 -> new WeightMatrix.Bf16(new short[n], 0, rows, cols);
            case Q8_0 -> new WeightMatrix.Q8(new byte[n], new short[blocks], 0, rows, cols);
            case Q4_0 -> new WeightMatrix.Q4(new byte[n / 2], new short[blocks], 0, rows, cols);
            case Q4_K -> new WeightMatrix.Q4K(new byte[blocks * WeightMatrix.Q4K.QUANTS], new int[blocks * WeightMatrix.Q4K.SCALES], 0, rows, cols);
            case Q6_K -> new WeightMatrix.Q6K(new byte[blocks * WeightMatrix.Q6K.QUANTS], new byte[blocks * WeightMatrix.Q6K.SCALES], new short[blocks], 0, rows, cols);
        };
    }

    /** Takes the next n numbers of the file, whole blocks, as those of a matrix from {@code element} on. */
    static void get(WeightMatrix to, int element, ByteBuffer in, int n) {
        int bytes = (int) to.dtype().bytes(n);
        switch (to) {
            case WeightMatrix.F32 m -> in.asFloatBuffer().get(m.data(), m.offset() + element, n);
            case WeightMatrix.F16 m -> in.asShortBuffer().get(m.bits(), m.offset() + element, n);
            case WeightMatrix.Bf16 m -> in.asShortBuffer().get(m.bits(), m.offset() + element, n);
            default -> getBlocks(to, element, in, n);
        }
        if (to.dtype().block() == 1) {
            in.position(in.position() + bytes);
        }
    }

    /** In runs, so that a process that has just started, as most that load a model have, leaves the interpreter after the first few of them. */
    private static void getBlocks(WeightMatrix to, int element, ByteBuffer in, int n) {
        int numbers = to.dtype().block();
        for (int done = 0; done < n; done += RUN * numbers) {
            int first = (element + done) / numbers; // an offset is whole blocks too
            int blocks = Math.min(RUN, (n - done) / numbers);
            switch (to) {
                case WeightMatrix.Q8 m -> getQ8(m, m.offset() / numbers + first, in, blocks);
                case WeightMatrix.Q4 m -> getQ4(m, m.offset() / numbers + first, in, blocks);
                case WeightMatrix.Q4K m -> getQ4K(m, m.offset() / numbers + first, in, blocks);
                case WeightMatrix.Q6K m -> getQ6K(m, m.offset() / numbers + first, in, blocks);
                default -> throw new AssertionError(to.dtype());
            }
        }
    }

    // Eight bytes at a time: more than twice as fast as copying runs of 16 and 32.
    private static void getQ8(WeightMatrix.Q8 m, int first, ByteBuffer in, int blocks) {
        ByteBuffer quants = ByteBuffer.wrap(m.quants()).order(ByteOrder.LITTLE_ENDIAN);
        int from = in.position();
        for (int b = 0; b < blocks; b++, from += 34) {
            int at = 32 * (first + b);
            m.scales()[first + b] = in.getShort(from);
            quants.putLong(at, in.getLong(from + 2)).putLong(at + 8, in.getLong(from + 10))
                    .putLong(at + 16, in.getLong(from + 18)).putLong(at + 24, in.getLong(from + 26));
        }
        in.position(from);
    }

    private static void getQ4(WeightMatrix.Q4 m, int first, ByteBuffer in, int blocks) {
        ByteBuffer quants = ByteBuffer.wrap(m.quants()).order(ByteOrder.LITTLE_ENDIAN);
        int from = in.position();
        for (int b = 0; b < blocks; b++, from += 18) {
            int at = 16 * (first + b);
            m.scales()[first + b] = in.getShort(from);
            quants.putLong(at, in.getLong(from + 2)).putLong(at + 8, in.getLong(from + 10));
        }
        in.position(from);
    }

    private static void getQ4K(WeightMatrix.Q4K m, int first, ByteBuffer in, int blocks) {
        for (int b = first; b < first + blocks; b++) {
            for (int k = 0; k < WeightMatrix.Q4K.SCALES; k++) {
                m.scales()[b * WeightMatrix.Q4K.SCALES + k] = in.getInt();
            }
            WeightMatrix.Q4K.take(m.quants(), b, in);
        }
    }

    private static void getQ6K(WeightMatrix.Q6K m, int first, ByteBuffer in, int blocks) {
        for (int b = first; b < first + blocks; b++) {
            WeightMatrix.Q6K.take(m.quants(), b, in);
            in.get(m.scales(), b * WeightMatrix.Q6K.SCALES, WeightMatrix.Q6K.SCALES);
            m.d()[b] = in.getShort();
        }
    }

    /** Appends n numbers of a matrix, whole blocks, from {@code element} on. */
    static void put(ByteBuffer out, WeightMatrix from, int element, int n) {
        int bytes = (int) from.dtype().bytes(n);
        switch (from) {
            case WeightMatrix.F32 m -> out.asFloatBuffer().put(m.data(), m.offset() + element, n);
            case WeightMatrix.F16 m -> out.asShortBuffer().put(m.bits(), m.offset() + element, n);
            case WeightMatrix.Bf16 m -> out.asShortBuffer().put(m.bits(), m.offset() + element, n);
            default -> putBlocks(out, from, element, n);
        }
        if (from.dtype().block() == 1) {
            out.position(out.position() + bytes);
        }
    }

    private static void putBlocks(ByteBuffer out, WeightMatrix from, int element, int n) {
        int numbers = from.dtype().block();
        for (int i = 0; i < n; i += numbers) {
            switch (from) {
                case WeightMatrix.Q8 m -> {
                    int at = m.offset() + element + i;
                    out.putShort(m.scales()[at / numbers]).put(m.quants(), at, numbers);
                }
                case WeightMatrix.Q4 m -> {
                    int at = m.offset() + element + i;
                    out.putShort(m.scales()[at / numbers]).put(m.quants(), at / 2, numbers / 2);
                }
                case WeightMatrix.Q4K m -> {
                    int block = (m.offset() + element + i) / numbers;
                    for (int k = 0; k < WeightMatrix.Q4K.SCALES; k++) {
                        out.putInt(m.scales()[block * WeightMatrix.Q4K.SCALES + k]);
                    }
                    WeightMatrix.Q4K.put(out, m.quants(), block);
                }
                case WeightMatrix.Q6K m -> {
                    int block = (m.offset() + element + i) / numbers;
                    WeightMatrix.Q6K.put(out, m.quants(), block);
                    out.put(m.scales(), block * WeightMatrix.Q6K.SCALES, WeightMatrix.Q6K.SCALES);
                    out.putShort(m.d()[block]);
                }
                default -> throw new AssertionError(from.dtype());
            }
        }
    }
}
