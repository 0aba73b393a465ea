package org.neuralattention.model;

/** What a layer does between its projections and its feed-forward half: training, prefill and decode differ only here. */
@FunctionalInterface
public interface LayerAttention {

    /** Reads q, k, v of {@code a} (and {@code normed}, which the role scorer reads) and writes its {@code attention}. */
    void forward(int layer, Activations s, Activations.Layer a);
}
