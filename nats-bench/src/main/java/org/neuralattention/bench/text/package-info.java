/**
 * {@code nats train}: a model from a text. Read {@link org.neuralattention.bench.text.TrainCommand} (checks and claims the folder),
 * {@link org.neuralattention.bench.text.TrainOptions} (what is asked), {@link org.neuralattention.bench.text.Corpus} (the text),
 * {@link org.neuralattention.bench.text.TrainingRun} (the steps).
 */
package org.neuralattention.bench.text;
