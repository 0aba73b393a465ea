/**
 * Tasks whose answers are known: sequences and answers as pure functions of (seed, index).
 *
 * <p>Read in this order: {@code Task} (what all have in common), {@code Example} and {@code Question} (one sequence, and what is asked), {@code TaskScore};
 * then {@code Mqar}, {@code ZoologyMqar}, {@code Needles}, {@code VariableTracking} (of tokens), {@code PlantedFacts} and {@code BookText} (of text).
 */
package org.neuralattention.bench.tasks;
