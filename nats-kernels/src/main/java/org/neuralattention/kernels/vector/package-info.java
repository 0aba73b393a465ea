/** The same operations on the JDK's Vector API: the only package that touches {@code jdk.incubator.vector}; read {@code Lanes} first. */
package org.neuralattention.kernels.vector;
