/**
 * What a benchmark measured and how it is told. A {@code Row} is one measured case; {@code Results} are rows with the machine
 * and the command they come from; {@code ResultWriter} tells them as a text table, Markdown, JSON or one HTML page.
 */
package org.neuralattention.bench.result;
