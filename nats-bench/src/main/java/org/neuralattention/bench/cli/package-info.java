/** The commands generate, inspect and bench, and what all commands share. A command checks its input, calls the library, prints. */
package org.neuralattention.bench.cli;
