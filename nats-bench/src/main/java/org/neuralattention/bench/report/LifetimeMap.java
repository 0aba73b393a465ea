package org.neuralattention.bench.report;

import java.util.List;

/**
 * Which query sees which key, in one layer and KV head: column n is key n, and its bar runs from row n down to its last
 * visible row; what full attention would see beside it is left in the ground's grey.
 */
public final class LifetimeMap implements Figure {

    private static final double SIDE = 420;
    private static final double LEFT = 46;

    private final String title;
    private final int[] roles;
    private final int[] lastRow;
    private final List<String> roleNames;

    /**
     * @param roles role of each token
     * @param lastRow last query row that sees each token, beyond the last row if none is
     * @param roleNames name of each role
     */
    public LifetimeMap(String title, int[] roles, int[] lastRow, List<String> roleNames) {
        if (roles.length != lastRow.length) {
            throw new IllegalArgumentException(roles.length + " roles and " + lastRow.length + " last rows");
        }
        this.title = title;
        this.roles = roles.clone();
        this.lastRow = lastRow.clone();
        this.roleNames = List.copyOf(roleNames);
    }

    @Override
    public String html() {
        int n = roles.length;
        double cell = n == 0 ? 0 : SIDE / n;
        Svg svg = new Svg(LEFT + SIDE + 2, SIDE + 30, 300, 480, title);
        svg.path("causal", "M" + Svg.n(LEFT) + " 0l" + Svg.n(SIDE) + ' ' + Svg.n(SIDE) + "h" + Svg.n(-SIDE) + "z");
        long seen = 0;
        for (int role = 0; role < roleNames.size(); role++) {
            StringBuilder bars = new StringBuilder();
            for (int i = 0; i < n; i++) {
                if (roles[i] == role) {
                    long rows = Math.min(lastRow[i], n - 1L) - i + 1;
                    seen += rows;
                    bars.append(Svg.box(LEFT + i * cell, i * cell, cell, rows * cell));
                }
            }
            if (!bars.isEmpty()) {
                svg.path(Palette.role(role), bars.toString());
            }
        }
        svg.text("axis", LEFT + SIDE / 2, SIDE + 22, "middle", "key");
        svg.textUp("axis", 20, SIDE / 2, "query");
        double share = n == 0 ? Double.NaN : seen / (n * (n + 1.0) / 2);
        return svg.end() + "<p class=\"soft\">" + Numbers.percent(share) + " of the causal pairs are visible</p>\n"
                + Palette.legend(Palette.roleEntries(roleNames));
    }
}
