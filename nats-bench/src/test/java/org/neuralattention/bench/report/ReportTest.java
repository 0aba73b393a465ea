package org.neuralattention.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

/** A report is well formed whatever it shows, needs nothing from outside, and has the same bytes everywhere. */
class ReportTest {

    private static final String NASTY = "<script>alert('&\"')</script>\u0000\uD800";

    @Test
    void whatComesFromOutsideIsEscapedEverywhere() throws Exception {
        String html = everything(NASTY);
        Document document = parse(html);
        assertEquals(0, document.getElementsByTagName("script").getLength());
        assertTrue(document.getElementsByTagName("title").item(0).getTextContent().startsWith("<script>"));
    }

    @Test
    void nothingIsFetched() {
        String html = everything("plain");
        for (String outside : new String[] {"http:", "https:", "url(", "@import", "src=", "href=", "<link", "<script"}) {
            assertFalse(html.contains(outside), outside);
        }
    }

    @Test
    void wordsAreEscapedAndTheirScriptIsTheOnlyOne() throws Exception {
        WordMap map = new WordMap(List.of(NASTY, "b"), List.of(NASTY, "local")).head(NASTY, new int[] {1, 0});
        Document document = parse(new HtmlReport("t", "").figure("", map, "").html());
        assertEquals(1, document.getElementsByTagName("script").getLength());
        assertFalse(document.getElementsByTagName("script").item(0).getTextContent().contains("alert"));
        assertEquals("w1", document.getElementsByTagName("span").item(0).getAttributes().getNamedItem("class").getTextContent());
    }

    @Test
    void aNameLooksTheSameInEveryChartWithTheSameStyles() {
        List<String> names = List.of("a", "b", "c");
        String points = new ScatterChart("", "x", "y").styles(names).add("c", 1, 1, "").add("d", 2, 2, "").html();
        assertTrue(points.contains("class=\"f2\"") && points.contains("class=\"f3\"") && !points.contains("class=\"f0\"") && !points.contains(">b<"), points);
        String lines = new LineChart("", "x", "y").styles(names).add("c", new double[] {1, 2}, new double[] {1, 2}).html();
        assertTrue(lines.contains("class=\"l2\"") && !lines.contains("class=\"l0\""), lines);
    }

    @Test
    void theSameInputGivesTheSameBytesInEveryLocale() {
        Locale before = Locale.getDefault();
        try {
            String expected = everything("plain");
            for (String tag : new String[] {"de-DE", "tr-TR", "ar-EG-u-nu-arab"}) {
                Locale.setDefault(Locale.forLanguageTag(tag));
                assertEquals(expected, everything("plain"), tag);
            }
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void aFileIsReplacedAndNothingElseIsLeft(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("new").resolve("report.html");
        new HtmlReport("one", "").write(file);
        new HtmlReport("two", "").write(file);
        assertTrue(Files.readString(file).contains("two"));
        try (Stream<Path> files = Files.list(file.getParent())) {
            assertEquals(List.of(file), files.toList());
        }
    }

    @Test
    void aReportCanBeReadByWhoeverReadsOtherFiles(@TempDir Path folder) throws Exception {
        Path report = folder.resolve("report.html");
        new HtmlReport("one", "").write(report);
        Path other = Files.writeString(folder.resolve("other.html"), "");
        if (Files.getFileStore(folder).supportsFileAttributeView(PosixFileAttributeView.class)) {
            assertEquals(Files.getPosixFilePermissions(other), Files.getPosixFilePermissions(report));
        }
    }

    @Test
    void figuresInARowShareOneFrame() throws Exception {
        Figure figure = () -> "<svg/>";
        Document document = parse(new HtmlReport("t", "").figure("", figure, "").figure("", figure, "").section("s").figure("", figure, "").html());
        assertEquals(3, document.getElementsByTagName("figure").getLength());
        assertEquals(0, document.getElementsByTagName("h3").getLength());
        assertEquals(2, Stream.of(new HtmlReport("t", "").figure("", figure, "").section("s").figure("", figure, "").html().split("class=\"figures\"")).count() - 1);
    }

    @Test
    void aRowThatDoesNotFitItsHeaderIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new HtmlReport("t", "").table("c", List.of("a", "b"), List.of(List.of("1", "2", "3"))));
    }

    static Document parse(String html) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        return factory.newDocumentBuilder().parse(new InputSource(new StringReader(html)));
    }

    private static String everything(String text) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put(text, text);
        List<String> roles = List.of(text, "local", "sliding 8");
        return new HtmlReport(text, text).facts(facts).section(text).paragraph(text)
                .table(text, List.of(text, text), List.of(List.of(text, text)))
                .figure(text, new LineChart(text, text, text).add(text, new double[] {1, 2, 3}, new double[] {0.1, Double.NaN, 1e6}), text)
                .figure(text, new ScatterChart(text, text, text).logX().formats(Numbers::bytes, Numbers::percent).add(text, 1e5, 0.5, text)
                        .front(text, new double[] {1e4, 1e5, 2e5}, new double[] {0.2, Double.NaN, 0.5}), text)
                .figure(text, new HeadMap(text, new double[][] {{0, 0.5}, {1, Double.NaN}}), text)
                .figure(text, new ShareChart(text).add(text, 1.2).add(text, Double.NaN), text)
                .figure(text, new RoleMap(text, List.of(text, "b"), roles).row(text, new int[] {0, 2}).mark(1, RoleMap.Mark.QUERY), text)
                .figure(text, new LifetimeMap(text, new int[] {0, 2}, new int[] {Integer.MAX_VALUE, 1}, roles), text)
                .html();
    }
}
