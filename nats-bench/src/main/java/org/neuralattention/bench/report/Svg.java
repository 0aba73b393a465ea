package org.neuralattention.bench.report;

import java.util.Locale;

/** Writes one inline SVG picture; colours come from the report's style sheet by class, so that dark mode reaches them. */
final class Svg {

    private final StringBuilder out = new StringBuilder();

    /** A picture of so many units, read out as {@code label}; on wide screens at most {@code maxWidth} pixels. */
    Svg(double width, double height, double minWidth, double maxWidth, String label) {
        out.append("<svg role=\"img\" aria-label=\"").append(escape(label)).append("\" viewBox=\"0 0 ").append(n(width))
                .append(' ').append(n(height)).append("\" style=\"min-width:").append(n(minWidth)).append("px;max-width:")
                .append(n(maxWidth)).append("px\">\n");
    }

    Svg line(String style, double x1, double y1, double x2, double y2) {
        out.append("<line class=\"").append(style).append("\" x1=\"").append(n(x1)).append("\" y1=\"").append(n(y1))
                .append("\" x2=\"").append(n(x2)).append("\" y2=\"").append(n(y2)).append("\"/>\n");
        return this;
    }

    Svg path(String style, String d) {
        out.append("<path class=\"").append(style).append("\" d=\"").append(d).append("\"/>\n");
        return this;
    }

    /** A rectangle that says {@code title} when pointed at, unless that is null. */
    Svg rect(String style, double x, double y, double width, double height, String title) {
        out.append("<rect class=\"").append(style).append("\" x=\"").append(n(x)).append("\" y=\"").append(n(y))
                .append("\" width=\"").append(n(width)).append("\" height=\"").append(n(height)).append('"');
        return closed("rect", title);
    }

    /** The mark of series {@code series} at a point: its shape tells series apart where colours do not. */
    Svg mark(int series, double x, double y, double r, String title) {
        out.append("<path class=\"f").append(series % Palette.SERIES).append("\" d=\"").append(markShape(series, x, y, r)).append('"');
        return closed("path", title);
    }

    /** Text anchored at its {@code start}, {@code middle} or {@code end}. */
    Svg text(String style, double x, double y, String anchor, String text) {
        out.append("<text class=\"").append(style).append("\" x=\"").append(n(x)).append("\" y=\"").append(n(y))
                .append("\" text-anchor=\"").append(anchor).append("\">").append(escape(text)).append("</text>\n");
        return this;
    }

    /** Text that runs upwards, for the vertical axis. */
    Svg textUp(String style, double x, double y, String text) {
        out.append("<text class=\"").append(style).append("\" transform=\"translate(").append(n(x)).append(' ').append(n(y))
                .append(") rotate(-90)\" text-anchor=\"middle\">").append(escape(text)).append("</text>\n");
        return this;
    }

    String end() {
        return out.append("</svg>\n").toString();
    }

    private Svg closed(String element, String title) {
        if (title == null) {
            out.append("/>\n");
        } else {
            out.append("><title>").append(escape(title)).append("</title></").append(element).append(">\n");
        }
        return this;
    }

    static String markShape(int series, double x, double y, double r) {
        return switch (series % 4) {
            case 0 -> "M" + n(x - r) + ' ' + n(y) + "a" + n(r) + ' ' + n(r) + " 0 1 0 " + n(2 * r) + " 0a" + n(r) + ' ' + n(r)
                    + " 0 1 0 " + n(-2 * r) + " 0z";
            case 1 -> box(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
            case 2 -> "M" + n(x) + ' ' + n(y - r * 1.2) + "l" + n(r * 1.15) + ' ' + n(r * 2) + "h" + n(-r * 2.3) + "z";
            default -> "M" + n(x) + ' ' + n(y - r * 1.3) + "l" + n(r * 1.3) + ' ' + n(r * 1.3) + "l" + n(-r * 1.3) + ' ' + n(r * 1.3)
                    + "l" + n(-r * 1.3) + ' ' + n(-r * 1.3) + "z";
        };
    }

    /** A rectangle as a piece of a path. */
    static String box(double x, double y, double width, double height) {
        return "M" + n(x) + ' ' + n(y) + "h" + n(width) + "v" + n(height) + "h" + n(-width) + "z";
    }

    /** At most two decimals: a hundredth of a pixel. */
    static String n(double value) {
        double rounded = Math.rint(value * 100) / 100 + 0.0;
        return rounded == Math.rint(rounded)
                ? Long.toString((long) rounded)
                : String.format(Locale.ROOT, "%.2f", rounded).replaceAll("0$", "");
    }

    /** Text for content and attributes; characters that no XML may hold become U+FFFD. */
    static String escape(String text) {
        StringBuilder escaped = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '&' -> escaped.append("&amp;");
                case '"' -> escaped.append("&quot;");
                case '\'' -> escaped.append("&#39;");
                default -> escaped.appendCodePoint(allowed(c) ? c : 0xFFFD);
            }
        });
        return escaped.toString();
    }

    private static boolean allowed(int c) {
        return c == '\t' || c == '\n' || c >= 0x20 && c < 0x7F || c >= 0xA0 && c < 0xD800 || c >= 0xE000 && c < 0xFFFE || c >= 0x10000;
    }
}
