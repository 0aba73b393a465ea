package org.neuralattention.bench.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads a file that a user names; what is wrong with it is a {@link UserError}, and NoSuchFileException if there is none. */
public final class TextFiles {

    private TextFiles() {}

    public static byte[] bytes(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new UserError(file + " is a folder; a file is needed here.");
        }
        try {
            return Files.readAllBytes(file);
        } catch (AccessDeniedException e) {
            throw new UserError(file + " cannot be read: permission denied.", e);
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
}
