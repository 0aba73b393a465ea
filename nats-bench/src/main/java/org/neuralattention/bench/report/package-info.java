/**
 * One HTML file that shows what was measured: no external resource, light and dark, any width, the same bytes for the same
 * input. Start with {@code HtmlReport}; a {@code Figure} is anything that renders itself, drawn through {@code Svg} and {@code Scale}.
 */
package org.neuralattention.bench.report;
