package org.neuralattention.bench.evaluate;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.neuralattention.bench.tasks.Example;
import org.neuralattention.bench.tasks.Question;
import org.neuralattention.bench.tasks.Task;

/** Numbers that tell what was asked, and of which model. */
final class Checksums {

    private Checksums() {}

    /** Of the bytes of a model's files; of a folder those that decide what it computes: config.json and the weights. */
    static String ofModel(Path path) throws IOException {
        CRC32C crc = new CRC32C();
        for (Path file : files(path)) {
            try (FileChannel in = FileChannel.open(file)) {
                ByteBuffer piece = ByteBuffer.allocateDirect(1 << 18);
                while (in.read(piece.clear()) >= 0) {
                    crc.update(piece.flip());
                }
            }
            crc.update(0xFF); // where a file ends
        }
        return Long.toHexString(crc.getValue());
    }

    private static List<Path> files(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return List.of(path);
        }
        try (Stream<Path> files = Files.list(path)) {
            return files.filter(file -> file.endsWith("config.json") || file.toString().endsWith(".safetensors")).sorted().toList();
        }
    }

    /** Of the sequences that a task asks, their questions, and what an oracle would keep. */
    static String ofSequences(Task task, long seed, int sequences) {
        CRC32C crc = new CRC32C();
        for (int i = 0; i < sequences; i++) {
            update(crc, task.example(seed, i));
        }
        return Long.toHexString(crc.getValue());
    }

    private static void update(CRC32C crc, Example example) {
        ByteBuffer numbers = ByteBuffer.allocate(Integer.BYTES * (example.ids().length + 1));
        for (int id : example.ids()) {
            numbers.putInt(id);
        }
        crc.update(numbers.putInt(example.prompt()).flip());
        for (Question question : example.questions()) {
            crc.update(question.toString().getBytes(StandardCharsets.UTF_8));
        }
        crc.update(example.needed().toByteArray());
    }
}
