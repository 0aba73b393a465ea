/**
 * {@code nats demo}: learns roles on a recall task from scratch and measures what the cache saves. What is trained, and how, is {@link
 * org.neuralattention.bench.recall}; then read {@code RecallEvaluation} (what is measured), {@code Demo} (the whole story), {@code DemoReport}.
 */
package org.neuralattention.bench.demo;
