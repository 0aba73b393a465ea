package org.neuralattention.io;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Writes a file whole or not at all: into a temporary file beside it, forced to the disk, renamed over the old one, and the directory forced.
 * Until the rename the old file is untouched, whatever fails; after it the new one is complete.
 *
 * <p>The temporary file of {@code x} is {@code x.nats-tmp}. One that a killed process left is replaced by the next write of {@code x},
 * and removed by {@link #clean}. Two writers of one file at the same time are not supported.
 */
public final class AtomicFiles {

    /** What a file will hold. */
    @FunctionalInterface
    public interface Body {
        /** Writes all of it; {@code out} takes each buffer whole. */
        void writeTo(WritableByteChannel out) throws IOException;
    }

    /** Called before each step, so that tests can let any of them fail. */
    interface Hook {
        void before(String step) throws IOException;
    }

    private static final String TEMPORARY = ".nats-tmp";
    // The name separator tells Windows, where a directory cannot be opened and so not be forced.
    private static final boolean DIRECTORIES_CAN_BE_FORCED = File.separatorChar == '/';

    static volatile Hook hook = step -> {};

    private AtomicFiles() {}

    /**
     * Puts {@code body} in the place of {@code file}.
     *
     * @throws IOException if any step fails; before the rename the temporary file is then removed and the old file is as it was
     */
    public static void write(Path file, Body body) throws IOException {
        Path target = file.toAbsolutePath();
        Path temporary = target.resolveSibling(target.getFileName() + TEMPORARY);
        Files.deleteIfExists(temporary);
        try {
            writeAndForce(temporary, body);
            hook.before("rename");
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (Throwable failure) {
            try {
                Files.deleteIfExists(temporary);
            } catch (IOException second) {
                failure.addSuppressed(second);
            }
            throw failure;
        }
        forceDirectory(target.getParent());
    }

    /** Puts a text, as UTF-8, in the place of {@code file}. */
    public static void write(Path file, String text) throws IOException {
        write(file, out -> out.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
    }

    /** Makes a directory and those above it where they are missing, and forces each of their parents, so that none is lost with the power. */
    public static void createDirectories(Path directory) throws IOException {
        Path target = directory.toAbsolutePath();
        if (!Files.isDirectory(target)) {
            createDirectories(target.getParent());
            Files.createDirectories(target);
            forceDirectory(target.getParent());
        }
    }

    /** Removes the temporary files that killed processes left in a directory. */
    public static void clean(Path directory) throws IOException {
        try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, "*" + TEMPORARY)) {
            for (Path file : left) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static void writeAndForce(Path temporary, Body body) throws IOException {
        hook.before("create");
        try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            body.writeTo(new Whole(channel));
            hook.before("force");
            channel.force(true);
        }
    }

    private static void forceDirectory(Path directory) throws IOException {
        hook.before("force directory");
        if (DIRECTORIES_CAN_BE_FORCED) {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    /** Writes each buffer to its end: a channel may take less than it is given. */
    private record Whole(FileChannel channel) implements WritableByteChannel {

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            hook.before("write");
            int n = bytes.remaining();
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            return n;
        }

        @Override
        public boolean isOpen() {
            return channel.isOpen();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
