package org.neuralattention.bench.text;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.neuralattention.bench.cli.TextFiles;
import org.neuralattention.bench.cli.UserError;
import org.neuralattention.tokenize.ByteTokenizer;
import org.neuralattention.tokenize.Tokenizer;

/**
 * The tokens to train on and those held out. Each file begins with the tokenizer's first token, if it has one, as in generation.
 *
 * @param tokenizer what made the tokens
 * @param training the files one after the other
 * @param heldOut tokens per held-out file
 */
record Corpus(Tokenizer tokenizer, int[] training, List<int[]> heldOut) {

    /** Without held-out files, this part of each file's end is held out. */
    private static final int HELD_OUT_PART = 20;

    private static final long MOST_BYTES = 1L << 29;

    /**
     * Reads the texts.
     *
     * @param text files and folders of files, all of them in the order of their names; hidden files are left out
     * @param valid the same; if empty the last twentieth of each file of {@code text} is held out, from the start of a character
     */
    static Corpus read(List<Path> text, List<Path> valid, Tokenizer tokenizer) throws IOException {
        List<Path> files = files(text);
        List<Path> validFiles = files(valid);
        Set<Path> real = new HashSet<>();
        for (Path file : files) {
            real.add(file.toRealPath()); // one file has many names
        }
        for (Path file : validFiles) {
            if (real.contains(file.toRealPath())) {
                throw new UserError(file + " is given both to train on and to be held out.");
            }
        }
        checkSize(files);
        checkSize(validFiles);
        List<int[]> training = new ArrayList<>();
        List<int[]> heldOut = new ArrayList<>();
        for (Path file : files) {
            byte[] bytes = TextFiles.bytes(file);
            int cut = valid.isEmpty() ? cut(bytes) : bytes.length;
            training.add(ids(file, Arrays.copyOf(bytes, cut), tokenizer));
            if (valid.isEmpty()) {
                heldOut.add(ids(file, Arrays.copyOfRange(bytes, cut, bytes.length), tokenizer));
            }
        }
        for (Path file : validFiles) {
            heldOut.add(ids(file, TextFiles.bytes(file), tokenizer));
        }
        return new Corpus(tokenizer, join(training), heldOut);
    }

    /** Where the held-out end begins: at a character, if the text is UTF-8. */
    private static int cut(byte[] bytes) {
        int cut = bytes.length - bytes.length / HELD_OUT_PART;
        while (cut < bytes.length && (bytes[cut] & 0xC0) == 0x80) {
            cut++;
        }
        return cut;
    }

    private static List<Path> files(List<Path> given) throws IOException {
        List<Path> files = new ArrayList<>();
        for (Path path : given) {
            if (Files.isDirectory(path)) {
                int before = files.size();
                try (Stream<Path> inside = Files.list(path)) {
                    inside.filter(f -> Files.isRegularFile(f) && !f.getFileName().toString().startsWith(".")).sorted().forEach(files::add);
                }
                if (files.size() == before) {
                    throw new UserError("The folder " + path + " has no files.");
                }
            } else if (Files.exists(path)) {
                files.add(path);
            } else {
                throw new NoSuchFileException(path.toString());
            }
        }
        return files;
    }

    private static void checkSize(List<Path> files) throws IOException {
        long size = 0;
        for (Path file : files) {
            size += Files.size(file);
        }
        if (size > MOST_BYTES) {
            throw new UserError("The text has " + size + " bytes; it is read into memory, and " + MOST_BYTES + " are the most.");
        }
    }

    private static int[] ids(Path file, byte[] bytes, Tokenizer tokenizer) {
        return IntStream.concat(tokenizer.boundaries().first().stream(), IntStream.of(encode(file, bytes, tokenizer))).toArray();
    }

    private static int[] encode(Path file, byte[] bytes, Tokenizer tokenizer) {
        if (tokenizer instanceof ByteTokenizer) { // takes any bytes, not only UTF-8
            return IntStream.range(0, bytes.length).map(i -> bytes[i] & 0xFF).toArray();
        }
        return tokenizer.encode(TextFiles.decode(file, bytes));
    }

    private static int[] join(List<int[]> parts) {
        return parts.stream().flatMapToInt(Arrays::stream).toArray();
    }

    /** The held-out tokens, at most about so many: of each file its beginning, in proportion. */
    int[] heldOut(int most) {
        long all = heldOut.stream().mapToLong(part -> part.length).sum();
        double part = Math.min(1, most / (double) all);
        return join(heldOut.stream().map(ids -> Arrays.copyOf(ids, (int) Math.ceil(ids.length * part))).toList());
    }

    /** Bigram entropies of the first {@code length} held-out tokens after the first. */
    BigramEntropy bigramEntropy(int[] heldOut, int length) {
        return BigramEntropy.of(counts(training, training.length), counts(heldOut, length + 1));
    }

    private BigramEntropy.Counts counts(int[] ids, int length) {
        byte[][] bytes = new byte[tokenizer.vocabSize()][];
        Arrays.setAll(bytes, tokenizer::bytes);
        if (tokenizer.bosId().isPresent()) {
            bytes[tokenizer.bosId().getAsInt()] = new byte[0]; // not of the text
        }
        BigramEntropy.Counts counts = new BigramEntropy.Counts();
        for (int i = 0; i < length; i++) {
            for (byte b : bytes[ids[i]]) {
                counts.add(b);
            }
        }
        return counts;
    }

    /** Tells this text from others, so that a run is not resumed with another one. */
    String checksum() {
        CRC32C crc = new CRC32C();
        update(crc, training);
        heldOut.forEach(ids -> update(crc, ids));
        return Long.toHexString(crc.getValue());
    }

    private static void update(CRC32C crc, int[] ids) {
        ByteBuffer piece = ByteBuffer.allocate(Integer.BYTES * (1 << 14));
        for (int done = 0; done < ids.length; done += 1 << 14) {
            int n = Math.min(1 << 14, ids.length - done);
            piece.clear().asIntBuffer().put(ids, done, n);
            crc.update(piece.limit(n * Integer.BYTES));
        }
        crc.update(0xFF); // where a part ends
    }
}
