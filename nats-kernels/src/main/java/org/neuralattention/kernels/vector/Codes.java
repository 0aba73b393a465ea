package org.neuralattention.kernels.vector;

import static org.neuralattention.kernels.vector.Lanes.F;
import static org.neuralattention.kernels.vector.Lanes.N;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Scratch where numbers of 4 or 6 bits stand as bytes, in the order of the columns: the loops over rows then read a byte each, as
 * those of {@link MatVecQ8} do, with constant steps.
 *
 * <p>When the sums took the bits apart themselves, each vector needed shifts, places and range checks of its own: 38 instructions for
 * 16 weights of Q6_K, half the speed.
 */
public final class Codes {

    /**
     * Columns of four rows that are unpacked at a time, at most. Few enough for the codes to stay in the first cache; with 512 or 256, where rows
     * take turns sooner, weights came from memory at two thirds of the speed for most numbers of rows.
     */
    static final int COLUMNS = 1024;

    /** Bytes that may be read behind the codes, and the scales of as many blocks as a vector holds. */
    static final int BEHIND = 64;

    /** Bytes of scratch for four rows. */
    public static final int ROOM = 4 * COLUMNS + BEHIND;

    /** Bytes in a vector. */
    static final int STEP = 4 * N;

    /** A vector of them, which becomes ints to be shifted and masked: there are no shifts of bytes. */
    static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_PREFERRED.withShape(F.vectorShape());

    private Codes() {}
}
