package org.neuralattention.bench.probe;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.neuralattention.kernels.Kernels;

/** The two loops that find the limits, at the width the kernels run with; loaded only where the Vector API is there. */
final class ProbeLoops {

    /** Streams that {@link #read} follows at a time: with one, a core waits for memory longer than it reads. */
    static final int STREAMS = 8;

    private static final VectorSpecies<Float> F = switch (Kernels.vectorBits()) {
        case 128 -> FloatVector.SPECIES_128;
        case 256 -> FloatVector.SPECIES_256;
        default -> FloatVector.SPECIES_512;
    };

    /** Multiplications and additions in one round of {@link #multiplyAdd}. */
    static final int FLOPS = 12 * 2 * F.length();

    private ProbeLoops() {}

    /** Twelve independent chains of multiply-add in registers: more than latency times units of any CPU met so far, and 16 registers hold them. */
    static float multiplyAdd(int rounds, float factor) {
        FloatVector x = FloatVector.broadcast(F, factor);
        FloatVector a0 = FloatVector.zero(F);
        FloatVector a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0, a8 = a0, a9 = a0, a10 = a0, a11 = a0;
        for (int i = 0; i < rounds; i++) {
            a0 = a0.fma(x, x);
            a1 = a1.fma(x, x);
            a2 = a2.fma(x, x);
            a3 = a3.fma(x, x);
            a4 = a4.fma(x, x);
            a5 = a5.fma(x, x);
            a6 = a6.fma(x, x);
            a7 = a7.fma(x, x);
            a8 = a8.fma(x, x);
            a9 = a9.fma(x, x);
            a10 = a10.fma(x, x);
            a11 = a11.fma(x, x);
        }
        FloatVector sum = a0.add(a1).add(a2).add(a3).add(a4).add(a5).add(a6).add(a7).add(a8).add(a9).add(a10).add(a11);
        return sum.lane(0);
    }

    /** Reads {@code STREAMS * n} floats: eight runs of n, side by side; n is a multiple of the lanes. */
    static float read(float[] a, int offset, int n) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
        for (int i = 0; i < n; i += F.length()) {
            int at = offset + i;
            s0 = s0.add(FloatVector.fromArray(F, a, at));
            s1 = s1.add(FloatVector.fromArray(F, a, at + n));
            s2 = s2.add(FloatVector.fromArray(F, a, at + 2 * n));
            s3 = s3.add(FloatVector.fromArray(F, a, at + 3 * n));
            s4 = s4.add(FloatVector.fromArray(F, a, at + 4 * n));
            s5 = s5.add(FloatVector.fromArray(F, a, at + 5 * n));
            s6 = s6.add(FloatVector.fromArray(F, a, at + 6 * n));
            s7 = s7.add(FloatVector.fromArray(F, a, at + 7 * n));
        }
        return s0.add(s1).add(s2).add(s3).add(s4.add(s5).add(s6).add(s7)).lane(0);
    }
}
