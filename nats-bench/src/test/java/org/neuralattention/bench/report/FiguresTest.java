package org.neuralattention.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Figures show what can be shown of any data, at round ticks. */
class FiguresTest {

    private static final double NAN = Double.NaN;
    private static final double INF = Double.POSITIVE_INFINITY;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void dataThatCannotBeDrawnLeavesAnEmptyChart(boolean log) throws Exception {
        double[][] data = {{}, {NAN}, {INF, -INF}, {log ? -1 : NAN, log ? 0 : NAN}};
        for (double[] x : data) {
            LineChart lines = new LineChart("t", "x", "y").add("s", x, new double[x.length]);
            ScatterChart points = new ScatterChart("t", "x", "y");
            for (double at : x) {
                points.add("s", at, 0, "p");
            }
            for (Figure figure : List.of(log ? lines.logX() : lines, log ? points.logX() : points)) {
                String html = draw(figure);
                assertTrue(html.contains("no data"), html);
            }
        }
    }

    @Test
    void onePointIsAMarkAndAGapCutsTheLine() throws Exception {
        assertTrue(draw(new LineChart("t", "x", "y").add("s", new double[] {5}, new double[] {7})).contains("<title>s</title>"));
        String gap = draw(new LineChart("t", "x", "y").add("s", new double[] {1, 2, 3, 4, 5}, new double[] {1, 2, NAN, 4, 5}));
        assertEquals(2, gap.split("class=\"l0\" d=\"")[1].split("\"")[0].chars().filter(c -> c == 'M').count());
    }

    @Property(tries = 500)
    void ticksAreRoundInsideAndNeitherFewNorMany(@ForAll @DoubleRange(min = -1e9, max = 1e9) double low, @ForAll @DoubleRange(min = -6, max = 9) double power) {
        Scale scale = Scale.around(low, low + Math.pow(10, power), 0, 0, 100);
        if (scale.max() - scale.min() < 1e-9 * Math.abs(low)) {
            return; // below the resolution of ticks
        }
        List<Double> ticks = scale.ticks();
        assertTrue(ticks.size() >= 3 && ticks.size() <= 10, ticks.toString());
        for (double tick : ticks) {
            assertTrue(scale.at(tick) > -0.01 && scale.at(tick) < 100.01, tick + " outside of " + scale);
        }
        Scale wide = scale.toTicks();
        double rounding = 1e-6 * (scale.max() - scale.min());
        assertTrue(wide.min() <= scale.min() + rounding && wide.max() >= scale.max() - rounding, scale + " in " + wide);
    }

    @Test
    void ticksOfKnownAxes() {
        assertEquals(List.of(0.0, 0.2, 0.4, 0.6, 0.8, 1.0), new Scale(0, 1, 0, 0, 1).ticks().stream().map(t -> Math.round(t * 1e9) / 1e9).toList());
        assertEquals(List.of(256.0, 512.0, 1024.0), new Scale(200, 1100, 2, 0, 1).ticks());
        assertTrue(new Scale(1, 1e12, 2, 0, 1).ticks().size() <= 9);
        assertEquals(List.of(0.02, 0.05, 0.1, 0.2, 0.5), Scale.around(0.03, 0.3, 10, 0, 1).toTicks().ticks().stream().map(t -> Math.round(t * 1e9) / 1e9).toList());
        assertEquals(List.of(1.0, 10.0, 100.0, 1000.0), Scale.around(2, 900, 10, 0, 1).toTicks().ticks());
    }

    @Test
    void numbersAreShortAndSayTheirUnit() {
        assertEquals("0", Numbers.compact(-0.0));
        assertEquals("0.0123", Numbers.compact(0.01234));
        assertEquals("9.9", Numbers.compact(9.9));
        assertEquals("1000", Numbers.compact(1000));
        assertEquals("12.3k", Numbers.compact(12_345));
        assertEquals("1M", Numbers.compact(999_999));
        assertEquals("-2.5M", Numbers.compact(-2.5e6));
        assertEquals("1.0e-05", Numbers.compact(1e-5));
        assertEquals("–", Numbers.compact(NAN));
        assertEquals("512 B", Numbers.bytes(512));
        assertEquals("1.5 KiB", Numbers.bytes(1536));
        assertEquals("8k", Numbers.binary(8192));
        assertEquals("45 s", Numbers.duration(45.2));
        assertEquals("2 min 05 s", Numbers.duration(125));
        assertEquals("1 h 05 min", Numbers.duration(3900));
        assertEquals("25.3 %", Numbers.percent(0.253));
        assertEquals("–", Numbers.percent(INF));
    }

    @Test
    void everyTokenHasAColumnThatTellsItsRoles() throws Exception {
        int n = 130;
        List<String> tokens = IntStream.range(0, n).mapToObj(i -> "t" + i).toList();
        int[] roles = IntStream.range(0, n).map(i -> i % 3).toArray();
        String html = draw(new RoleMap("t", tokens, List.of("global", "local", "sliding 8")).row("layer 0 head 1", roles).mark(0, RoleMap.Mark.FORCED));
        assertEquals(n, html.split("class=\"touch\"").length - 1);
        assertTrue(html.contains("token 129: t129\nlayer 0 head 1: global"), html);
        assertTrue(html.contains("forced global"));
        assertFalse(html.contains("query"), "no mark, no legend");
    }

    @Test
    void rolesThatDoNotFitAreRefused() {
        RoleMap map = new RoleMap("t", List.of("a", "b"), List.of("global", "local"));
        assertThrows(IllegalArgumentException.class, () -> map.row("r", new int[] {0}));
        assertThrows(IllegalArgumentException.class, () -> map.row("r", new int[] {0, 2}));
        assertThrows(IllegalArgumentException.class, () -> new LifetimeMap("t", new int[1], new int[2], List.of("global")));
        assertThrows(IllegalArgumentException.class, () -> new LineChart("t", "x", "y").add("s", new double[1], new double[2]));
    }

    @Test
    void anEmptySequenceIsStillAPicture() throws Exception {
        draw(new RoleMap("t", List.of(), List.of("global")).row("r", new int[0]));
        draw(new LifetimeMap("t", new int[0], new int[0], List.of("global")));
    }

    @Test
    void theShareOfALifetimeMapIsVisiblePairsByCausalPairs() throws Exception {
        int[] roles = {0, 2, 2, 2};
        int[] lastRow = {Integer.MAX_VALUE, 2, 3, 4};
        assertTrue(draw(new LifetimeMap("t", roles, lastRow, List.of("global", "local", "sliding 1"))).contains("90.0 % of the causal pairs"));
    }

    /** The figure's markup, checked to be well formed and without a NaN. */
    private static String draw(Figure figure) throws Exception {
        String html = figure.html();
        ReportTest.parse("<div>" + html + "</div>");
        assertFalse(html.contains("NaN") || html.contains("Infinity"), html);
        return html;
    }
}
