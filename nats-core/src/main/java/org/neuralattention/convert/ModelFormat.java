package org.neuralattention.convert;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** A format that models are written in. */
public enum ModelFormat {

    /** A Hugging Face folder: config.json and safetensors. */
    SAFETENSORS,
    /** One GGUF file. */
    GGUF,
    /** A llama2.c checkpoint: of float32 in the first form, which run.c reads, or of 8-bit integers in version 2, which runq.c reads. */
    LLAMA2C,
    /** A llama2.c checkpoint of version 1. */
    LLAMA2C_V1;

    /** The format a name stands for: {@code .gguf}, {@code .bin}, or a folder's, which has no ending. */
    public static Optional<ModelFormat> of(Path out) {
        String name = out.getFileName() == null ? "" : out.getFileName().toString().toLowerCase(Locale.ROOT);
        if (name.endsWith(".gguf")) {
            return Optional.of(GGUF);
        }
        if (name.endsWith(".bin")) {
            return Optional.of(LLAMA2C);
        }
        return name.matches(".*\\.[a-z][a-z0-9]{0,11}") ? Optional.empty() : Optional.of(SAFETENSORS);
    }

    /** As on the command line: lower case, with hyphens. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
