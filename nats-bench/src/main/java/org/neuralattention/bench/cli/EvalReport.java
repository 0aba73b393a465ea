package org.neuralattention.bench.cli;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.neuralattention.bench.report.HtmlReport;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.bench.report.ScatterChart;
import org.neuralattention.bench.report.TextTable;
import org.neuralattention.bench.result.Machine;

/** Tells perplexities: a table, lines of JSON, a page. Rows of one text stand together, so that the forms of a model can be compared. */
final class EvalReport {

    private final List<Evaluated> rows;
    private final String command;

    EvalReport(List<Evaluated> rows, String command) {
        this.rows = List.copyOf(rows);
        this.command = command;
    }

    void tell(CommonOptions common) {
        JsonLines json = common.json();
        if (json == null) {
            common.out().print(TextTable.of(header(), table()));
            common.out().flush();
            return;
        }
        for (Evaluated row : rows) {
            boolean all = row.text().equals(Evaluated.ALL);
            JsonLines.Line line = json.event(all ? "total" : "text").put("model", row.model()).put("dtype", row.dtype());
            if (!all) {
                line.put("text", row.text()).put("context", row.context());
            }
            line.put("tokens", row.result().tokens()).put("nll", row.result().nll()).put("perplexity", row.result().perplexity())
                    .put("ratio", ratio(row)).put("bitsPerByte", row.bitsPerByte()).put("weightBytes", row.weightBytes())
                    .put("tokensPerSecond", row.tokensPerSecond()).put("kvShare", row.result().kvShare()).put("kvPeakBytes", row.result().kvPeakBytes()).end();
        }
    }

    HtmlReport html() {
        HtmlReport page = new HtmlReport("nats eval", Machine.here().describe());
        page.paragraph(command + ", " + Instant.now().truncatedTo(ChronoUnit.SECONDS));
        page.table("exp of the mean negative log-likelihood of a token; tokens/s: median of the blocks", header(), table());
        if (forms().size() > 1) {
            ScatterChart chart = new ScatterChart("Perplexity against the memory of the weights", "bytes", "perplexity").logX()
                    .formats(Numbers::bytes, Numbers::compact);
            String last = rows.getLast().text();
            rows.stream().filter(row -> row.text().equals(last)).forEach(row -> chart.add(row.text(), row.weightBytes(), row.result().perplexity(), form(row)));
            page.figure("", chart, "");
        }
        return page;
    }

    /** Against the first row of the same text. */
    private double ratio(Evaluated row) {
        Evaluated first = rows.stream().filter(other -> other.text().equals(row.text())).findFirst().orElseThrow();
        return row.result().perplexity() / first.result().perplexity();
    }

    private List<String> texts() {
        return rows.stream().map(Evaluated::text).distinct().toList();
    }

    private List<String> forms() {
        return rows.stream().map(this::form).distinct().toList();
    }

    /** Model and form, as far as they tell rows apart. */
    private String form(Evaluated row) {
        return rows.stream().map(Evaluated::model).distinct().count() > 1 ? row.model() + " " + row.dtype() : row.dtype();
    }

    private List<String> header() {
        return List.of(forms().size() > 1 ? "weights" : "text", "perplexity", "of the first", "bits/byte", "tokens", "context", "memory", "tokens/s", "KV share", "KV peak");
    }

    private List<List<String>> table() {
        boolean manyForms = forms().size() > 1;
        List<List<String>> table = new ArrayList<>();
        for (String text : texts()) {
            if (manyForms && texts().size() > 1) {
                table.add(List.of(text));
            }
            rows.stream().filter(row -> row.text().equals(text)).forEach(row -> table.add(line(row, manyForms ? form(row) : text)));
        }
        return table;
    }

    private List<String> line(Evaluated row, String name) {
        return List.of(name, Numbers.fixed(row.result().perplexity(), 4), Numbers.fixed(ratio(row), 5), Numbers.fixed(row.bitsPerByte(), 4),
                Long.toString(row.result().tokens()), Integer.toString(row.context()), Numbers.bytes(row.weightBytes()), Numbers.compact(row.tokensPerSecond()),
                Numbers.percent(row.result().kvShare()), Numbers.bytes(row.result().kvPeakBytes()));
    }
}
