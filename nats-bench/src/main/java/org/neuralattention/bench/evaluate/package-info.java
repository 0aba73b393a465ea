/**
 * {@code nats evaluate}: models under cache policies, at equal bytes. EvaluateCommand checks and tells, Plan says what is run, Comparison runs it,
 * FinishedRuns keeps what is done, Scored is one row of it, EvaluateReport and EvaluatePage show the rows.
 */
package org.neuralattention.bench.evaluate;
