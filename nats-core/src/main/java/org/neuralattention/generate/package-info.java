/**
 * From a model to text: {@link org.neuralattention.generate.Session} takes tokens in and holds what their roles keep,
 * {@link org.neuralattention.generate.Generator} continues a prompt; {@link org.neuralattention.generate.Sampling} says how the next token is chosen, {@link org.neuralattention.generate.Sampler}
 * chooses it.
 */
package org.neuralattention.generate;
