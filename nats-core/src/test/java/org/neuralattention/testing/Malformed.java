package org.neuralattention.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.neuralattention.io.ModelFormatException;

/** Files that are no models: written, changed at random, and read or refused with a {@link ModelFormatException} within a second. */
public final class Malformed {

    private static final long MOST_NANOS = 1_000_000_000L;
    /** With {@code -Dnats.soak=true} a random test of four seconds takes ten minutes. */
    private static final int TIMES = Boolean.getBoolean("nats.soak") ? 150 : 1;

    private static final long[] AWKWARD = {0, 1, 2, 7, 8, 9, 31, 32, 33, 255, 256, 65_535, 1L << 20, Integer.MAX_VALUE, 1L << 31, (1L << 32) - 1, 1L << 32,
            Long.MAX_VALUE, Long.MIN_VALUE, -1, -2, -32};
    private static final String[] WORDS = {"null", "true", "[]", "{}", "\"\"", "0", "-1", "2147483647", "4294967296", "1e400", "\\ud800", "\\u0000", "\"", " ", "  ",
            "\n", ",", ":", "[[[[", "{\"a\":", "====", "\u00e9", "NaN", "99999999999999999999"};

    private Malformed() {}

    /** Something done with a file. */
    public interface Reading {
        void read() throws IOException;
    }

    /** A change of a file's bytes. */
    public interface Mutation {
        byte[] apply(byte[] bytes, SplittableRandom random);
    }

    /** Writes a file without emptying it in between: a file system may wait for the disk then, 3 ms where this takes 20 us. */
    public static Path write(Path file, byte[] bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(bytes));
            channel.truncate(bytes.length);
        }
        return file;
    }

    /** At most a second; a busy machine is not the file's doing, so there are five attempts. */
    public static void timed(Reading reading) throws IOException {
        long nanos = Long.MAX_VALUE;
        for (int i = 0; i < 5 && nanos > MOST_NANOS; i++) {
            long start = System.nanoTime();
            reading.read();
            nanos = System.nanoTime() - start;
        }
        assertTrue(nanos <= MOST_NANOS, "took " + nanos / 1_000_000 + " ms");
    }

    /** Whether a file was read, within a second; a refusal names it or one beside it. */
    public static boolean reads(Path file, Reading reading) throws IOException {
        boolean[] read = {false};
        timed(() -> {
            try {
                reading.read();
                read[0] = true;
            } catch (ModelFormatException e) {
                assertTrue(e.getMessage().startsWith(file.getParent().toString()), e.getMessage());
            }
        });
        return read[0];
    }

    /**
     * Reads files changed at random, each a seed changed up to four times.
     *
     * @param file where they are written, and kept if something but a refusal comes of it
     * @param mutation {@link #bytes} or {@link #text}
     * @param millis how long; {@code -Dnats.soak=true} multiplies it
     */
    public static void mutate(Path file, List<byte[]> seeds, Mutation mutation, int millis, Reading reading) throws IOException {
        long seed = System.nanoTime();
        long until = System.nanoTime() + millis * 1_000_000L * TIMES;
        int cases = 0;
        int read = 0;
        for (; System.nanoTime() < until; cases++) {
            SplittableRandom random = new SplittableRandom(seed + cases);
            byte[] mutated = seeds.get(random.nextInt(seeds.size()));
            for (int n = 1 + random.nextInt(4); n > 0 && mutated.length > 16; n--) {
                mutated = mutation.apply(mutated, random);
            }
            write(file, mutated);
            try {
                read += reads(file, reading) ? 1 : 0;
            } catch (Throwable e) {
                Path kept = Path.of(System.getProperty("java.io.tmpdir"), "mutated-" + (seed + cases) + "-" + file.getFileName());
                fail("seed " + seed + " + " + cases + ", kept as " + Files.write(kept, mutated), e);
            }
        }
        System.out.println(file.getFileName() + ": " + cases + " mutations from seed " + seed + ", " + read + " of them still read");
        int all = cases;
        assertTrue(cases > 20 && read < cases, () -> all + " cases, not one refused or too few");
    }

    /** A change of a binary file; three of four are in its first bytes, where it says what it is. */
    public static Mutation bytes(int first) {
        return (seed, random) -> {
            byte[] bytes = seed.clone();
            int range = random.nextInt(4) == 0 ? bytes.length : Math.min(bytes.length, first);
            int at = random.nextInt(range - 8);
            ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            switch (random.nextInt(8)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt();
                case 2 -> buffer.putInt(at, (int) AWKWARD[random.nextInt(AWKWARD.length)]);
                case 3 -> buffer.putLong(at, AWKWARD[random.nextInt(AWKWARD.length)]);
                case 4 -> buffer.putInt(at, buffer.getInt(at) + random.nextInt(-2, 3));
                default -> {
                    return moved(bytes, at, range, random);
                }
            }
            return bytes;
        };
    }

    /** A change of a text, mostly one that leaves its syntax as it is. */
    public static byte[] text(byte[] seed, SplittableRandom random) {
        int at = random.nextInt(seed.length - 8);
        if (random.nextInt(4) == 0) {
            return moved(seed.clone(), at, seed.length, random);
        }
        byte[] word = WORDS[random.nextInt(WORDS.length)].getBytes(StandardCharsets.UTF_8);
        int to = at;
        if (random.nextInt(4) > 0) { // instead of a whole word
            while (at > 0 && isWord(seed[at - 1])) {
                at--;
            }
            while (to < seed.length && isWord(seed[to])) {
                to++;
            }
        }
        return join(Arrays.copyOf(seed, at), word, Arrays.copyOfRange(seed, to, seed.length));
    }

    private static boolean isWord(byte b) {
        return Character.isLetterOrDigit(b) || b == '-' || b == '_' || b == '.';
    }

    /** Without some bytes, with some of them twice, or cut. */
    private static byte[] moved(byte[] bytes, int at, int range, SplittableRandom random) {
        byte[] before = Arrays.copyOf(bytes, at);
        return switch (random.nextInt(8)) {
            case 0, 1, 2 -> join(before, Arrays.copyOfRange(bytes, Math.min(bytes.length, at + random.nextInt(1, 40)), bytes.length));
            case 3, 4, 5, 6 -> join(before, Arrays.copyOfRange(bytes, random.nextInt(range - 8), range), Arrays.copyOfRange(bytes, at, bytes.length));
            default -> before;
        };
    }

    /** One after the other. */
    public static byte[] join(byte[]... parts) {
        byte[] all = new byte[Arrays.stream(parts).mapToInt(p -> p.length).sum()];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }
}
