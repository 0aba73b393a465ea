package org.neuralattention.bench.result;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.neuralattention.bench.report.Numbers;

/** Rows as cells for people; a group is a heading, and a column that would be empty is left out. */
final class ResultTable {

    private record Column(String name, Function<Row, String> cell) {}

    private static final List<Column> COLUMNS = List.of(
            new Column("", row -> "  " + (row.name() + " " + row.parameters()).strip()),
            new Column("threads", row -> Integer.toString(row.threads())),
            new Column("bits", row -> row.bits() == 0 ? "plain" : Integer.toString(row.bits())),
            new Column("median", row -> row.sample().unit().format(row.sample().median())),
            new Column("±", row -> spread(row.sample())),
            new Column("GFLOP/s", row -> rate(row.gflops())),
            new Column("GB/s", row -> rate(row.gbs())),
            new Column("limit", row -> row.limit() == null ? "" : row.limit().name()),
            new Column("reached", row -> row.limit() == null ? "" : percent(row.limit().share())),
            new Column("peer", row -> row.versus() == null ? "" : row.versus().peer()),
            new Column("peer's", row -> row.versus() == null ? "" : row.sample().unit().format(row.versus().sample().median())),
            new Column("faster", row -> row.versus() == null ? "" : Unit.RATIO.format(row.versus().ratio().median())),
            new Column("±", row -> row.versus() == null ? "" : spread(row.versus().ratio())),
            new Column("goal", row -> row.goal() == null ? "" : row.goal().text()),
            new Column("met", row -> row.goal() == null ? "" : row.goal().reached() ? "yes" : "no"));

    final List<String> header;
    final List<List<String>> rows = new ArrayList<>();

    ResultTable(List<Row> measured) {
        List<Column> columns = COLUMNS.stream().filter(column -> measured.stream().anyMatch(row -> !column.cell.apply(row).isEmpty())).toList();
        header = columns.stream().map(Column::name).toList();
        String group = null;
        for (Row row : measured) {
            if (!row.group().equals(group)) {
                group = row.group();
                rows.add(List.of(group));
            }
            rows.add(columns.stream().map(column -> column.cell.apply(row)).toList());
        }
    }

    private static String spread(Sample sample) {
        return percent(sample.spread());
    }

    private static String percent(double share) {
        return Double.isFinite(share) ? Numbers.fixed(share * 100, 0) + " %" : "";
    }

    /** Nothing was counted at 0. */
    private static String rate(double value) {
        return value > 0 ? Numbers.compact(value) : "";
    }
}
