/**
 * A small model that learns to recall from scratch: {@code RecallRecipe} (what is trained), {@code RecallTraining} (how), {@code Recall} (how well). The
 * demo and the runs behind docs/results.md train it.
 */
package org.neuralattention.bench.recall;
