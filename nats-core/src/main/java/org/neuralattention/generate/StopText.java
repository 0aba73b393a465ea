package org.neuralattention.generate;

import java.util.List;

/** Ends a stream of text before the first of some strings, which may come in pieces: what could be the beginning of one is held back. */
final class StopText {

    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();
    private boolean stopped;

    /** @param stops none of them empty; without any, all text passes at once */
    StopText(List<String> stops) {
        this.stops = stops;
    }

    /** The text that can be shown after {@code piece} has come. */
    String next(String piece) {
        held.append(piece);
        int first = -1;
        for (String stop : stops) {
            int at = held.indexOf(stop);
            first = at >= 0 && (first < 0 || at < first) ? at : first;
        }
        stopped |= first >= 0;
        int shown = first >= 0 ? first : held.length() - longestBeginning();
        String text = held.substring(0, shown);
        held.delete(0, stopped ? held.length() : shown);
        return text;
    }

    /** How much of the end may be the beginning of a stop. */
    private int longestBeginning() {
        for (int from = 0; from < held.length(); from++) {
            String end = held.substring(from);
            if (stops.stream().anyMatch(stop -> stop.startsWith(end))) {
                return end.length();
            }
        }
        return 0;
    }

    boolean stopped() {
        return stopped;
    }

    /** What was held back, when nothing follows. */
    String end() {
        String text = held.toString();
        held.setLength(0);
        return text;
    }
}
