package org.neuralattention.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleFunction;

/** Points with labels, such as recall against bytes; points of a series share shape and colour. */
public final class ScatterChart implements Figure {

    private record Point(int series, double x, double y, String label) {}

    private record Line(String name, double[] x, double[] y) {}

    private record Box(double left, double top, double right, double bottom) {
        boolean meets(Box other) {
            return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
        }
    }

    private static final double RADIUS = 6;

    private final Frame frame;
    private final List<String> series = new ArrayList<>();
    private final List<Point> points = new ArrayList<>();
    private final List<Line> lines = new ArrayList<>();

    public ScatterChart(String title, String xName, String yName) {
        frame = new Frame(title, xName, yName);
    }

    /** Logarithmic x, with ticks at powers of two; points at or below 0 are left out. Comes before {@link #formats}. */
    public ScatterChart logX() {
        frame.logX();
        return this;
    }

    /** Makes the vertical axis reach these values whatever the data. */
    public ScatterChart yReaches(double... values) {
        for (double value : values) {
            frame.includeY(value);
        }
        return this;
    }

    /** How the ticks are written; {@link Numbers#compact} unless set. */
    public ScatterChart formats(DoubleFunction<String> x, DoubleFunction<String> y) {
        frame.formats(x, y);
        return this;
    }

    /** Names in the order of their styles, so that a name looks the same in several charts; comes before the points. */
    public ScatterChart styles(List<String> names) {
        series.addAll(names);
        return this;
    }

    /** Adds a point; an empty label shows none. */
    public ScatterChart add(String seriesName, double x, double y, String label) {
        if (!series.contains(seriesName)) {
            series.add(seriesName);
        }
        points.add(new Point(series.indexOf(seriesName), x, y, label));
        return this;
    }

    /** Adds a dotted line behind the points, through places where there are some. */
    public ScatterChart front(String name, double[] x, double[] y) {
        lines.add(new Line(name, x.clone(), y.clone()));
        return this;
    }

    @Override
    public String html() {
        List<Point> shown = points.stream().filter(p -> frame.include(p.x, p.y)).toList();
        Scale x = frame.x(16);
        Scale y = frame.y();
        Svg svg = frame.draw(x, y);
        for (Line line : lines) {
            StringBuilder d = new StringBuilder();
            for (int i = 0; i < line.x.length; i++) {
                if (x.shows(line.x[i]) && y.shows(line.y[i])) {
                    d.append(d.isEmpty() ? 'M' : 'L').append(Svg.n(x.at(line.x[i]))).append(' ').append(Svg.n(y.at(line.y[i])));
                }
            }
            svg.path("front", d.toString());
        }
        List<Box> taken = new ArrayList<>();
        for (Point p : shown) {
            taken.add(around(x.at(p.x), y.at(p.y), RADIUS));
        }
        for (Point p : shown) {
            svg.mark(p.series, x.at(p.x), y.at(p.y), RADIUS, series.get(p.series) + (p.label.isEmpty() ? "" : ", " + p.label));
            if (!p.label.isEmpty()) {
                label(svg, taken, x.at(p.x), y.at(p.y), p.label);
            }
        }
        StringBuilder legend = new StringBuilder();
        for (int i = 0; i < series.size(); i++) {
            int index = i;
            if (points.stream().anyMatch(p -> p.series == index)) {
                legend.append(Palette.legendEntry("<path class=\"f" + i % Palette.SERIES + "\" d=\"" + Svg.markShape(i, 13, 7, 5) + "\"/>", series.get(i)));
            }
        }
        lines.stream().map(Line::name).distinct().forEach(name -> legend.append(Palette.legendEntry("<path class=\"front\" d=\"M0 7h26\"/>", name)));
        return svg.end() + Palette.legend(legend.toString());
    }

    /** Beside, below or above the point: the first place inside the picture that meets nothing, else beside it. */
    private static void label(Svg svg, List<Box> taken, double x, double y, String text) {
        double width = text.length() * 8.5;
        double[][] places = {{x + 11, y + 5}, {x - 11 - width, y + 5}, {x - width / 2, y + 22}, {x - width / 2, y - 12},
            {x + 9, y + 20}, {x - 9 - width, y + 20}, {x + 9, y - 10}, {x - 9 - width, y - 10}};
        double[] best = places[x + 11 + width < Frame.WIDTH ? 0 : 1];
        for (double[] place : places) {
            Box box = new Box(place[0], place[1] - 12, place[0] + width, place[1] + 4);
            if (box.left > Frame.LEFT && box.right < Frame.WIDTH && box.top > 0 && box.bottom < Frame.HEIGHT - 50 && taken.stream().noneMatch(box::meets)) {
                best = place;
                break;
            }
        }
        taken.add(new Box(best[0], best[1] - 12, best[0] + width, best[1] + 4));
        svg.text("label", best[0], best[1], "start", text);
    }

    private static Box around(double x, double y, double r) {
        return new Box(x - r, y - r, x + r, y + r);
    }
}
