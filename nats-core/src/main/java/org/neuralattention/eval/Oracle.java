package org.neuralattention.eval;

import org.neuralattention.model.ModelConfig;

/**
 * Keeps what the task knows to be needed later, in every layer and head, beside sinks and a window. It cannot be had in use: a measure of what
 * roles could reach.
 *
 * @param sinks first tokens that are kept for good
 * @param window keys seen before a row's own, needed or not
 */
public record Oracle(int sinks, int window) implements Policy {

    public Oracle {
        if (sinks < 0 || window < 0) {
            throw new IllegalArgumentException("sinks = " + sinks + ", window = " + window + ": must not be negative");
        }
    }

    @Override
    public String name() {
        return "oracle";
    }

    @Override
    public String source() {
        return "the task's own positions";
    }

    @Override
    public Rule rule(int layer, Sequence sequence, ModelConfig config) {
        return (heads, position) -> {
            int leaving = position - window;
            if (leaving >= sinks && !sequence.needed().get(leaving)) {
                for (HeldKeys head : heads) {
                    head.dropRange(leaving, leaving + 1);
                }
            }
        };
    }
}
