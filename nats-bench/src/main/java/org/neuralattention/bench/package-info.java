/** What you run: start with {@link org.neuralattention.bench.Nats}; each subcommand is a class of {@code cli}. */
package org.neuralattention.bench;
