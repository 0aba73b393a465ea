/**
 * From a model to text. {@link org.neuralattention.generate.Model} is what a program loads and closes;
 * {@link org.neuralattention.generate.Generator} continues a text as a {@link org.neuralattention.generate.Request} says and answers with a
 * {@link org.neuralattention.generate.Generation}. Below them {@link org.neuralattention.generate.Session} takes tokens in and holds what their roles
 * keep; {@link org.neuralattention.generate.Sampling} says how the next token is chosen, {@link org.neuralattention.generate.Sampler} chooses it.
 * {@link org.neuralattention.generate.MemoryNeed} foretells what a session takes.
 */
package org.neuralattention.generate;
