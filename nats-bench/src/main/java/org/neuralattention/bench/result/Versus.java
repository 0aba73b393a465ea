package org.neuralattention.bench.result;

/**
 * The same case computed by somebody else in the same run.
 *
 * @param peer name and version
 * @param sample what the peer measured, in the row's unit
 * @param ratio how many times as fast ours is: above 1 we are faster
 */
public record Versus(String peer, Sample sample, Sample ratio) {}
