package org.neuralattention.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;

/** Shell scripts that print what other people's programs print. */
final class Scripts {

    private Scripts() {}

    static Program program(Path folder, String body, Duration most) throws IOException {
        Path file = Files.writeString(folder.resolve("program"), "#!/bin/sh\n" + body);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        return new Program("--option", file, most);
    }

    static Program program(Path folder, String body) throws IOException {
        return program(folder, body, Duration.ofSeconds(60));
    }
}
