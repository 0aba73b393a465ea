package org.neuralattention.eval;

import org.neuralattention.model.ModelConfig;

/** Every key is kept, as far as the model's own attention window lets it. */
public record FullCache() implements Policy {

    @Override
    public String name() {
        return "full";
    }

    @Override
    public String source() {
        return "causal attention";
    }

    @Override
    public Rule rule(int layer, Sequence sequence, ModelConfig config) {
        return (heads, position) -> {};
    }
}
