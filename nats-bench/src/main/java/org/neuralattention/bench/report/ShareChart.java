package org.neuralattention.bench.report;

import java.util.ArrayList;
import java.util.List;

/** Shares of a whole as bars below their labels, from 0 to 1 or a little beyond. */
public final class ShareChart implements Figure {

    private record Bar(String label, double share) {}

    private static final double WIDTH = 480;
    private static final double ROW = 38;
    private static final double BAR = 12;
    private static final double BOTTOM = 24;
    private static final double END = WIDTH - 60; // room for the value behind a long bar

    private final String title;
    private final List<Bar> bars = new ArrayList<>();

    public ShareChart(String title) {
        this.title = title;
    }

    /** Adds a bar below those before; one without a finite share shows no bar. */
    public ShareChart add(String label, double share) {
        bars.add(new Bar(label, share));
        return this;
    }

    @Override
    public String html() {
        double height = bars.size() * ROW;
        double most = bars.stream().mapToDouble(Bar::share).filter(Double::isFinite).reduce(1, Math::max);
        Svg svg = new Svg(WIDTH, height + BOTTOM, 300, 510, title);
        for (int quarter = 0; quarter <= 4; quarter++) {
            double x = 1 + quarter / 4.0 * END / most;
            svg.line(quarter == 0 || quarter == 4 ? "base" : "grid", x, 0, x, height);
            svg.text("tick", x, height + 17, quarter == 0 ? "start" : "middle", 25 * quarter + " %");
        }
        for (int i = 0; i < bars.size(); i++) {
            Bar bar = bars.get(i);
            double top = i * ROW;
            svg.text("small", 6, top + 13, "start", bar.label);
            if (Double.isFinite(bar.share)) {
                double width = Math.max(0, bar.share) * END / most;
                svg.rect("f0", 1, top + 18, width, BAR, bar.label);
                svg.text("small", 1 + width + 5, top + 18 + BAR - 2, "start", Numbers.percent(bar.share));
            }
        }
        return svg.end();
    }
}
