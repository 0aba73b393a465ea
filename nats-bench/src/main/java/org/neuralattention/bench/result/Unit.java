package org.neuralattention.bench.result;

import org.neuralattention.bench.report.Numbers;

/** What a sample's numbers count. */
public enum Unit {

    /** Time of one call. */
    SECONDS("s"),
    /** Tokens in a second. */
    TOKENS_PER_SECOND("tokens/s"),
    /** A length of text. */
    TOKENS("tokens"),
    /** Memory. */
    BYTES("B"),
    /** A pure number: how many times as fast. */
    RATIO("x");

    private final String symbol;

    Unit(String symbol) {
        this.symbol = symbol;
    }

    /** As in JSON. */
    public String symbol() {
        return symbol;
    }

    /** The value with its unit, for people. */
    public String format(double value) {
        return switch (this) {
            case SECONDS -> Numbers.seconds(value);
            case TOKENS_PER_SECOND -> Numbers.compact(value) + " tokens/s";
            case TOKENS -> Numbers.fixed(value, 0) + " tokens";
            case BYTES -> Numbers.bytes(value);
            case RATIO -> Numbers.fixed(value, 2) + " x";
        };
    }
}
