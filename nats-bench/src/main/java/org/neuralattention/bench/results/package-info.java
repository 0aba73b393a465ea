/**
 * The runs behind docs/results.md: {@code nats results} does them one after another and tells what came of them. Start with {@link
 * org.neuralattention.bench.results.ResultsCommand}, then {@link org.neuralattention.bench.results.Books}, {@link
 * org.neuralattention.bench.results.RecallRun} and {@link org.neuralattention.bench.results.FactLessons}.
 */
package org.neuralattention.bench.results;
