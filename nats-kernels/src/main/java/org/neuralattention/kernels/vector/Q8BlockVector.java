package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.VectorOperators.B2F;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Vector twin of {@code Q8Block}: bytes with scales to floats. */
public final class Q8BlockVector {

    private static final int N = Lanes.N;

    /** A vector of floats from a quarter as many bits; but there is no vector of 32. */
    private static final VectorSpecies<Byte> B = VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, 8 * N)));

    /** Bytes made floats at a time. */
    private static final int STEP = Math.max(8, N);

    private Q8BlockVector() {}

    /**
     * out[d][j] = scale[d / scaled][j] x[d][j], [stride, width], the scales in {@code out} too. Writes whole vectors: where one is wider
     * than a row the next row's are written after it, and the last one's lie behind.
     */
    public static void q8Keys(float[] out, int offset, int scale, byte[] x, int from, int width, int stride, int scaled) {
        for (int d = 0; d < stride; d += scaled) {
            int end = Math.min(d + scaled, stride) * width;
            for (int j = 0; j < width; j += 2 * STEP) {
                int next = Math.clamp(width - j - STEP, 0, STEP);
                FloatVector s0 = FloatVector.fromArray(Lanes.F, out, scale + j);
                FloatVector s1 = FloatVector.fromArray(Lanes.F, out, scale + j + next);
                FloatVector s2 = N < 8 ? FloatVector.fromArray(Lanes.F, out, scale + j + N) : s0;
                FloatVector s3 = N < 8 ? FloatVector.fromArray(Lanes.F, out, scale + j + next + N) : s0;
                for (int i = d * width + j; i < end; i += width) {
                    ByteVector b0 = ByteVector.fromArray(B, x, from + i);
                    ByteVector b1 = ByteVector.fromArray(B, x, from + i + next);
                    ((FloatVector) b0.convertShape(B2F, Lanes.F, 0)).mul(s0).intoArray(out, offset + i);
                    if (N < 8) {
                        ((FloatVector) b0.convertShape(B2F, Lanes.F, 1)).mul(s2).intoArray(out, offset + i + N);
                    }
                    ((FloatVector) b1.convertShape(B2F, Lanes.F, 0)).mul(s1).intoArray(out, offset + i + next);
                    if (N < 8) {
                        ((FloatVector) b1.convertShape(B2F, Lanes.F, 1)).mul(s3).intoArray(out, offset + i + next + N);
                    }
                }
            }
            scale += width;
        }
    }

    /** out[j][d] = scale[j][d / scaled] x[j][d], [count, stride], the scales in {@code out} too. */
    public static void q8Values(float[] out, int offset, int scale, byte[] x, int from, int count, int stride, int scaled) {
        for (int j = 0; j < count; j++) {
            for (int d = 0; d < stride; d += scaled) {
                FloatVector s = FloatVector.broadcast(Lanes.F, out[scale++]);
                int end = Math.min(d + scaled, stride);
                for (int i = j * stride + d; i < j * stride + end; i += STEP) {
                    ByteVector bytes = ByteVector.fromArray(B, x, from + i);
                    ((FloatVector) bytes.convertShape(B2F, Lanes.F, 0)).mul(s).intoArray(out, offset + i);
                    if (N < 8) {
                        ((FloatVector) bytes.convertShape(B2F, Lanes.F, 1)).mul(s).intoArray(out, offset + i + N);
                    }
                }
            }
        }
    }
}
