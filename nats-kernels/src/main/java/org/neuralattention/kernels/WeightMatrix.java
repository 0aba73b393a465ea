package org.neuralattention.kernels;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A matrix of weights [rows, cols], row-major, in one of the formats of {@link Dtype}, that is only read: an output of a linear
 * layer is a row times x. {@link #expand} defines its numbers; what a product gives is what it gives with the expanded rows.
 *
 * <p>Scales are kept apart from the numbers they scale, so that both are read in long runs. The records hold arrays they do not
 * copy; {@code offset} is the element of the array where row 0 begins. Whoever changes an array later changes the matrix.
 */
public sealed interface WeightMatrix {

    int rows();

    int cols();

    Dtype dtype();

    /**
     * out[count, cols] = rows [from, from + count) as float32.
     *
     * @throws IndexOutOfBoundsException if there are no such rows or they do not fit {@code out}
     */
    default void expand(float[] out, int outOffset, int from, int count) {
        Quants.checkRows(this, from, count, out, outOffset);
        expandRun(out, outOffset, from * cols(), count * cols());
    }

    /**
     * out[n] = elements [element, element + n) as float32, counted through the rows; both are multiples of the format's
     * {@linkplain Dtype#block block}. Not checked beyond what the arrays check.
     */
    void expandRun(float[] out, int outOffset, int element, int n);

    /**
     * Rows [from, from + count) as a matrix over the same arrays.
     *
     * @throws IndexOutOfBoundsException if there are no such rows
     */
    WeightMatrix slice(int from, int count);

    /** Bytes it takes, scales included. */
    default long bytes() {
        return dtype().bytes((long) rows() * cols());
    }

    /** float32: what training works on. */
    record F32(float[] data, int offset, int rows, int cols) implements WeightMatrix {

        /** @throws IndexOutOfBoundsException if the matrix does not fit the array */
        public F32 {
            Check.range("data", data, offset, Quants.elements(Dtype.F32, rows, cols));
        }

        @Override
        public Dtype dtype() {
            return Dtype.F32;
        }

        @Override
        public void expandRun(float[] out, int outOffset, int element, int n) {
            System.arraycopy(data, offset + element, out, outOffset, n);
        }

        @Override
        public F32 slice(int from, int count) {
            Quants.checkRows(this, from, count);
            return new F32(data, offset + from * cols, count, cols);
        }
    }

    /** float16. */
    record F16(short[] bits, int offset, int rows, int cols) implements WeightMatrix {

        /** @throws IndexOutOfBoundsException if the matrix does not fit the array */
        public F16 {
            Check.range("bits", bits, offset, Quants.elements(Dtype.F16, rows, cols));
        }

        @Override
        public Dtype dtype() {
            return Dtype.F16;
        }

        @Override
        public void expandRun(float[] out, int outOffset, int element, int n) {
            Quants.expandF16(out, outOffset, bits, offset + element, n);
        }

        @Override
        public F16 slice(int from, int count) {
            Quants.checkRows(this, from, count);
            return new F16(bits, offset + from * cols, count, cols);
        }
    }

    /** bfloat16: {@code value = float of bits << 16}. */
    record Bf16(short[] bits, int offset, int rows, int cols) implements WeightMatrix {

        /** @throws IndexOutOfBoundsException if the matrix does not fit the array */
        public Bf16 {
            Check.range("bits", bits, offset, Quants.elements(Dtype.BF16, rows, cols));
        }

        @Override
        public Dtype dtype() {
            return Dtype.BF16;
        }

        @Override
        public void expandRun(float[] out, int outOffset, int element, int n) {
            Quants.expandBf16(out, outOffset, bits, offset + element, n);
        }

        @Override
        public Bf16 slice(int from, int count) {
            Quants.checkRows(this, from, count);
            return new Bf16(bits, offset + from * cols, count, cols);
        }
    }

    /** Blocks of 32 signed bytes: {@code value[i] = scale[i / 32] quant[i]}. */
    record Q8(byte[] quants, short[] scales, int offset, int rows, int cols) implements WeightMatrix {

        /**
         * @throws IllegalArgumentException if rows or the offset are not whole blocks
         * @throws IndexOutOfBoundsException if the matrix does not fit the arrays
         */
        public Q8 {
            long elements = Quants.elements(Dtype.Q8_0, rows, cols);
            Quants.checkOffset(Dtype.Q8_0, rows, cols, offset);
            Check.range("quants", quants, offset, elements);
            Check.range("scales", scales, offset / Quants.BLOCK, elements / Quants.BLOCK);
        }

        @Override
        public Dtype dtype() {
            return Dtype.Q8_0;
        }

        @Override
        public void expandRun(float[] out, int outOffset, int element, int n) {
            Quants.expandQ8(out, outOffset, quants, scales, offset + element, n);
        }

        @Override
        public Q8 slice(int from, int count) {
            Quants.checkRows(this, from, count);
            return new Q8(quants, scales, offset + from * cols, count, cols);
        }
    }

    /**
     * Blocks of 16 bytes: {@code value[i] = scale[i / 32] (nibble - 8)}. The first 16 elements of a block are the low nibbles of
     * its bytes, the last 16 the high ones.
     */
    record Q4(byte[] quants, short[] scales, int offset, int rows, int cols) implements WeightMatrix {

        /**
         * @throws IllegalArgumentException if rows or the offset are not whole blocks, or elements are beyond what an int can count
         * @throws IndexOutOfBoundsException if the matrix does not fit the arrays
         */
        public Q4 {
            long elements = Quants.elements(Dtype.Q4_0, rows, cols);
            Quants.checkOffset(Dtype.Q4_0, rows, cols, offset);
            Check.range("quants", quants, offset / 2, elements / 2);
            Check.range("scales", scales, offset / Quants.BLOCK, elements / Quants.BLOCK);
        }

        @Override
        public Dtype dtype() {
            return Dtype.Q4_0;
        }

        @Override
        public void expandRun(float[] out, int outOffset, int element, int n) {
            Quants.expandQ4(out, outOffset, quants, scales, offset + element, n);
        }

        @Override
        public Q4 slice(int from, int count) {
            Quants.checkRows(this, from, count);
            return new Q4(quants, scales, offset + from * cols, count, cols);
        }
    }

    /**
     * Blocks of 256 as eight times 32 numbers of 4 bits, each eighth j with a scale and a minimum of 6 bits:
     * {@code value = d scale[j] nibble - dmin min[j]}, d and dmin a float16 for each block.
     *
     * <p>{@code quants} has 128 bytes for each block: byte 64 h + i of the block, for i below 64, holds its elements 128 h + i in the lower
     * half and 128 h + 64 + i in the upper. GGUF's block_q4_K has the same bits in another order ({@link #take}). {@code scales} has four ints, its first 16 bytes in little-endian order: d and dmin in the lower and the upper
     * half of the first, then twelve bytes, b: scale[j] = b[j] mod 64 and min[j] = b[j + 4] mod 64 for j below 4; from j = 4 on, nibbles
     * of b[j + 4] (the low one for the scale) with the upper two bits of b[j - 4] and of b[j] above them.
     */
    record Q4K(byte[] quants, int[] scales, int offset, int rows, int cols) implements WeightMatrix {

        /** Bytes in {@link #quants} and ints in {@link #scales} for each block. */
        public static final int QUANTS = 128, SCALES = 4;

        /**
         * @throws IllegalArgumentException if rows or the offset are not whole blocks, or elements are beyond what an int can count
         * @throws IndexOutOfBoundsException if the matrix does not fit the arrays
         */
        public Q4K {
            long blocks = Quants.elements(Dtype.Q4_K, rows, cols) / KQuants.BLOCK;
            Quants.checkOffset(Dtype.Q4_K, rows, cols, offset);
            Check.range("quants", quants, offset / KQuants.BLOCK * QUANTS, blocks * QUANTS);
            Check.range("scales", scales, offset / KQuants.BLOCK * SCALES, blocks * SCALES);
        }

        /**
         * Takes the quants of a block from the last 128 bytes of GGUF's.
         *
         * @throws IndexOutOfBoundsException if the array has no such block
         * @throws java.nio.BufferUnderflowException if the buffer has less
         */
        public static void take(byte[] quants, int block, ByteBuffer in) {
            in.get(quants, block * QUANTS, QUANTS);
            KQuants.swapQ4(quants, block * QUANTS);
        }

        /** Puts the quants of a block back as {@link #take} found them; errors are the same, or a {@link java.nio.BufferOverflowException}. */
        public static void put(ByteBuffer out, byte[] quants, int block) {
            byte[] bytes = Arrays.copyOfRange(quants, block * QUANTS, (block + 1) * QUANTS);
            KQuants.swapQ4(bytes, 0);
            out.put(bytes);
        }

        /** What the scales of a block are multiples of. */
        public static float d(int[] scales, int block) {
            return Float.float16ToFloat((short) scales[block * SCALES]);
        }

        /** What the minimums of a block are multiples of. */
        public static float dmin(int[] scales, int block) {
            return Float.float16ToFloat((short) (scales[block * SCALES] >>> 16));
        }

        /** The scale of eighth j of a block, 6 bits. */
        public static int scale(int[] scales, int block, int j) {
            int s = block * SCALES;
            int shift = 8 * (j & 3);
            return j < 4 ? scales[s + 1] >>> shift & 63 : scales[s + 3] >>> shift & 15 | (scales[s + 1] >>> shift + 6 & 3) << 4;
        }

        /** The minimum of eighth j of a block, 6 bits. */
        public static int min(int[] scales, int block, int j) {
            int s = block * SCALES;
            int shift = 8 * (j & 3);
            return j < 4 ? scales[s + 2] >>> shift & 63 : scales[s + 3] >>> shift + 4 & 15 | (scales[s + 2] >>> shift + 6 & 3) << 4;
        }

        @Override
        public Dtype dtype() {
            return Dtype.Q4_K;
        }

        @Override
        public void expandRun(float[] out, int outOffset, int element, int n) {
            KQuants.expandQ4(out, outOffset, quants, scales, offset + element, n);
        }

        @Override
        public Q4K slice(int from, int count) {
            Quants.checkRows(this, from, count);
            return new Q4K(quants, scales, offset + from * cols, count, cols);
        }
    }

    /**
     * Blocks of 256 as sixteen times 16 numbers q of 6 bits, each sixteenth j with a signed byte as its scale:
     * {@code value = d scale[j] (q - 32)}, d a float16 for each block.
     *
     * <p>{@code quants} has 192 bytes for each block. Byte 64 h + i, for h below 2 and i below 64, holds the lower four bits of its elements
     * 128 h + i, in the lower half, and 128 h + 64 + i; pairs of bits of byte 128 + i are the upper two of elements i, 64 + i, 128 + i and
     * 192 + i, from the lowest on. GGUF's block_q6_K has the same bits, the upper ones in another order ({@link #take}). {@code scales} has
     * the 16 bytes that follow in the file's block, {@code d} what is left.
     */
    record Q6K(byte[] quants, byte[] scales, short[] d, int offset, int rows, int cols) implements WeightMatrix {

        /** Bytes in {@link #quants} and in {@link #scales} for each block. */
        public static final int QUANTS = 192, SCALES = 16;

        /**
         * @throws IllegalArgumentException if rows or the offset are not whole blocks, or elements are beyond what an int can count
         * @throws IndexOutOfBoundsException if the matrix does not fit the arrays
         */
        public Q6K {
            long blocks = Quants.elements(Dtype.Q6_K, rows, cols) / KQuants.BLOCK;
            Quants.checkOffset(Dtype.Q6_K, rows, cols, offset);
            Check.range("quants", quants, offset / KQuants.BLOCK * QUANTS, blocks * QUANTS);
            Check.range("scales", scales, offset / KQuants.BLOCK * SCALES, blocks * SCALES);
            Check.range("d", d, offset / KQuants.BLOCK, blocks);
        }

        /**
         * Takes the quants of a block from the first 192 bytes of GGUF's.
         *
         * @throws IndexOutOfBoundsException if the array has no such block
         * @throws java.nio.BufferUnderflowException if the buffer has less
         */
        public static void take(byte[] quants, int block, ByteBuffer in) {
            in.get(quants, block * QUANTS, QUANTS);
            KQuants.takeHighQ6(quants, block * QUANTS + 128);
        }

        /** Puts the quants of a block back as {@link #take} found them; errors are the same, or a {@link java.nio.BufferOverflowException}. */
        public static void put(ByteBuffer out, byte[] quants, int block) {
            byte[] bytes = Arrays.copyOfRange(quants, block * QUANTS, (block + 1) * QUANTS);
            KQuants.putHighQ6(bytes, 128);
            out.put(bytes);
        }

        @Override
        public Dtype dtype() {
            return Dtype.Q6_K;
        }

        @Override
        public void expandRun(float[] out, int outOffset, int element, int n) {
            KQuants.expandQ6(out, outOffset, quants, scales, d, offset + element, n);
        }

        @Override
        public Q6K slice(int from, int count) {
            Quants.checkRows(this, from, count);
            return new Q6K(quants, scales, d, offset + from * cols, count, cols);
        }
    }

    /** Where rows come from, for example a file: writes rows [from, from + count) to {@code out} from element 0. */
    @FunctionalInterface
    interface Source<E extends Exception> {
        void read(float[] out, int from, int count) throws E;
    }

    /**
     * A matrix of the given format, filled from a source a few rows at a time, in order: beside the matrix only those are held.
     *
     * @throws IllegalArgumentException if rows are not whole blocks, there are too many elements for one array, or a number cannot be
     *     expressed: F16 needs absolute values below 65,520; formats of blocks need finite numbers whose scale fits a float16, which it
     *     does below 8.3 million for Q8_0, 524,000 for Q4_0, 268 million for Q6_K and 4.1 million for Q4_K
     */
    static <E extends Exception> WeightMatrix read(Dtype dtype, int rows, int cols, Source<E> source) throws E {
        return Quants.read(dtype, rows, cols, source);
    }

    /** As above, from an array: F32 is the array itself, the others are new. */
    static WeightMatrix of(Dtype dtype, float[] data, int offset, int rows, int cols) {
        F32 matrix = new F32(data, offset, rows, cols);
        return dtype == Dtype.F32 ? matrix : read(dtype, rows, cols, (out, from, count) -> matrix.expand(out, 0, from, count));
    }
}
