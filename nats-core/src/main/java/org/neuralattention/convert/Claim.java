package org.neuralattention.convert;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Keeps a result's place for one conversion at a time, in this process and others: a locked file beside it, which is removed at the end. */
final class Claim implements AutoCloseable {

    private final Path file;
    private final FileChannel channel;

    private Claim(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Claims the place {@code target}.
     *
     * @throws TargetBusyException if another conversion has it
     */
    static Claim of(Path target) throws IOException {
        Path file = target.resolveSibling(target.getFileName() + ".nats-lock");
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null) {
                return new Claim(file, channel);
            }
        } catch (OverlappingFileLockException e) {
            // held in this process
        } catch (Throwable e) {
            channel.close();
            throw e;
        }
        channel.close();
        throw new TargetBusyException(target);
    }

    @Override
    public void close() throws IOException {
        try (channel) {
            Files.deleteIfExists(file); // while it is locked: whoever opened it before finds it locked or the result in its place
        }
    }
}
