package org.neuralattention.bench.result;

import org.neuralattention.bench.report.Numbers;

/**
 * What a case was meant to reach, such as {@code at least 1 x}.
 *
 * @param text the goal in words
 */
public record Goal(String text, boolean reached) {

    /** @param unit said behind the number, such as {@code tokens/s}, {@code x OpenBLAS} or {@code of DRAM} */
    public static Goal atLeast(double goal, double value, String unit) {
        return new Goal("at least " + Numbers.compact(goal) + " " + unit, value >= goal);
    }

    public static Goal atMost(double goal, double value, String unit) {
        return new Goal("at most " + Numbers.compact(goal) + " " + unit, value <= goal);
    }
}
