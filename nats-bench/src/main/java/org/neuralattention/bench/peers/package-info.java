/**
 * Our kernels beside other people's libraries, in one JVM, in alternation. A {@code Contest} is one case with all who take part;
 * {@code Rounds} times them; {@code Agreement} has compared their results before. The {@code Peer} implementations are in the module
 * nats-bench/peers, which only the Maven profile {@code peers} builds: nothing here needs a native library.
 */
package org.neuralattention.bench.peers;
