package org.neuralattention.eval;

import org.neuralattention.model.ModelConfig;

/**
 * The first tokens and the last ones: with no sinks, a plain sliding window; with some (4 in the paper), StreamingLLM.
 *
 * <p>Source: Xiao et al., Efficient Streaming Language Models with Attention Sinks, arXiv 2309.17453. There keys are given positions within the
 * cache; here they keep those of the text, as in every other policy: within the length a model was trained at, the window's keys stand at the
 * same distance either way, and sinks at the distance the model was trained with.
 *
 * @param sinks first tokens that are kept for good
 * @param budget size of both together; if that is no more than the sinks, a window of one key is held beside them
 */
public record SinkWindow(int sinks, Budget budget) implements Policy {

    public SinkWindow {
        if (sinks < 0) {
            throw new IllegalArgumentException("sinks = " + sinks + ": must not be negative");
        }
    }

    @Override
    public String name() {
        return sinks == 0 ? "window" : "sink " + sinks + " + window";
    }

    @Override
    public String source() {
        return sinks == 0 ? "sliding window" : "StreamingLLM, arXiv 2309.17453";
    }

    /** Keys seen before a row's own beside the sinks: W of a sliding role with the same life. */
    public int window(Sequence sequence, ModelConfig config) {
        return Math.max(1, budget.keys(sequence, config) - sinks);
    }

    @Override
    public Rule rule(int layer, Sequence sequence, ModelConfig config) {
        int window = window(sequence, config);
        return (heads, position) -> {
            for (HeldKeys head : heads) {
                head.dropRange(sinks, position + 1 - window);
            }
        };
    }
}
