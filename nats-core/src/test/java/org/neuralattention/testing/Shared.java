package org.neuralattention.testing;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Data that is not in the repository: where {@code -Dnats.shared} points. Where it is absent a test is skipped, and fails if {@code CI=true}. */
public final class Shared {

    private Shared() {}

    /** A file or folder of the shared data. */
    public static Path path(String name) {
        Path path = Path.of(System.getProperty("nats.shared", "../shared")).resolve(name);
        if (!Files.exists(path) && "true".equals(System.getenv("CI"))) {
            fail(path + " is absent, and with CI=true nothing may be skipped; set -Dnats.shared");
        }
        assumeTrue(Files.exists(path), () -> path + " is absent: set -Dnats.shared");
        return path;
    }
}
