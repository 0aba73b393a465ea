/**
 * {@code nats train}, a model from a text, and {@code nats search}, roles for a model that exists. Read
 * {@link org.neuralattention.bench.text.RunCommand} (what both do: checks, the folder, going on), {@link org.neuralattention.bench.text.RunOptions}
 * (what is asked), {@link org.neuralattention.bench.text.Corpus} (the text), {@link org.neuralattention.bench.text.TrainingRun} (the steps), then
 * {@link org.neuralattention.bench.text.TrainCommand} or {@link org.neuralattention.bench.text.SearchCommand} with
 * {@link org.neuralattention.bench.text.StartModel} (what it begins with).
 */
package org.neuralattention.bench.text;
