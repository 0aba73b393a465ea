package org.neuralattention.bench.results;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.io.AtomicFiles;

/** Seconds that a job took over all its attempts; a file keeps those before this one. An attempt that is killed is not counted. */
final class Stopwatch {

    private final Path file;
    private final double before;
    private final long start = System.nanoTime();

    Stopwatch(Path file) throws IOException {
        this.file = file;
        before = Files.exists(file) ? Double.parseDouble(Files.readString(file).strip()) : 0;
    }

    double seconds() {
        return before + (System.nanoTime() - start) * 1e-9;
    }

    /** Keeps the seconds until now. */
    void keep() throws IOException {
        AtomicFiles.write(file, Numbers.fixed(seconds(), 1) + "\n");
    }
}
