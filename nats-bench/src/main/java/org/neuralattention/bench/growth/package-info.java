/** How time and memory grow with the length of a text, the batch and the threads: start with {@code Growth}. */
package org.neuralattention.bench.growth;
