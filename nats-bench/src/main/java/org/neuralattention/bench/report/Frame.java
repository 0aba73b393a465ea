package org.neuralattention.bench.report;

import java.util.Locale;
import java.util.function.DoubleFunction;

/** The ground of a chart: plot area, grid, ticks, names of the axes. Collects the data's range first, then draws. */
final class Frame {

    static final double WIDTH = 480;
    static final double HEIGHT = 300;
    static final double LEFT = 80; // "256 MiB" beside the axis' name
    private static final double RIGHT = 14;
    private static final double TOP = 12;
    private static final double BOTTOM = 50;

    private final String title;
    private final String xName;
    private final String yName;
    private int baseX;
    private int baseY;
    private DoubleFunction<String> xFormat = Numbers::compact;
    private DoubleFunction<String> yFormat = Numbers::compact;
    private double xLow = Double.POSITIVE_INFINITY;
    private double xHigh = Double.NEGATIVE_INFINITY;
    private double yLow = Double.POSITIVE_INFINITY;
    private double yHigh = Double.NEGATIVE_INFINITY;

    Frame(String title, String xName, String yName) {
        this.title = title;
        this.xName = xName;
        this.yName = yName;
    }

    void logX() {
        baseX = 2;
        xFormat = Numbers::binary;
    }

    void logY(int base) {
        baseY = base;
    }

    void formats(DoubleFunction<String> x, DoubleFunction<String> y) {
        xFormat = x;
        yFormat = y;
    }

    /** Whether a point can be drawn; if so the axes will reach it. */
    boolean include(double x, double y) {
        if (!Double.isFinite(x) || !Double.isFinite(y) || baseX > 0 && x <= 0 || baseY > 0 && y <= 0) {
            return false;
        }
        xLow = Math.min(xLow, x);
        xHigh = Math.max(xHigh, x);
        includeY(y);
        return true;
    }

    void includeY(double y) {
        yLow = Math.min(yLow, y);
        yHigh = Math.max(yHigh, y);
    }

    boolean empty() {
        return xLow > xHigh;
    }

    /** With {@code room} pixels free at either side, for marks on the edge. */
    Scale x(double room) {
        return Scale.around(xLow, xHigh, baseX, LEFT + room, WIDTH - RIGHT - room);
    }

    Scale y() {
        return Scale.around(yLow, yHigh, baseY, HEIGHT - BOTTOM, TOP).toTicks();
    }

    /** The picture with everything but the data. */
    Svg draw(Scale x, Scale y) {
        Svg svg = new Svg(WIDTH, HEIGHT, 300, 510, title + ": " + yName + " against " + xName);
        for (double tick : y.ticks()) {
            double at = y.at(tick);
            svg.line("grid", LEFT, at, WIDTH - RIGHT, at);
            svg.text("tick", LEFT - 8, at + 4.5, "end", yFormat.apply(clean(tick)));
        }
        svg.line("base", LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM);
        double free = 0; // where the last label ended: the next must begin after it
        for (double tick : x.ticks()) {
            double at = x.at(tick);
            String label = xFormat.apply(clean(tick));
            double half = label.length() * 3.8;
            svg.line("base", at, HEIGHT - BOTTOM, at, HEIGHT - BOTTOM + 5);
            if (at - half >= free) {
                svg.text("tick", at, HEIGHT - BOTTOM + 20, "middle", label);
                free = at + half + 6;
            }
        }
        svg.text("axis", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "middle", xName);
        svg.textUp("axis", 14, (TOP + HEIGHT - BOTTOM) / 2, yName);
        if (empty()) {
            svg.text("axis", (LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2, "middle", "no data");
        }
        return svg;
    }

    /** Drops what rounding left of a sum of steps, such as 0.30000000000000004. */
    private static double clean(double tick) {
        return Math.abs(tick) < 1e-12 ? 0 : Double.parseDouble(String.format(Locale.ROOT, "%.10g", tick));
    }
}
