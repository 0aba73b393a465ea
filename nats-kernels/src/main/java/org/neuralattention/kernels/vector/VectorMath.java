package org.neuralattention.kernels.vector;

import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShuffle;

/** Elementary functions of vectors, in single precision. */
public final class VectorMath {

    /** Below it exp is less than the smallest normal float. */
    private static final float EXP_LOW = -87.33654f;

    /** Above it exp is more than the largest float. */
    private static final float EXP_HIGH = 88.72283f;

    private static final float LOG2_E = 1.442695f;

    /** ln 2 in two parts; the first has 9 trailing zero bits, so that n times it is exact. */
    private static final float LN2_HIGH = 0x1.62e4p-1f;

    private static final float LN2_LOW = 0x1.7f7d1cp-20f;

    /** 1.5 * 2^23: adding it rounds to an integer, which then stands in the low bits. */
    private static final float MAGIC = 0x1.8p23f;

    /** Minimax of the relative error of exp on [-ln 2 / 2, ln 2 / 2] with 1 + r fixed: 3.1e-9, a twentieth of a rounding. */
    private static final float C2 = 0x1.fffffcp-2f;

    private static final float C3 = 0x1.555492p-3f;
    private static final float C4 = 0x1.5558f2p-5f;
    private static final float C5 = 0x1.123a2p-7f;
    private static final float C6 = 0x1.6a23cep-10f;

    /** 1.5 * 2^23 + 127: adding it leaves the exponent of 2^round(x) in the low bits. */
    private static final float MAGIC_EXPONENT = 0x1.8p23f + 127;

    /** Bits of {@link #MAGIC_EXPONENT} + 128: infinity's exponent. */
    private static final int INFINITE_EXPONENT = Float.floatToRawIntBits(MAGIC_EXPONENT + 128);

    /** Minimax of the relative error of 2^r on [-1/2, 1/2] with the constant 1 fixed: 5.2e-9. */
    private static final float E1 = 0x1.62e432p-1f;

    private static final float E2 = 0x1.ebfbe6p-3f;
    private static final float E3 = 0x1.c6ada6p-5f;
    private static final float E4 = 0x1.3b21c6p-7f;
    private static final float E5 = 0x1.5fc00ap-10f;
    private static final float E6 = 0x1.4bc7b4p-13f;

    private static final VectorShuffle<Float> BY_8 = rotateBy(8);
    private static final VectorShuffle<Float> BY_4 = rotateBy(4);
    private static final VectorShuffle<Float> BY_2 = rotateBy(2);

    private VectorMath() {}

    /**
     * e^x, within 1 ulp where the result is a normal float. Below -87.33654, -infinity included, it is 0 (no subnormal
     * results); above 88.72283 infinity; NaN stays NaN.
     *
     * <p>{@code n = round(x / ln 2)}, {@code r = x - n ln 2}, then {@code 2^n (1 + r + C2 r^2 + ... + C6 r^6)}; the power of two
     * is added to the exponent, for as a factor it would overflow where the result does not.
     */
    static FloatVector exp(FloatVector x) {
        FloatVector shifted = x.fma(FloatVector.broadcast(Lanes.F, LOG2_E), FloatVector.broadcast(Lanes.F, MAGIC));
        FloatVector n = shifted.sub(MAGIC);
        FloatVector r = n.fma(FloatVector.broadcast(Lanes.F, -LN2_HIGH), x);
        r = n.fma(FloatVector.broadcast(Lanes.F, -LN2_LOW), r);
        FloatVector p = FloatVector.broadcast(Lanes.F, C6);
        p = p.fma(r, FloatVector.broadcast(Lanes.F, C5));
        p = p.fma(r, FloatVector.broadcast(Lanes.F, C4));
        p = p.fma(r, FloatVector.broadcast(Lanes.F, C3));
        p = p.fma(r, FloatVector.broadcast(Lanes.F, C2));
        p = p.fma(r.mul(r), r).add(1);
        FloatVector power = p.reinterpretAsInts().add(shifted.reinterpretAsInts().lanewise(LSHL, 23)).reinterpretAsFloats();
        FloatVector over = x.mul(Float.POSITIVE_INFINITY); // infinity above, NaN for NaN
        return over.blend(power, x.compare(LE, EXP_HIGH)).blend(0, x.compare(LT, EXP_LOW));
    }

    /**
     * 2^x, within 1 ulp where the result is a normal float. Below -126, -infinity included, it is 0 (no subnormal results); from 127.5 on not finite; NaN stays NaN.
     *
     * <p>{@code n = round(x)}, {@code r = x - n} exactly, then {@code 2^n (1 + E1 r + ... + E6 r^6)}. A multiply of scores by log2(e) that is already paid for saves
     * {@link #exp} two steps.
     */
    static FloatVector exp2(FloatVector x) {
        FloatVector shifted = x.add(MAGIC_EXPONENT);
        FloatVector r = x.sub(shifted.sub(MAGIC_EXPONENT));
        FloatVector p = FloatVector.broadcast(Lanes.F, E6);
        p = p.fma(r, FloatVector.broadcast(Lanes.F, E5));
        p = p.fma(r, FloatVector.broadcast(Lanes.F, E4));
        p = p.fma(r, FloatVector.broadcast(Lanes.F, E3));
        p = p.fma(r, FloatVector.broadcast(Lanes.F, E2));
        p = p.fma(r, FloatVector.broadcast(Lanes.F, E1));
        p = p.fma(r, FloatVector.broadcast(Lanes.F, 1));
        IntVector power = shifted.reinterpretAsInts().min(INFINITE_EXPONENT).lanewise(LSHL, 23);
        return p.mul(power.reinterpretAsFloats()).blend(0, x.compare(LT, -126));
    }

    /** 1 / (1 + e^-x), within 3 ulp; exactly 0 below -88.72283 and 1 from 17 on; NaN stays NaN. */
    static FloatVector sigmoid(FloatVector x) {
        FloatVector one = FloatVector.broadcast(Lanes.F, 1);
        return one.div(exp(x.neg()).add(1));
    }

    /** Sum of the lanes as a tree, halves onto each other: unlike {@code reduceLanes(ADD)}, an order that is defined. */
    static float sum(FloatVector x) {
        FloatVector s = x;
        if (Lanes.N >= 16) {
            s = s.add(s.rearrange(BY_8));
        }
        if (Lanes.N >= 8) {
            s = s.add(s.rearrange(BY_4));
        }
        s = s.add(s.rearrange(BY_2));
        return s.lane(0) + s.lane(1);
    }

    private static VectorShuffle<Float> rotateBy(int lanes) {
        return VectorShuffle.iota(Lanes.F, lanes, 1, true);
    }

    /** {@link #exp(FloatVector)} of each of n elements. */
    public static void exp(float[] out, int outOffset, float[] x, int xOffset, int n) {
        int i = 0;
        for (; i <= n - Lanes.N; i += Lanes.N) {
            exp(FloatVector.fromArray(Lanes.F, x, xOffset + i)).intoArray(out, outOffset + i);
        }
        if (i < n) {
            var tail = Lanes.F.indexInRange(i, n);
            exp(FloatVector.fromArray(Lanes.F, x, xOffset + i, tail)).intoArray(out, outOffset + i, tail);
        }
    }
}
