package org.neuralattention.bench.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Files that a user names. What is wrong with them is a {@link UserError}; a missing or forbidden one is told by Nats from its exception. */
public final class TextFiles {

    private TextFiles() {}

    public static byte[] bytes(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new UserError(file + " is a folder; a file is needed here.");
        }
        return Files.readAllBytes(file);
    }

    /** Refuses, before the work and not after it, a file that could not be written; missing folders above it are made later. */
    public static void checkOutput(String option, Path file) {
        if (Files.isDirectory(file)) {
            throw new UserError(option + " " + file + " is a folder; give the name of a file.");
        }
        Path folder = file.toAbsolutePath().getParent();
        while (!Files.exists(folder)) {
            folder = folder.getParent();
        }
        if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
            throw new UserError(option + " " + file + ": " + folder + (Files.isDirectory(folder) ? " cannot be written." : " is not a folder."));
        }
    }

    /** A text in UTF-8. */
    public static String read(Path file) throws IOException {
        return decode(file, bytes(file));
    }

    /** @param source what to call it in an error */
    public static String decode(Object source, byte[] utf8) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
        } catch (CharacterCodingException e) {
            throw new UserError(source + " is not text in UTF-8.", e);
        }
    }

    /** A file's own name where it tells the files apart. */
    public static String name(Path file, List<Path> all) {
        long same = all.stream().filter(other -> !other.equals(file) && last(other).equals(last(file))).count();
        return same == 0 ? last(file) : file.toString();
    }

    private static String last(Path file) {
        return String.valueOf(file.toAbsolutePath().normalize().getFileName());
    }
}
