package org.neuralattention.io;

/** What 16 bits mean, by the definition of the formats: sign, exponent, fraction. */
final class HalfReference {

    private HalfReference() {}

    static double value(short bits) {
        return value(bits, 5, 10);
    }

    static double bfloatValue(short bits) {
        return value(bits, 8, 7);
    }

    private static double value(short bits, int exponentBits, int fractionBits) {
        int all = bits & 0xffff;
        double sign = all >> 15 == 0 ? 1 : -1;
        int top = (1 << exponentBits) - 1;
        int exponent = all >> fractionBits & top;
        double fraction = (all & (1 << fractionBits) - 1) * Math.pow(2, -fractionBits);
        int bias = top >> 1;
        if (exponent == top) {
            return fraction == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN;
        }
        return exponent == 0 ? sign * fraction * Math.pow(2, 1 - bias) : sign * (1 + fraction) * Math.pow(2, exponent - bias);
    }
}
