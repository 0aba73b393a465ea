package org.neuralattention.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {

    @TempDir
    Path temp;

    @AfterEach
    void noFailures() {
        Failures.none();
    }

    private static void write(Path file, String text) throws IOException {
        AtomicFiles.write(file, out -> {
            for (byte b : text.getBytes()) {
                out.write(ByteBuffer.wrap(new byte[] {b}));
            }
        });
    }

    @Test
    void theOldFileSurvivesAFailureOfEveryStepBeforeTheRename() throws IOException {
        Path file = temp.resolve("file");
        AtomicFiles.write(file, "old");
        // create, 5 writes, force, rename; then force directory, after which the new file is there
        for (int step = 0; step < 9; step++) {
            Failures.atStep(step);
            assertThrows(IOException.class, () -> write(file, "newer"), "step " + step);
            assertEquals(step < 8 ? "old" : "newer", Files.readString(file));
            assertOnly("file");
        }
        Failures.atStep(9);
        write(file, "last");
        assertEquals("last", Files.readString(file));
    }

    @Test
    void whatTheBodyThrowsComesOutAndLeavesNothing() throws IOException {
        Path file = temp.resolve("file");
        assertThrows(IllegalStateException.class, () -> AtomicFiles.write(file, out -> {
            throw new IllegalStateException();
        }));
        assertFalse(Files.exists(file));
        try (var left = Files.list(temp)) {
            assertEquals(0, left.count());
        }
    }

    @Test
    void aTemporaryFileOfAKilledProcessIsReplacedOrCleaned() throws IOException {
        Path stale = Files.writeString(temp.resolve("file.nats-tmp"), "half");
        AtomicFiles.write(temp.resolve("file"), "whole");
        assertEquals("whole", Files.readString(temp.resolve("file")));
        assertFalse(Files.exists(stale));
        Files.writeString(stale, "half");
        AtomicFiles.clean(temp);
        assertOnly("file");
    }

    @Test
    void aTemporaryNameThatIsALinkIsNotFollowed() throws IOException {
        Path elsewhere = Files.writeString(temp.resolve("elsewhere"), "precious");
        Files.createSymbolicLink(temp.resolve("file.nats-tmp"), elsewhere);
        AtomicFiles.write(temp.resolve("file"), "whole");
        assertEquals("precious", Files.readString(elsewhere));
        assertFalse(Files.isSymbolicLink(temp.resolve("file")));
    }

    @Test
    void aDirectoryThatIsNotThereIsAnError() {
        assertThrows(IOException.class, () -> AtomicFiles.write(temp.resolve("absent/file"), "x"));
    }

    @Test
    void theParentOfEachNewDirectoryIsForcedOnce() throws IOException {
        List<String> steps = new ArrayList<>();
        AtomicFiles.hook = steps::add;
        Path directory = temp.resolve("a/b/c");
        AtomicFiles.createDirectories(directory);
        assertTrue(Files.isDirectory(directory));
        assertEquals(List.of("force directory", "force directory", "force directory"), steps);
        AtomicFiles.createDirectories(directory);
        assertEquals(3, steps.size());
        Files.writeString(temp.resolve("file"), "");
        assertThrows(FileAlreadyExistsException.class, () -> AtomicFiles.createDirectories(temp.resolve("file/d")));
    }

    private void assertOnly(String name) throws IOException {
        try (var files = Files.list(temp)) {
            assertEquals(List.of(name), files.map(f -> f.getFileName().toString()).toList());
        }
        assertTrue(Files.exists(temp.resolve(name)));
    }
}
