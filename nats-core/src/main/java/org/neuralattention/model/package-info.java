/**
 * The transformer itself: what it is ({@link org.neuralattention.model.ModelConfig}), what it knows ({@link org.neuralattention.model.Weights}),
 * what a pass holds ({@link org.neuralattention.model.Activations}), and {@link org.neuralattention.model.Transformer}, which reads from top to
 * bottom, forward above backward; it calls {@code Block} (all of a layer but its attention) and {@link org.neuralattention.model.LayerRoles},
 * whose backward pass takes the roles' gradient from a {@link org.neuralattention.model.MaskGradient}.
 */
package org.neuralattention.model;
