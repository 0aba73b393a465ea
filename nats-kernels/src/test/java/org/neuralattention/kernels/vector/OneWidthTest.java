package org.neuralattention.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * {@link jdk.incubator.vector.FloatVector#intoArray(float[], int)} sees vectors of one width. Its profile serves all its callers, and with two classes in it C2
 * now and then leaves a kernel's sums objects for the life of the process. Class files are read, for what a JVM compiles differs from run to run.
 */
class OneWidthTest {

    @Test
    void onlyTheTransposesNameAWidthOfTheirOwn() throws Exception {
        Path folder = Path.of(Lanes.class.getProtectionDomain().getCodeSource().getLocation().toURI()).resolve("org/neuralattention/kernels/vector");
        try (var files = Files.list(folder)) {
            List<String> fixed = files.filter(file -> names(file, "SPECIES_(64|128|256|512|MAX)")).map(file -> file.getFileName().toString()).toList();
            assertEquals(List.of("Transpose.class"), fixed);
        }
        assertTrue(names(folder.resolve("Transpose.class"), "intoMemorySegment"));
        assertTrue(!names(folder.resolve("Transpose.class"), "intoArray"), "narrow vectors go through FloatVector.intoArray");
    }

    /** Whether the class uses something of a name like that. */
    private static boolean names(Path classFile, String pattern) {
        try {
            return Files.readString(classFile, StandardCharsets.ISO_8859_1).matches("(?s).*" + pattern + ".*");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
