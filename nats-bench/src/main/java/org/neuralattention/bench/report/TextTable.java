package org.neuralattention.bench.report;

import java.util.ArrayList;
import java.util.List;

/** A table for the terminal: the first column to the left, the others to the right. */
public final class TextTable {

    private TextTable() {}

    /** Lines of equal width, the header underlined; each row is as long as the header, or a single cell: a heading over those that follow. */
    public static String of(List<String> header, List<List<String>> rows) {
        List<List<String>> all = new ArrayList<>(List.of(header));
        all.addAll(rows);
        int[] widths = new int[header.size()];
        for (List<String> row : all) {
            for (int i = 0; row.size() > 1 && i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : all) {
            if (row.size() == 1) {
                text.append(row.getFirst()).append('\n');
                continue;
            }
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                String gap = " ".repeat(widths[i] - row.get(i).length());
                line.append(i == 0 ? row.get(i) + gap : "  " + gap + row.get(i));
            }
            text.append(line).append('\n');
            if (row == header) {
                text.append("-".repeat(line.length())).append('\n');
            }
        }
        return text.toString();
    }
}
