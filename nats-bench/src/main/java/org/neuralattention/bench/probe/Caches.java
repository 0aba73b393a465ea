package org.neuralattention.bench.probe;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Sizes of caches in bytes.
 *
 * @param l2 a core's own second level
 * @param l3 the last level, which cores share
 */
public record Caches(long l2, long l3) {

    private static final Path SYSTEM = Path.of("/sys/devices/system/cpu/cpu0/cache");

    /** Common sizes, for systems that do not say: where a wrong one is used, a line of the table names the neighbouring level. */
    private static final Caches COMMON = new Caches(1 << 20, 16 << 20);

    /** What Linux says of core 0; elsewhere common sizes. */
    public static Caches here() {
        long[] sizes = {COMMON.l2, COMMON.l3};
        if (Files.isDirectory(SYSTEM)) {
            try (DirectoryStream<Path> caches = Files.newDirectoryStream(SYSTEM, "index*")) {
                for (Path cache : caches) {
                    int level = Integer.parseInt(word(cache, "level"));
                    if (!word(cache, "type").equals("Instruction") && (level == 2 || level == 3)) {
                        sizes[level - 2] = bytes(word(cache, "size"));
                    }
                }
            } catch (IOException | NumberFormatException e) {
                return COMMON;
            }
        }
        return new Caches(sizes[0], sizes[1]);
    }

    private static String word(Path cache, String file) throws IOException {
        return Files.readString(cache.resolve(file)).strip();
    }

    /** {@code 48K}, {@code 32M}. */
    private static long bytes(String size) {
        long number = Long.parseLong(size.substring(0, size.length() - 1));
        return size.endsWith("K") ? number << 10 : size.endsWith("M") ? number << 20 : Long.parseLong(size);
    }
}
