package org.neuralattention.bench.cli;

import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The text to continue, given in one of two ways; an {@code @ArgGroup(multiplicity = "1")}. */
final class PromptOptions {

    @Option(names = "--prompt", paramLabel = "TEXT", required = true, description = "the text to continue")
    private String text;

    @Option(names = "--prompt-file", paramLabel = "FILE", required = true,
            description = "a file with the text to continue, in UTF-8; - for standard input")
    private Path file;

    String read() throws IOException {
        if (text != null) {
            return text;
        }
        return file.toString().equals("-") ? TextFiles.decode("Standard input", System.in.readAllBytes()) : TextFiles.read(file);
    }
}
