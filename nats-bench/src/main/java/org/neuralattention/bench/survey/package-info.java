/** What {@code nats bench} measures when it is not told what: {@code Survey} runs one case of every suite through JMH. */
package org.neuralattention.bench.survey;
