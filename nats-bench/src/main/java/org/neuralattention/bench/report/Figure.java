package org.neuralattention.bench.report;

/** Something a report shows: an SVG picture and, where it needs one, a legend. */
@FunctionalInterface
public interface Figure {

    /** Well-formed markup, everything from outside escaped. */
    String html();
}
