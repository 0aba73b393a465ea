package org.neuralattention.bench.report;

/** What each layer and KV head holds of a full cache, as a grid of shares: a row per layer, a column per head, the darker the more. */
public final class HeadMap implements Figure {

    private static final double NAMES = 64;
    private static final double CELL = 58;
    private static final double ROW = 26;
    private static final double HEADER = 22;

    /** Shades of a cell: classes h0 and on; those from {@link #DARK} have letters in the ground's colour. */
    private static final int SHADES = 10;

    private static final int DARK = 6;

    /** Heads up to which a grid stands beside another one, and on a phone. */
    private static final int NARROW = 6;

    private final String title;
    private final double[][] shares;

    /** @param shares [layers][heads], each in [0, 1] */
    public HeadMap(String title, double[][] shares) {
        this.title = title;
        this.shares = shares.clone();
    }

    @Override
    public String html() {
        int heads = shares.length == 0 ? 0 : shares[0].length;
        double width = NAMES + heads * CELL;
        Svg svg = new Svg(width, HEADER + shares.length * ROW, Math.min(width, 300), width * 1.2, title);
        for (int h = 0; h < heads; h++) {
            svg.text("small", NAMES + (h + 0.5) * CELL, HEADER - 8, "middle", "head " + h);
        }
        for (int l = 0; l < shares.length; l++) {
            double y = HEADER + l * ROW;
            svg.text("small", NAMES - 8, y + ROW - 9, "end", "layer " + l);
            for (int h = 0; h < heads; h++) {
                double share = shares[l][h];
                int shade = (int) Math.clamp(Math.floor(share * SHADES), 0, SHADES - 1);
                svg.rect("h" + shade, NAMES + h * CELL + 1, y + 1, CELL - 2, ROW - 2, "layer " + l + ", head " + h + ": " + Numbers.percent(share));
                svg.text(shade >= DARK ? "on" : "off", NAMES + (h + 0.5) * CELL, y + ROW - 9, "middle", Numbers.percent(share));
            }
        }
        return heads > NARROW ? "<div class=\"wide\">" + svg.end() + "</div>" : svg.end();
    }
}
