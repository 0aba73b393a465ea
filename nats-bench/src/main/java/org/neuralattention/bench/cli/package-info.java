/** The subcommands of {@code nats} and what they share. A command checks its input, calls the library, prints. */
package org.neuralattention.bench.cli;
