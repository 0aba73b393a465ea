package org.neuralattention.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleFunction;

/** Several named series as lines over a common x. A point that is not finite interrupts its line. */
public final class LineChart implements Figure {

    private record Series(String name, double[] x, double[] y) {}

    private final Frame frame;
    private final List<Series> series = new ArrayList<>();
    private List<String> styles = List.of();

    public LineChart(String title, String xName, String yName) {
        frame = new Frame(title, xName, yName);
    }

    /** Logarithmic x, with ticks at powers of two; points at or below 0 are left out. Comes before {@link #formats}. */
    public LineChart logX() {
        frame.logX();
        return this;
    }

    /** Logarithmic y, with ticks at powers of {@code base}, 2 or 10; points at or below 0 are left out. */
    public LineChart logY(int base) {
        frame.logY(base);
        return this;
    }

    /** Makes the vertical axis reach these values whatever the data. */
    public LineChart yReaches(double... values) {
        for (double value : values) {
            frame.includeY(value);
        }
        return this;
    }

    /** How the ticks are written; {@link Numbers#compact} unless set. */
    public LineChart formats(DoubleFunction<String> x, DoubleFunction<String> y) {
        frame.formats(x, y);
        return this;
    }

    /** Names in the order of their styles, so that a name looks the same in several charts; names not given follow in the order they are added. */
    public LineChart styles(List<String> names) {
        styles = List.copyOf(names);
        return this;
    }

    private int style(int index) {
        int named = styles.indexOf(series.get(index).name);
        return named >= 0 ? named : styles.size() + index;
    }

    /** Adds a line through (x[i], y[i]) in the order given. */
    public LineChart add(String name, double[] x, double[] y) {
        if (x.length != y.length) {
            throw new IllegalArgumentException(name + ": " + x.length + " x and " + y.length + " y");
        }
        series.add(new Series(name, x.clone(), y.clone()));
        return this;
    }

    @Override
    public String html() {
        for (Series line : series) {
            for (int i = 0; i < line.x.length; i++) {
                frame.include(line.x[i], line.y[i]);
            }
        }
        Scale x = frame.x(0);
        Scale y = frame.y();
        Svg svg = frame.draw(x, y);
        StringBuilder legend = new StringBuilder();
        for (int i = 0; i < series.size(); i++) {
            draw(svg, x, y, style(i), series.get(i));
            legend.append(Palette.legendEntry("<path class=\"" + Palette.line(style(i)) + "\" d=\"M0 7h26\"/>", series.get(i).name));
        }
        return svg.end() + Palette.legend(legend.toString());
    }

    private static void draw(Svg svg, Scale x, Scale y, int style, Series line) {
        StringBuilder d = new StringBuilder();
        for (int i = 0; i < line.x.length; i++) {
            if (!shown(x, y, line, i)) {
                continue;
            }
            double px = x.at(line.x[i]);
            double py = y.at(line.y[i]);
            boolean joined = i > 0 && shown(x, y, line, i - 1);
            d.append(joined ? 'L' : 'M').append(Svg.n(px)).append(' ').append(Svg.n(py));
            if (!joined && (i + 1 == line.x.length || !shown(x, y, line, i + 1))) {
                svg.mark(style, px, py, 4, line.name);
            }
        }
        if (!d.isEmpty()) {
            svg.path(Palette.line(style), d.toString());
        }
    }

    private static boolean shown(Scale x, Scale y, Series line, int i) {
        return x.shows(line.x[i]) && y.shows(line.y[i]);
    }
}
