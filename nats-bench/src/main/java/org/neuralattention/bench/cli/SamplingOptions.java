package org.neuralattention.bench.cli;

import org.neuralattention.generate.Sampling;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How tokens are chosen; a {@code @Mixin}, which brings the seed along. */
public final class SamplingOptions {

    @Mixin
    private SeedOption seed;

    @Option(names = "--temperature", paramLabel = "T", defaultValue = "0.8", description = "0 takes the likeliest token (${DEFAULT-VALUE})")
    private float temperature;

    @Option(names = "--top-k", paramLabel = "K", defaultValue = "0", description = "only the K likeliest tokens; 0 for all (${DEFAULT-VALUE})")
    private int topK;

    @Option(names = "--top-p", paramLabel = "P", defaultValue = "1", description = "only the likeliest tokens that together reach P (${DEFAULT-VALUE})")
    private float topP;

    @Option(names = "--min-p", paramLabel = "P", defaultValue = "0", description = "only tokens at least P times as likely as the likeliest (${DEFAULT-VALUE})")
    private float minP;

    @Option(names = "--repetition-penalty", paramLabel = "X", defaultValue = "1", description = "above 1 discourages what occurred before (${DEFAULT-VALUE})")
    private float repetitionPenalty;

    /** Checks the options, which are named if one is wrong. */
    public Sampling sampling() {
        check(repetitionPenalty > 0 && repetitionPenalty < Float.POSITIVE_INFINITY, "--repetition-penalty", repetitionPenalty, "positive and finite");
        check(temperature >= 0 && temperature < Float.POSITIVE_INFINITY, "--temperature", temperature, "0 or positive, and finite");
        check(topK >= 0, "--top-k", topK, "0 (all) or positive");
        check(topP > 0 && topP <= 1, "--top-p", topP, "in (0, 1]");
        check(minP >= 0 && minP <= 1, "--min-p", minP, "in [0, 1]");
        return new Sampling(repetitionPenalty, temperature, topK, topP, minP, seed.value());
    }

    private static void check(boolean right, String option, Number value, String expected) {
        if (!right) {
            String text = value.toString().replaceFirst("\\.0$", "");
            throw new UserError(option + " " + text + ": must be " + expected + ".");
        }
    }
}
