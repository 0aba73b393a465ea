/**
 * What you run: start with {@link org.neuralattention.bench.Nats}. Its subcommands are in {@code demo} (demo), {@code text} (train) and {@code cli}
 * (generate, inspect, bench, and what all share).
 */
package org.neuralattention.bench;
