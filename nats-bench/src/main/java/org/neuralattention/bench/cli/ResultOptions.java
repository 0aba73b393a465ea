package org.neuralattention.bench.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.neuralattention.bench.result.ResultWriter;
import org.neuralattention.bench.result.Results;
import org.neuralattention.io.AtomicFiles;
import picocli.CommandLine.Option;

/** Where measured results go beside the terminal; a {@code @Mixin}. */
public final class ResultOptions {

    @Option(names = "--json", paramLabel = "FILE", description = "also write the results to FILE, as one JSON object")
    private Path json;

    @Option(names = "--markdown", paramLabel = "FILE", description = "also write the results to FILE, as a Markdown table")
    private Path markdown;

    @Option(names = "--html", paramLabel = "FILE", description = "also write the results to FILE, as one page with pictures")
    private Path html;

    /** Refuses, before anything is measured, a file that could not be written. */
    public void check() {
        check("--json", json);
        check("--markdown", markdown);
        check("--html", html);
    }

    private static void check(String option, Path file) {
        if (file != null) {
            TextFiles.checkOutput(option, file);
        }
    }

    /** Writes every file asked for. */
    public void write(Results results) throws IOException {
        write(json, ResultWriter.json(results) + "\n");
        write(markdown, ResultWriter.markdown(results));
        if (html != null) {
            ResultWriter.html(results).write(html);
        }
    }

    private static void write(Path file, String text) throws IOException {
        if (file != null) {
            Files.createDirectories(file.toAbsolutePath().getParent());
            AtomicFiles.write(file, text);
        }
    }
}
