/**
 * From logits to text: {@link org.neuralattention.generate.Sampling} says how the next token is chosen, {@link org.neuralattention.generate.Sampler}
 * chooses it.
 */
package org.neuralattention.generate;
