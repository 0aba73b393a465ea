package org.neuralattention.bench.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.ByteTokenizer;
import org.neuralattention.train.Init;

/** What the documents promise about the repository: links lead somewhere, code is the real code, packages and vectors are described. */
class DocsTest {

    private static final Path ROOT = Path.of(System.getProperty("nats.root", ".."));

    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("^#+ (.+)$", Pattern.MULTILINE);
    private static final Pattern EXCERPT = Pattern.compile("<!-- from (\\S+) -->\n```java\n(.*?)```\n", Pattern.DOTALL);

    @Test
    void everyLinkLeadsToAFileAndAHeadingThatAreThere() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path document : documents()) {
            Matcher link = LINK.matcher(Files.readString(document));
            while (link.find()) {
                String target = link.group(1);
                if (!target.startsWith("http") && !leadsSomewhere(document, target)) {
                    broken.add(ROOT.relativize(document) + ": " + target);
                }
            }
        }
        assertEquals(List.of(), broken);
    }

    private static boolean leadsSomewhere(Path document, String target) throws IOException {
        String[] parts = target.split("#", 2);
        Path file = parts[0].isEmpty() ? document : document.resolveSibling(parts[0]).normalize();
        if (!Files.exists(file)) {
            return false;
        }
        return parts.length == 1 || HEADING.matcher(Files.readString(file)).results().anyMatch(h -> anchor(h.group(1)).equals(parts[1]));
    }

    /** A heading's anchor as GitHub makes it. */
    private static String anchor(String heading) {
        return heading.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-');
    }

    @Test
    void excerptsAreTheSources() throws IOException {
        int excerpts = 0;
        for (Path document : documents()) {
            Matcher excerpt = EXCERPT.matcher(Files.readString(document));
            while (excerpt.find()) {
                String source = Files.readString(ROOT.resolve(excerpt.group(1)));
                for (String piece : excerpt.group(2).split("\n *// \\.\\.\\.\n")) {
                    assertTrue(source.contains(piece.strip()), () -> document + ": not in " + excerpt.group(1) + ":\n" + piece);
                }
                excerpts++;
            }
        }
        assertTrue(excerpts > 0, "no excerpt found");
    }

    @Test
    void theExampleOfTheReadmeIsTheOneThatRuns(@TempDir Path model) throws Exception {
        String source = Files.readString(ROOT.resolve("nats-bench/src/test/java/org/neuralattention/bench/docs/Example.java"));
        String code = source.substring(source.indexOf("\n\n") + 2);
        assertTrue(Files.readString(ROOT.resolve("README.md")).contains("```java\n" + code + "```\n"), "README.md does not hold the example as it is");

        Weights weights = new Weights(ModelConfig.llama(256, 32, 2, 4, 2, 64, 512).withRoleWindows(4));
        Init.LIVELY.apply(weights, 1, Team.serial());
        ModelWriter.save(model, weights);
        new ByteTokenizer().save(model);
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            Example.main(new String[] {model.toString()});
        } finally {
            System.setOut(out);
        }
        assertTrue(printed.toString(StandardCharsets.UTF_8).contains("share of a full cache held: "), printed.toString(StandardCharsets.UTF_8));
    }

    @Test
    void everyVectorFileIsDescribed() throws IOException {
        String description = Files.readString(ROOT.resolve("docs/vectors.md"));
        try (Stream<Path> files = Files.list(ROOT.resolve("vectors"))) {
            for (Path file : files.toList()) {
                assertTrue(description.contains(file.getFileName().toString()), file + " is not in docs/vectors.md");
            }
        }
    }

    @Test
    void everyPackageSaysWhatItIs() throws IOException {
        Pattern sources = Pattern.compile("nats-\\w+/(peers/)?src/main/.*"); // not the examples in src/it
        try (Stream<Path> folders = Files.find(ROOT, 20, (path, a) -> a.isDirectory() && sources.matcher(path(path)).matches())) {
            for (Path folder : folders.toList()) {
                try (Stream<Path> files = Files.list(folder)) {
                    List<String> names = files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".java")).toList();
                    boolean isPackage = names.stream().anyMatch(name -> !name.equals("module-info.java"));
                    assertFalse(isPackage && !names.contains("package-info.java"), folder + " has no package-info.java");
                }
            }
        }
    }

    private static String path(Path file) {
        return ROOT.relativize(file).toString().replace('\\', '/');
    }

    private static List<Path> documents() throws IOException {
        List<Path> documents = new ArrayList<>(List.of(ROOT.resolve("README.md")));
        try (Stream<Path> files = Files.list(ROOT.resolve("docs"))) {
            files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(documents::add);
        }
        return documents;
    }
}
