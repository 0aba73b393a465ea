/**
 * The transformer itself: what it is ({@link org.neuralattention.model.ModelConfig}), what it knows ({@link org.neuralattention.model.Weights}),
 * what a training step holds ({@code Activations}), and {@code Transformer}, which reads from top to bottom, forward above backward.
 */
package org.neuralattention.model;
