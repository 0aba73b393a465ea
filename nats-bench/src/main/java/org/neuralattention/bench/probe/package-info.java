/**
 * What this machine can do at most: start with {@code Probe}, which measures {@code Limits}. {@code ProbeLoops} is the one class outside
 * nats-kernels that uses the Vector API: a peak has to be measured with the instructions that the kernels use.
 */
package org.neuralattention.bench.probe;
