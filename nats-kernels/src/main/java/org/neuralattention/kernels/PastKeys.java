package org.neuralattention.kernels;

/**
 * Keys of earlier pieces of a sequence that are still held while a new piece is attended, ragged over the KV heads:
 * head h owns the keys headStart[h] .. headStart[h + 1] - 1. All of them lie before the piece. The arrays are the caller's own, not copies.
 *
 * @param k       [total, headDim] keys from {@code kOffset} on
 * @param v       [total, headDim] values from {@code vOffset} on
 * @param lastRow [total] the last row of the piece that sees the key, counted from the piece's first row; negative: no row does
 * @param headStart [nKvHeads + 1] ascending; total = headStart[nKvHeads]
 */
public record PastKeys(float[] k, int kOffset, float[] v, int vOffset, int[] lastRow, int lastRowOffset, int[] headStart) {

    /**
     * @throws IllegalArgumentException if an array is null or headStart does not ascend from a number that is not negative
     * @throws IndexOutOfBoundsException if an offset is negative or {@code lastRow} is too short; k and v are checked when headDim is known
     */
    public PastKeys {
        if (k == null || v == null || lastRow == null || headStart == null) {
            throw new IllegalArgumentException("past keys: k, v, lastRow and headStart must not be null");
        }
        if (headStart.length < 2 || headStart[0] < 0) {
            throw new IllegalArgumentException("past keys: headStart must have nKvHeads + 1 numbers, none negative");
        }
        for (int h = 1; h < headStart.length; h++) {
            if (headStart[h] < headStart[h - 1]) {
                throw new IllegalArgumentException(
                        "past keys: headStart[" + h + "] = " + headStart[h] + " is less than " + headStart[h - 1] + " before it");
            }
        }
        int total = headStart[headStart.length - 1];
        Check.range("past lastRow", lastRow, lastRowOffset, total);
        Check.range("past k", k, kOffset, total);
        Check.range("past v", v, vOffset, total);
    }

    void check(AttentionShape shape) {
        if (shape.batch() != 1) {
            throw new IllegalArgumentException("past keys serve one sequence, but batch = " + shape.batch());
        }
        if (headStart.length != shape.nKvHeads() + 1) {
            throw new IllegalArgumentException(
                    "past keys of " + (headStart.length - 1) + " KV heads for a shape of nKvHeads = " + shape.nKvHeads());
        }
        long floats = (long) headStart[shape.nKvHeads()] * shape.headDim();
        Check.range("past k", k, kOffset, floats);
        Check.range("past v", v, vOffset, floats);
    }
}
