package org.neuralattention.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The one vector width all kernels use, fixed when the class is loaded. Kernels are written for any width. */
public final class Lanes {

    /** Width in bits: {@code -Dnats.vectorBits}, else what the JVM prefers. */
    public static final int BITS = bits(System.getProperty("nats.vectorBits"));

    static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED.withShape(shape());
    static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED.withShape(shape());

    /** Floats in one vector. */
    static final int N = F.length();

    /** Vector registers: 32 with AVX-512, at any width, and with NEON; 16 with AVX2. */
    static final int REGISTERS =
            FloatVector.SPECIES_PREFERRED.vectorBitSize() >= 512 || System.getProperty("os.arch").equals("aarch64") ? 32 : 16;

    private Lanes() {}

    /** What stands in the way of vectors of {@link #BITS} bits, or null. */
    public static String missing() {
        int widest = FloatVector.SPECIES_PREFERRED.vectorBitSize();
        if (BITS != 128 && BITS != 256 && BITS != 512) {
            String wish = System.getProperty("nats.vectorBits");
            return wish == null
                    ? "this machine's vectors have " + widest + " bits: at least 128 are needed"
                    : "-Dnats.vectorBits=" + wish + " is not one of 128, 256, 512";
        }
        if (BITS > widest) {
            return "this machine's vectors have " + widest + " bits; set -Dnats.vectorBits to at most that";
        }
        return null;
    }

    /** The width wished for, 0 if that is not a number. */
    private static int bits(String wish) {
        try {
            return wish == null ? FloatVector.SPECIES_PREFERRED.vectorBitSize() : Integer.parseInt(wish);
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    private static VectorShape shape() {
        return switch (BITS) {
            case 128 -> VectorShape.S_128_BIT;
            case 256 -> VectorShape.S_256_BIT;
            case 512 -> VectorShape.S_512_BIT;
            default -> VectorShape.S_64_BIT; // never computed with: missing() refuses it
        };
    }
}
