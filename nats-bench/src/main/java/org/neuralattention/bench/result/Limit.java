package org.neuralattention.bench.result;

/**
 * Which limit of the machine bounds a case, and how close it came.
 *
 * @param name such as {@code FMA}, {@code L2}, {@code L3}, {@code DRAM}
 * @param share of the limit that was reached: 1 is all the machine can do
 */
public record Limit(String name, double share) {}
