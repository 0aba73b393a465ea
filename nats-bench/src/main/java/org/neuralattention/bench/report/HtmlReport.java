package org.neuralattention.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.neuralattention.io.AtomicFiles;

/** Puts a report together, top to bottom: headings, text, numbers, tables, figures. Everything given is escaped. */
public final class HtmlReport {

    private final String title;
    private final StringBuilder body = new StringBuilder();
    private boolean inFigures;

    public HtmlReport(String title, String subtitle) {
        this.title = title;
        body.append("<h1>").append(Svg.escape(title)).append("</h1>\n<p class=\"soft\">").append(Svg.escape(subtitle)).append("</p>\n");
    }

    public HtmlReport section(String heading) {
        return append("<h2>" + Svg.escape(heading) + "</h2>\n");
    }

    public HtmlReport paragraph(String text) {
        return append("<p>" + Svg.escape(text) + "</p>\n");
    }

    /** The few numbers one looks for first, large, in the order of the map. */
    public HtmlReport facts(Map<String, String> facts) {
        StringBuilder list = new StringBuilder("<dl>\n");
        facts.forEach((name, value) -> list.append("<div><dt>").append(Svg.escape(name)).append("</dt><dd>").append(Svg.escape(value)).append("</dd></div>\n"));
        return append(list.append("</dl>\n").toString());
    }

    /** A table whose first column names its rows; each row is as long as the header, or a single cell: a heading over those that follow. */
    public HtmlReport table(String caption, List<String> header, List<List<String>> rows) {
        StringBuilder table = new StringBuilder("<div class=\"wide\"><table><caption>").append(Svg.escape(caption)).append("</caption>\n<thead><tr>");
        header.forEach(cell -> table.append("<th scope=\"col\">").append(Svg.escape(cell)).append("</th>"));
        table.append("</tr></thead>\n<tbody>\n");
        for (List<String> row : rows) {
            if (row.size() == 1) {
                table.append("<tr><th class=\"group\" scope=\"rowgroup\" colspan=\"").append(header.size()).append("\">")
                        .append(Svg.escape(row.getFirst())).append("</th></tr>\n");
                continue;
            }
            if (row.size() != header.size()) {
                throw new IllegalArgumentException("a row of " + row.size() + " cells under a header of " + header.size());
            }
            table.append("<tr><th scope=\"row\">").append(Svg.escape(row.getFirst())).append("</th>");
            row.subList(1, row.size()).forEach(cell -> table.append("<td>").append(Svg.escape(cell)).append("</td>"));
            table.append("</tr>\n");
        }
        return append(table.append("</tbody></table></div>\n").toString());
    }

    /** A figure under its title, both texts may be empty; figures that follow each other stand side by side where there is room. */
    public HtmlReport figure(String title, Figure figure, String caption) {
        if (!inFigures) {
            body.append("<div class=\"figures\">\n");
            inFigures = true;
        }
        body.append("<figure>").append(element("h3", title)).append(figure.html()).append(element("figcaption", caption)).append("</figure>\n");
        return this;
    }

    private static String element(String name, String text) {
        return text.isEmpty() ? "" : "<" + name + ">" + Svg.escape(text) + "</" + name + ">\n";
    }

    private HtmlReport append(String html) {
        endFigures();
        body.append(html);
        return this;
    }

    private void endFigures() {
        if (inFigures) {
            body.append("</div>\n");
            inFigures = false;
        }
    }

    /** The whole file. */
    public String html() {
        endFigures();
        return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
                + "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/><meta name=\"color-scheme\" content=\"light dark\"/>\n"
                + "<title>" + Svg.escape(title) + "</title>\n<style>\n" + Palette.CSS + "</style></head>\n<body><main>\n" + body + "</main></body></html>\n";
    }

    /** Writes the file, and the folders above it: a reader sees the old report or the new, never half of one. */
    public void write(Path file) throws IOException {
        Path target = file.toAbsolutePath();
        Files.createDirectories(target.getParent());
        AtomicFiles.write(target, html());
    }
}
