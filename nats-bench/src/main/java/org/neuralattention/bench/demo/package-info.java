/**
 * {@code nats demo}: learns roles on a recall task from scratch and measures what the cache saves. Read in this order: {@code RecallRecipe} (what is
 * trained), {@code RecallTraining} (how), {@code RecallEvaluation} (what is measured), {@code Demo} (the whole story), {@code DemoReport}.
 */
package org.neuralattention.bench.demo;
