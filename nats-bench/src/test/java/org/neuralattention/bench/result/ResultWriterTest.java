package org.neuralattention.bench.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.neuralattention.io.Json;
import org.xml.sax.InputSource;

/** The same results are told alike by every writer, with all a reader needs to measure them again. */
class ResultWriterTest {

    private static final Machine MACHINE = new Machine("A CPU <fast>", 2, "25 (A & B)", "vector, 512 bits", "Parallel", "Linux amd64");

    private static final Row PLAIN = Row.of("Add", "forward", "", 1, 512, Sample.of(Unit.SECONDS, 1e-6));

    private static final Row PRODUCT = Row.of("MatMul", "abt", "a|b", 2, 512, Sample.of(Unit.SECONDS, 2e-3, 1e-3, 3e-3))
            .withWork(new Work(4e8, 8e6)).withLimit(new Limit("FMA", 0.5))
            .withVersus(new Versus("OpenBLAS", Sample.of(Unit.SECONDS, 3e-3), Sample.ratio(new double[] {1, 2}, new double[] {1, 4})))
            .withGoal(Goal.atLeast(1, 1.5, "x OpenBLAS"));

    private static final Picture PICTURE = new Picture("Attention", "rows", "time", Unit.SECONDS,
            List.of(new Picture.Curve("dense", new double[] {1, 2, 4, 8}, new double[] {1, 4, 16, 64}),
                    new Picture.Curve("roles", new double[] {2, 4, 8, 16}, new double[] {2, 4, 8, 16})));

    private static Results results(Row... rows) {
        return new Results(MACHINE, "nats bench", "2026-11-23T00:00:00Z", List.of("FMA 260 GFLOP/s"), List.of(rows), List.of(PICTURE));
    }

    @Test
    void medianAndQuartilesOfKnownValues() {
        Sample sample = Sample.of(Unit.SECONDS, 5, 1, 4, 2, 3);
        assertEquals(new Sample(3, 2, 4, Unit.SECONDS), sample);
        assertEquals(1 / 3.0, sample.spread(), 1e-12);
        assertEquals(1.5, Sample.ratio(new double[] {1, 2}, new double[] {1, 4}).median(), 1e-12);
        assertThrows(IllegalArgumentException.class, () -> Sample.of(Unit.SECONDS));
        assertThrows(IllegalArgumentException.class, () -> Sample.ratio(new double[1], new double[2]));
    }

    @Test
    void theExponentOfAPowerIsFound() {
        assertEquals(2, PICTURE.curves().get(0).slope(), 1e-9);
        assertEquals(1, PICTURE.curves().get(1).slope(), 1e-9);
        assertTrue(Double.isNaN(new Picture.Curve("one", new double[] {1}, new double[] {1}).slope()));
    }

    @Test
    void textHasAHeaderAnAlignedTableAndNoEmptyColumn() {
        String text = ResultWriter.text(results(PLAIN, PRODUCT));
        List<String> lines = text.lines().toList();
        assertTrue(lines.get(0).contains("A CPU <fast>") && lines.get(0).contains("2 cores") && lines.get(0).contains("512 bits"), text);
        assertTrue(lines.get(1).contains("nats bench"), text);
        assertTrue(lines.get(2).contains("FMA 260"), text);
        assertTrue(text.contains("OpenBLAS") && text.contains("2 ms") && text.contains("200") && text.contains("50 %") && text.contains("1.50 x"), text);
        assertEquals(1, lines.stream().filter(line -> line.contains("forward") || line.contains("abt")).mapToInt(String::length).distinct().count(), text);
        assertFalse(ResultWriter.text(results(PLAIN)).contains("peer"), text);
    }

    @Test
    void aLineOfMarkdownHasAsManyCellsAsItsHeader() {
        List<String> table = ResultWriter.markdown(results(PLAIN, PRODUCT)).lines().filter(line -> line.startsWith("|")).toList();
        List<String> first = table.subList(0, 6);
        assertEquals(1, first.stream().mapToInt(line -> line.replace("\\|", "").split("\\|", -1).length).distinct().count(), first.toString());
    }

    @Test
    void jsonHoldsEveryNumberAndNullForWhatIsNotKnown() {
        Map<?, ?> json = (Map<?, ?>) Json.parse("test", ResultWriter.json(results(PLAIN, PRODUCT)).getBytes(StandardCharsets.UTF_8));
        assertEquals("A CPU <fast>", json.get("cpu"));
        Map<?, ?> plain = (Map<?, ?>) ((List<?>) json.get("rows")).get(0);
        assertNull(plain.get("limit"));
        Map<?, ?> product = (Map<?, ?>) ((List<?>) json.get("rows")).get(1);
        assertEquals(200.0, (Double) product.get("gflops"), 1e-9);
        assertEquals(0.5, product.get("share"));
        assertEquals(1.5, product.get("ratio"));
        assertEquals(true, product.get("reached"));
        assertTrue(json.toString().contains("exponent=2.0"), json.toString());
    }

    @Test
    void thePageIsWellFormedAndSaysTheSame() throws Exception {
        String html = ResultWriter.html(results(PLAIN, PRODUCT)).html();
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(html.replaceFirst("<!DOCTYPE html>", ""))));
        assertTrue(html.contains("A CPU &lt;fast&gt;") && html.contains("OpenBLAS") && html.contains("<svg") && html.contains("Exponent: dense 2.00")
                && html.contains("Bounded by multiply-adds") && html.contains("50.0 %"), html);
    }
}
