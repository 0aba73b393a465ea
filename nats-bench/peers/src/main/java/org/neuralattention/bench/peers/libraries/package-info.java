/** Other people's libraries as peers: OpenBLAS and MKL for matrix products, libtorch for attention. Built by the Maven profile {@code peers} only. */
package org.neuralattention.bench.peers.libraries;
