package org.neuralattention.bench.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The role of each token of one sequence in each layer and KV head: a row per layer and head, a column per token, wrapped
 * into lines. A strip above each line marks tokens; pointing at a column tells its token and all its roles.
 */
public final class RoleMap implements Figure {

    /** What a token is in its task. */
    public enum Mark { NONE, FORCED, PAIR, QUERY }

    private record Row(String name, int[] roles) {}

    private static final int PER_LINE = 64;
    private static final double CELL = 14;
    private static final double ROW = 16;
    private static final double STRIP = 20;
    private static final double GAP = 18;
    private static final double NAMES = 118;

    private final String title;
    private final List<String> tokens;
    private final List<String> roleNames;
    private final Mark[] marks;
    private final List<Row> rows = new ArrayList<>();

    /**
     * @param tokens text of each token, in order
     * @param roleNames name of each role: global, local, then one per window
     */
    public RoleMap(String title, List<String> tokens, List<String> roleNames) {
        this.title = title;
        this.tokens = List.copyOf(tokens);
        this.roleNames = List.copyOf(roleNames);
        this.marks = new Mark[tokens.size()];
        Arrays.fill(marks, Mark.NONE);
    }

    /** Adds a layer's head; {@code roles[i]} is the role of token i. */
    public RoleMap row(String name, int[] roles) {
        if (roles.length != tokens.size()) {
            throw new IllegalArgumentException(name + ": " + roles.length + " roles for " + tokens.size() + " tokens");
        }
        for (int role : roles) {
            if (role < 0 || role >= roleNames.size()) {
                throw new IllegalArgumentException(name + ": role " + role + " is not one of the " + roleNames.size());
            }
        }
        rows.add(new Row(name, roles.clone()));
        return this;
    }

    public RoleMap mark(int token, Mark mark) {
        marks[token] = mark;
        return this;
    }

    @Override
    public String html() {
        int columns = Math.clamp(tokens.size(), 1, PER_LINE);
        int lines = (tokens.size() + PER_LINE - 1) / PER_LINE;
        double lineHeight = STRIP + rows.size() * ROW + GAP;
        double width = NAMES + columns * CELL + 2;
        Svg svg = new Svg(width, Math.max(lines, 1) * lineHeight, Math.min(width, 760), width, title);
        for (int line = 0; line < lines; line++) {
            drawLine(svg, line * lineHeight, line * PER_LINE, Math.min(tokens.size(), (line + 1) * PER_LINE));
        }
        return "<div class=\"wide\">" + svg.end() + "</div>" + legend();
    }

    /** Tokens [first, end) from height {@code top} on. */
    private void drawLine(Svg svg, double top, int first, int end) {
        svg.text("small", NAMES - 8, top + STRIP - 6, "end", "token " + first);
        for (int i = first; i < end; i++) {
            drawMark(svg, NAMES + (i - first) * CELL + CELL / 2, top + STRIP / 2, marks[i]);
        }
        for (int r = 0; r < rows.size(); r++) {
            Row row = rows.get(r);
            double y = top + STRIP + r * ROW;
            svg.text("small", NAMES - 8, y + ROW - 4.5, "end", row.name);
            for (int role = 0; role < roleNames.size(); role++) {
                StringBuilder cells = new StringBuilder();
                for (int i = first; i < end; i++) {
                    if (row.roles[i] == role) {
                        cells.append(Svg.box(NAMES + (i - first) * CELL + 0.5, y + 0.5, CELL - 1, ROW - 1));
                    }
                }
                if (!cells.isEmpty()) {
                    svg.path(Palette.role(role), cells.toString());
                }
            }
        }
        for (int i = first; i < end; i++) {
            svg.rect("touch", NAMES + (i - first) * CELL, top, CELL, STRIP + rows.size() * ROW, describe(i));
        }
    }

    private String describe(int token) {
        StringBuilder text = new StringBuilder("token " + token + ": " + tokens.get(token));
        for (Row row : rows) {
            text.append('\n').append(row.name).append(": ").append(roleNames.get(row.roles[token]));
        }
        return text.toString();
    }

    private static void drawMark(Svg svg, double x, double y, Mark mark) {
        if (mark != Mark.NONE) {
            svg.path(mark == Mark.QUERY ? "ring" : "ink", shape(x, y, mark));
        }
    }

    /** Forced: a triangle that points at the column; pair: a full circle; query: an empty one. */
    private static String shape(double x, double y, Mark mark) {
        return mark == Mark.FORCED
                ? "M" + Svg.n(x - 5) + ' ' + Svg.n(y - 4) + "h10l-5 9z"
                : Svg.markShape(0, x, y, 4.5);
    }

    private String legend() {
        StringBuilder entries = new StringBuilder(Palette.roleEntries(roleNames));
        for (Mark mark : Mark.values()) {
            if (mark != Mark.NONE && Arrays.asList(marks).contains(mark)) {
                entries.append(Palette.legendEntry("<path class=\"" + (mark == Mark.QUERY ? "ring" : "ink") + "\" d=\"" + shape(13, 7, mark) + "\"/>",
                        switch (mark) {
                            case FORCED -> "forced global";
                            case PAIR -> "part of a pair";
                            default -> "query";
                        }));
            }
        }
        return Palette.legend(entries.toString());
    }
}
