/**
 * Training: a step ({@link org.neuralattention.train.Trainer}), what decides it ({@link org.neuralattention.train.TrainConfig} and a
 * {@link org.neuralattention.train.TokenSource}), first weights ({@link org.neuralattention.train.Init}), held-out loss
 * ({@link org.neuralattention.train.Evaluation}) and stopping and going on ({@link org.neuralattention.train.Checkpoint}).
 *
 * <p>Everything random or scheduled is a function of the step, so that a run that was interrupted and resumed is, bit for bit, the
 * run that was not.
 */
package org.neuralattention.train;
