/** JMH suites, one class per kernel or stage, named after it; run by {@code nats bench}. */
package org.neuralattention.bench.jmh;
