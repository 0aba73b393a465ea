package org.neuralattention.bench.cli;

import picocli.CommandLine.Option;

/** The option of every command that draws random numbers; a {@code @Mixin}. */
public final class SeedOption {

    @Option(names = "--seed", paramLabel = "N", defaultValue = "42", description = "seed of all randomness (${DEFAULT-VALUE})")
    private long seed;

    public long value() {
        return seed;
    }
}
