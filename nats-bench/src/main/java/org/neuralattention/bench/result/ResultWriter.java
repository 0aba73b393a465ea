package org.neuralattention.bench.result;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.neuralattention.bench.report.HtmlReport;
import org.neuralattention.bench.report.LineChart;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.bench.report.ShareChart;
import org.neuralattention.bench.report.TextTable;
import org.neuralattention.io.Json;

/** Tells results: a text table, Markdown, JSON or one HTML page with the pictures. The same results give the same text. */
public final class ResultWriter {

    private ResultWriter() {}

    /** One aligned table for the terminal, below the machine and the command. */
    public static String text(Results results) {
        ResultTable table = new ResultTable(results.rows());
        StringBuilder text = new StringBuilder();
        results.header().forEach(line -> text.append(line).append('\n'));
        text.append('\n').append(TextTable.of(table.header, table.rows));
        for (Picture picture : results.pictures()) {
            text.append('\n').append(picture.title()).append(": ").append(picture.yName()).append(" against ").append(picture.xName())
                    .append('\n').append(TextTable.of(header(picture), points(picture)));
        }
        return text.toString();
    }

    /** The same as Markdown. */
    public static String markdown(Results results) {
        ResultTable table = new ResultTable(results.rows());
        StringBuilder text = new StringBuilder();
        results.header().forEach(line -> text.append(line).append("\n\n"));
        appendMarkdown(text, table.header, table.rows);
        for (Picture picture : results.pictures()) {
            text.append('\n').append(picture.title()).append(": ").append(picture.yName()).append(" against ").append(picture.xName()).append("\n\n");
            appendMarkdown(text, header(picture), points(picture));
        }
        return text.toString();
    }

    private static void appendMarkdown(StringBuilder text, List<String> header, List<List<String>> rows) {
        text.append(line(header)).append(line(Arrays.stream(new String[header.size()]).map(cell -> "---").toList()));
        for (List<String> row : rows) {
            List<String> cells = new ArrayList<>(row);
            if (row.size() == 1) {
                cells.set(0, "**" + row.getFirst() + "**");
            }
            while (cells.size() < header.size()) {
                cells.add("");
            }
            text.append(line(cells));
        }
    }

    private static String line(List<String> cells) {
        StringBuilder line = new StringBuilder("|");
        cells.forEach(cell -> line.append(' ').append(cell.strip().replace("|", "\\|")).append(" |"));
        return line.append('\n').toString();
    }

    /** One file without external resources; light and dark, any width. */
    public static HtmlReport html(Results results) {
        ResultTable table = new ResultTable(results.rows());
        HtmlReport page = new HtmlReport("nats bench", results.machine().describe());
        page.paragraph(results.command() + ", " + results.date());
        if (!results.limits().isEmpty()) {
            page.section("Limits of this machine").paragraph(String.join("; ", results.limits()) + ".");
        }
        shares(page, results.rows());
        if (!results.pictures().isEmpty()) {
            page.section("Growth").paragraph("Both axes are logarithmic: a power of the size is a straight line. The exponent p of size^p is fitted to the "
                    + "upper half of the points.");
            for (Picture picture : results.pictures()) {
                page.figure(picture.title(), chart(picture), slopes(picture));
            }
        }
        page.section("Measured").table("median, and half the distance between the quartiles as a share of it", table.header, table.rows);
        for (Picture picture : results.pictures()) {
            page.table(picture.title() + ": " + picture.yName() + " against " + picture.xName(), header(picture), points(picture));
        }
        return page;
    }

    /** A figure for each limit, of the cases that it bounds; of one measured with several numbers of threads, with most. */
    private static void shares(HtmlReport page, List<Row> rows) {
        Map<String, ShareChart> charts = new TreeMap<>();
        for (Row row : rows) {
            boolean alone = rows.stream().noneMatch(other -> other.threads() > row.threads() && other.group().equals(row.group())
                    && other.name().equals(row.name()) && other.parameters().equals(row.parameters()));
            if (row.limit() != null && alone) {
                charts.computeIfAbsent(row.limit().name(), ShareChart::new)
                        .add(row.group() + " " + row.name() + " " + row.parameters() + (row.threads() == 1 ? "" : ", " + row.threads() + " threads"),
                                row.limit().share());
            }
        }
        if (!charts.isEmpty()) {
            page.section("Share of the limit that is reached");
            charts.forEach((limit, chart) -> page.figure(limit.equals("FMA") ? "Bounded by multiply-adds" : "Bounded by reading from " + limit, chart, ""));
        }
    }

    private static LineChart chart(Picture picture) {
        LineChart chart = new LineChart(picture.title(), picture.xName(), picture.yName()).logX().logY(picture.unit() == Unit.BYTES ? 2 : 10)
                .formats(Numbers::binary, picture.unit() == Unit.TOKENS_PER_SECOND ? Numbers::compact : picture.unit()::format);
        picture.curves().forEach(curve -> chart.add(curve.name(), curve.x(), curve.y()));
        return chart;
    }

    private static String slopes(Picture picture) {
        List<String> slopes = new ArrayList<>();
        picture.curves().forEach(curve -> slopes.add(curve.name() + " " + Numbers.fixed(curve.slope(), 2)));
        return "Exponent: " + String.join(", ", slopes) + ".";
    }

    private static List<String> header(Picture picture) {
        List<String> header = new ArrayList<>(List.of(picture.xName()));
        picture.curves().forEach(curve -> header.add(curve.name()));
        return header;
    }

    /** A line for each x of any curve, and the exponents below. */
    private static List<List<String>> points(Picture picture) {
        List<List<String>> rows = new ArrayList<>();
        double[] sizes = picture.curves().stream().flatMapToDouble(curve -> Arrays.stream(curve.x())).sorted().distinct().toArray();
        for (double size : sizes) {
            List<String> row = new ArrayList<>(List.of(Numbers.fixed(size, 0)));
            for (Picture.Curve curve : picture.curves()) {
                int at = Arrays.binarySearch(curve.x(), size);
                row.add(at < 0 ? "" : picture.unit().format(curve.y()[at]));
            }
            rows.add(row);
        }
        List<String> slopes = new ArrayList<>(List.of("exponent"));
        picture.curves().forEach(curve -> slopes.add(Numbers.fixed(curve.slope(), 2)));
        rows.add(slopes);
        return rows;
    }

    /** One object; what is not known is null. */
    public static String json(Results results) {
        Machine machine = results.machine();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("cpu", machine.cpu());
        json.put("cores", (long) machine.cores());
        json.put("jdk", machine.jdk());
        json.put("kernels", machine.kernels());
        json.put("collector", machine.collector());
        json.put("system", machine.system());
        json.put("command", results.command());
        json.put("date", results.date());
        json.put("limits", results.limits());
        json.put("rows", results.rows().stream().map(ResultWriter::tree).toList());
        json.put("pictures", results.pictures().stream().map(ResultWriter::tree).toList());
        return Json.pretty(json);
    }

    private static Map<String, Object> tree(Row row) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("group", row.group());
        json.put("name", row.name());
        json.put("parameters", row.parameters());
        json.put("threads", (long) row.threads());
        json.put("bits", (long) row.bits());
        json.put("unit", row.sample().unit().symbol());
        putSample(json, "median", row.sample());
        json.put("flops", number(row.work().flops()));
        json.put("bytes", number(row.work().bytes()));
        json.put("gflops", number(row.gflops()));
        json.put("gbs", number(row.gbs()));
        json.put("limit", row.limit() == null ? null : row.limit().name());
        json.put("share", row.limit() == null ? null : number(row.limit().share()));
        if (row.versus() != null) {
            json.put("peer", row.versus().peer());
            putSample(json, "peerMedian", row.versus().sample());
            putSample(json, "ratio", row.versus().ratio());
        }
        if (row.goal() != null) {
            json.put("goal", row.goal().text());
            json.put("reached", row.goal().reached());
        }
        return json;
    }

    /** {@code name} alone is the median. */
    private static void putSample(Map<String, Object> json, String name, Sample sample) {
        json.put(name, number(sample.median()));
        json.put(name + "Low", number(sample.low()));
        json.put(name + "High", number(sample.high()));
    }

    private static Map<String, Object> tree(Picture picture) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("title", picture.title());
        json.put("x", picture.xName());
        json.put("y", picture.yName());
        json.put("unit", picture.unit().symbol());
        json.put("curves", picture.curves().stream().map(curve -> {
            Map<String, Object> points = new LinkedHashMap<>();
            points.put("name", curve.name());
            points.put("x", Arrays.stream(curve.x()).mapToObj(ResultWriter::number).toList());
            points.put("y", Arrays.stream(curve.y()).mapToObj(ResultWriter::number).toList());
            points.put("exponent", number(curve.slope()));
            return points;
        }).toList());
        return json;
    }

    /** JSON has no word for what is not finite. */
    private static Double number(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
