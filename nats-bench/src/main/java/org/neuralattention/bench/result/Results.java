package org.neuralattention.bench.result;

import java.util.List;

/**
 * Rows and where they come from.
 *
 * @param command that measures them again
 * @param date ISO, UTC
 * @param limits what the probe found, one sentence per limit; may be empty
 * @param pictures growth against a size; may be empty
 */
public record Results(Machine machine, String command, String date, List<String> limits, List<Row> rows, List<Picture> pictures) {

    public Results {
        limits = List.copyOf(limits);
        rows = List.copyOf(rows);
        pictures = List.copyOf(pictures);
    }

    /** Rows alone. */
    public Results(Machine machine, String command, String date, List<Row> rows) {
        this(machine, command, date, List.of(), rows, List.of());
    }

    /** The two or three lines above every table. */
    List<String> header() {
        return limits.isEmpty() ? List.of(machine.describe(), command + ", " + date)
                : List.of(machine.describe(), command + ", " + date, "limits: " + String.join("; ", limits));
    }
}
