/**
 * One op, one noun: each class holds an operation's equation, argument checks and plain loops, forward above backward; where a measurement shows a gain it hands over to its twin in {@code vector}.
 *
 * <p>Read in this order: {@link org.neuralattention.kernels.Kernels} (which code runs), {@link org.neuralattention.kernels.Team}
 * (threads), {@code RmsNorm} (the smallest op), {@code MatMul}, {@code SparseAttention}.
 *
 * <p>Conventions: arrays are row-major and each is followed by its offset; arguments come as outputs, inputs, weights, saved
 * values, sizes; {@code d} marks a gradient; a backward pass <em>adds</em> to its gradients.
 */
package org.neuralattention.kernels;
