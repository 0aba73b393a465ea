/**
 * The key-value cache: holds exactly the keys that a later token can still see, each head as many as it has.
 *
 * <p>Read in this order: {@link org.neuralattention.cache.KvCache} (the rule, and what a decode step or a prefill piece calls),
 * {@code HeadCache} (one KV head's queues), {@code KeyQueue} and {@code BlockPool} (where the bytes are),
 * {@link org.neuralattention.cache.KvStats} (what is held).
 */
package org.neuralattention.cache;
