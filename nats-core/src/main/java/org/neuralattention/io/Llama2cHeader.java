package org.neuralattention.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Activation;
import org.neuralattention.model.ModelConfig.Biases;
import org.neuralattention.model.ModelConfig.Norm;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.roles.RoleSpace;

/**
 * What a llama2.c checkpoint says of itself, in 32-bit integers.
 *
 * @param version 0 for the first form, which has no magic number; 1; 2 for 8-bit integers
 * @param groupSize neighbours that share a scale; 0 but in version 2
 * @param config its norms have epsilon 1e-5 and its rotation a base of 10,000: the program has no others
 */
record Llama2cHeader(int version, int groupSize, ModelConfig config) {

    static final int MAGIC = 0x616b3432;
    /** Bytes of the header of version 0, and of the others. */
    static final int LEGACY_BYTES = 28, BYTES = 256;

    static final float NORM_EPS = 1e-5f;
    static final Positions.Rotary ROTATION = new Positions.Rotary(10_000, false, null);

    /** Bytes of the header. */
    int bytes() {
        return version == 0 ? LEGACY_BYTES : BYTES;
    }

    /**
     * Reads and checks a header; the file's size must be the one it leads to.
     *
     * @throws ModelFormatException if it is not one
     */
    static Llama2cHeader read(FileArrays file) throws IOException {
        long size = file.size();
        ByteBuffer start = ByteBuffer.allocate((int) Math.min(size, BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        file.fill(start, 0, "the header");
        if (size < LEGACY_BYTES || start.getInt(0) == MAGIC && size < BYTES) {
            throw new ModelFormatException(file.file(), "has " + size + " bytes: too short for the header of a llama2.c checkpoint");
        }
        return start.getInt(0) == MAGIC ? versioned(file, start, size) : legacy(file, start, size);
    }

    private static Llama2cHeader legacy(FileArrays file, ByteBuffer start, long size) {
        int vocab = start.getInt(20); // negative for a head of its own
        if (vocab == Integer.MIN_VALUE) {
            throw new ModelFormatException(file.file(), "a vocabulary of " + vocab + " tokens");
        }
        return checked(file, 0, 0, start, 0, vocab > 0, Math.abs(vocab), size);
    }

    private static Llama2cHeader versioned(FileArrays file, ByteBuffer start, long size) {
        int version = start.getInt(4);
        if (version != 1 && version != 2) {
            throw new UnsupportedModelException(file.file(), "version " + version + " of llama2.c's format is not supported; known are 1, 2 and the first, without a number");
        }
        byte shared = start.get(36);
        if (shared != 0 && shared != 1) {
            throw new ModelFormatException(file.file(), "the flag of a shared head is " + shared + ": it must be 0 or 1");
        }
        int groupSize = version == 2 ? start.getInt(37) : 0;
        if (version == 2 && groupSize < 1) {
            throw new ModelFormatException(file.file(), "groups of " + groupSize + " numbers: they must have at least 1");
        }
        return checked(file, version, groupSize, start, 8, shared == 1, start.getInt(28), size);
    }

    private static Llama2cHeader checked(FileArrays file, int version, int groupSize, ByteBuffer start, int at, boolean tied, int vocab, long size) {
        int dim = start.getInt(at);
        int nHeads = start.getInt(at + 12);
        if (dim < 1 || nHeads < 1 || dim % nHeads != 0) {
            throw new ModelFormatException(file.file(), (version == 0 ? "is no model: no GGUF file, and as a llama2.c checkpoint it would have " : "has ")
                    + "a width of " + dim + " in " + nHeads + " heads");
        }
        if (start.getInt(at + 8) > HfConfig.MAX_LAYERS) {
            throw new ModelFormatException(file.file(), start.getInt(at + 8) + " layers: the limit is " + HfConfig.MAX_LAYERS);
        }
        try {
            ModelConfig config = new ModelConfig(vocab, dim, start.getInt(at + 8), nHeads, start.getInt(at + 16), dim / nHeads, start.getInt(at + 4),
                    start.getInt(at + 24), Norm.RMS, NORM_EPS, ROTATION, Activation.SWIGLU, Biases.NONE, false, tied, 0, RoleSpace.NONE);
            Llama2cHeader header = new Llama2cHeader(version, groupSize, config);
            long expected = header.fileBytes();
            if (expected != size) {
                throw new ModelFormatException(file.file(), "has " + size + " bytes, its header leads to " + expected);
            }
            return header;
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new ModelFormatException(file.file(), "its header is no model's: " + e.getMessage(), e);
        }
    }

    /**
     * Bytes of the whole file.
     *
     * @throws IllegalArgumentException if matrices are not whole groups
     * @throws ArithmeticException if they are more than a long can count
     */
    private long fileBytes() {
        ModelConfig c = config;
        long dim = c.dim();
        long perLayer = Math.addExact(2 * matrix(dim, c.qDim()), 2 * matrix(dim, c.kvDim()));
        perLayer = Math.addExact(perLayer, Math.multiplyExact(3, matrix(dim, c.hiddenDim())));
        perLayer = Math.addExact(perLayer, 2 * Float.BYTES * dim);
        long ends = Math.multiplyExact(c.tiedHead() ? 1 : 2, matrix(dim, c.vocabSize()));
        long all = Math.addExact(Math.addExact(Math.multiplyExact(c.nLayers(), perLayer), ends), Float.BYTES * dim);
        return Math.addExact(all, bytes() + (version == 0 ? rotationBytes() : 0));
    }

    /** Cosines and sines that version 0 carries along. */
    long rotationBytes() {
        return (long) config.maxSeqLen() * config.headDim() * Float.BYTES;
    }

    private long matrix(long a, long b) {
        return matrixBytes(Math.multiplyExact(a, b));
    }

    /** Bytes of a matrix of so many elements. */
    long matrixBytes(long elements) {
        if (version < 2) {
            return Math.multiplyExact(elements, Float.BYTES);
        }
        if (elements % groupSize != 0) {
            throw new IllegalArgumentException("a matrix of " + elements + " numbers is not whole groups of " + groupSize);
        }
        return elements + Math.multiplyExact(elements / groupSize, Float.BYTES);
    }

    void write(NumberOutput out) throws IOException {
        ModelConfig c = config;
        if (version > 0) {
            out.number(MAGIC).number(version);
        }
        out.number(c.dim()).number(c.hiddenDim()).number(c.nLayers()).number(c.nHeads()).number(c.nKvHeads());
        out.number(version == 0 && !c.tiedHead() ? -c.vocabSize() : c.vocabSize()).number(c.maxSeqLen());
        if (version > 0) {
            out.bytes(new byte[] {(byte) (c.tiedHead() ? 1 : 0)}, 0, 1);
            out.number(groupSize).zeros(BYTES - 41);
        }
    }
}
