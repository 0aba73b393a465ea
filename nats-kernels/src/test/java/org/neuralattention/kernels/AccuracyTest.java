package org.neuralattention.kernels;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Speed costs no accuracy: on random shapes, the largest error against the definition in double is at most twice that of plain fp32 code, three times for
 * gradients. {@code -Dnats.soak=true} draws 100 shapes per kernel, 2,000 in all, instead of 12.
 */
class AccuracyTest {

    private static final int SHAPES = KernelCases.SOAK ? 100 : 12;

    /** Ulps of the largest magnitude that are always allowed: plain code may be exact by luck, above all where sums are short. */
    private static final double ULPS = 4;

    static Stream<String> kernels() {
        return KernelCases.ALL.keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void errorIsThatOfPlainCode(String kernel) {
        for (int i = 0; i < SHAPES; i++) {
            long seed = KernelCases.SEED + i;
            KernelCase c = KernelCases.ALL.get(kernel).make(new SplittableRandom(seed), false);
            c.reset();
            c.run(Team.serial());
            double[][] expected = c.define(Precision.DOUBLE);
            double[][] plain = c.define(Precision.SINGLE);
            for (int o = 0; o < expected.length; o++) {
                check(kernel + " (" + c + "), -Dnats.seed=" + seed, c.outputs.get(o), expected[o], plain[o]);
            }
        }
    }

    private static void check(String what, KernelCase.Output output, double[] expected, double[] plain) {
        double error = 0;
        double plainError = 0;
        double largest = 0;
        for (int i = 0; i < expected.length; i++) {
            error = Math.max(error, difference(expected[i], output.slice().array[output.slice().offset + i]));
            plainError = Math.max(plainError, difference(expected[i], plain[i]));
            largest = Math.max(largest, Double.isInfinite(expected[i]) ? 0 : Math.abs(expected[i]));
        }
        double bound = (output.gradient() ? 3 : 2) * plainError + ULPS * Math.ulp(1f) / 2 * largest;
        assertTrue(error <= bound, what + ": " + output.name() + " errs by " + error + ", plain code by " + plainError
                + ", largest element " + largest + ", " + Kernels.describe());
        output.slice().assertUntouchedAround(what + ", " + output.name());
    }

    /** Equal infinities differ by nothing, a NaN by infinity. */
    private static double difference(double expected, double actual) {
        double difference = expected == actual ? 0 : Math.abs(expected - actual);
        return Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference;
    }
}
