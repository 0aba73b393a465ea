/**
 * Training: a step ({@link org.neuralattention.train.Trainer}), what decides it ({@link org.neuralattention.train.TrainConfig} and a
 * {@link org.neuralattention.train.TokenSource}; in it the {@link org.neuralattention.train.Price} of the cache, what learns,
 * {@link org.neuralattention.train.Tuning}, and from what, {@link org.neuralattention.train.Loss}), first weights ({@link org.neuralattention.train.Init}), held-out loss
 * ({@link org.neuralattention.train.Evaluation}) and stopping and going on ({@link org.neuralattention.train.Checkpoint}).
 *
 * <p>Everything random or scheduled is a function of the step, and what is not is in the checkpoint, so that a run that was interrupted and resumed is, bit for bit, the
 * run that was not.
 */
package org.neuralattention.train;
