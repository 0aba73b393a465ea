package org.neuralattention.kernels;

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
    void expand(float[] out, int outOffset, int from, int count);

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
        public void expand(float[] out, int outOffset, int from, int count) {
            Quants.checkRows(this, from, count, out, outOffset);
            System.arraycopy(data, offset + from * cols, out, outOffset, count * cols);
        }

        @Override
        public F32 slice(int from, int count) {
            Quants.checkRows(this, from, count);
            return new F32(data, offset + from * cols, count, cols);
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
        public void expand(float[] out, int outOffset, int from, int count) {
            Quants.checkRows(this, from, count, out, outOffset);
            Quants.expandBf16(out, outOffset, bits, offset + from * cols, count * cols);
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
            Quants.checkBlocks(offset);
            Check.range("quants", quants, offset, elements);
            Check.range("scales", scales, offset / Quants.BLOCK, elements / Quants.BLOCK);
        }

        @Override
        public Dtype dtype() {
            return Dtype.Q8_0;
        }

        @Override
        public void expand(float[] out, int outOffset, int from, int count) {
            Quants.checkRows(this, from, count, out, outOffset);
            Quants.expandQ8(out, outOffset, quants, scales, offset + from * cols, count * cols);
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
            Quants.checkBlocks(offset);
            if (offset + elements > Integer.MAX_VALUE) { // two in a byte: the array could hold them
                throw new IllegalArgumentException("[" + rows + ", " + cols + "] from offset " + offset + ": the last element is beyond "
                        + Integer.MAX_VALUE);
            }
            Check.range("quants", quants, offset / 2, elements / 2);
            Check.range("scales", scales, offset / Quants.BLOCK, elements / Quants.BLOCK);
        }

        @Override
        public Dtype dtype() {
            return Dtype.Q4_0;
        }

        @Override
        public void expand(float[] out, int outOffset, int from, int count) {
            Quants.checkRows(this, from, count, out, outOffset);
            Quants.expandQ4(out, outOffset, quants, scales, offset + from * cols, count * cols);
        }

        @Override
        public Q4 slice(int from, int count) {
            Quants.checkRows(this, from, count);
            return new Q4(quants, scales, offset + from * cols, count, cols);
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
     *     expressed: Q8 and Q4 need finite numbers whose scale fits a float16 (largest absolute value below 8.3 million, 524,000 for Q4)
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
