package org.neuralattention.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** The repository's test vectors: {@code vectors/} under {@code -Dnats.root}. */
public final class Vectors {

    private Vectors() {}

    /** A file or folder of the vectors, which must be there. */
    public static Path path(String name) {
        Path path = Path.of(System.getProperty("nats.root", "..")).resolve("vectors").resolve(name);
        assertTrue(Files.exists(path), () -> path + " is absent: set -Dnats.root to the repository");
        return path;
    }
}
