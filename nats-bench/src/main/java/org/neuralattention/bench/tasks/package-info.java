/** Generators of tasks whose answers are known: sequences and targets as pure functions of (seed, index). Start with {@code Mqar}. */
package org.neuralattention.bench.tasks;
