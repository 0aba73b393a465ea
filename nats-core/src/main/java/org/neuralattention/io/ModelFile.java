package org.neuralattention.io;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A model on the disk, whatever its format: what it is, and its tensors to be read. Opening checks everything that can be checked without reading
 * the tensors: names, shapes, types and sizes are then those of {@link #config}.
 */
public sealed interface ModelFile extends ModelSource, Closeable permits HfModel, GgufModel, Llama2cModel {

    /**
     * Opens a model; its content says which format it is: a folder with config.json (Hugging Face: one safetensors file or shards), a GGUF
     * file (by its magic number), or a llama2.c checkpoint (by its magic number; the first form, which has none, by a header that leads to exactly the file's size).
     *
     * @throws ModelFormatException if it is none of these, malformed, or not supported
     * @throws IOException if it cannot be read
     */
    static ModelFile open(Path path) throws IOException {
        if (Files.isDirectory(path) || !Files.exists(path)) {
            return HfModel.open(path);
        }
        if (Gguf.is(path)) {
            return GgufModel.open(path);
        }
        if (isPartOfFolder(path)) {
            throw new ModelFormatException(path, "is one file of a Hugging Face model: give the folder that it is in");
        }
        return Llama2cModel.open(path);
    }

    /** Whether a file begins as JSON or safetensors do: as a llama2.c checkpoint it would be 150 million wide, or have a feed-forward layer of width 0. */
    private static boolean isPartOfFolder(Path path) throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            byte[] start = in.readNBytes(9);
            boolean json = start.length > 3 && start[0] == '{' && start[1] >= '\t' && start[2] >= '\t' && start[3] >= '\t';
            return json || start.length == 9 && start[8] == '{' && Arrays.equals(start, 4, 8, new byte[4], 0, 4);
        }
    }

    /** What was opened. */
    Path path();

    /** The format in words, for people. */
    String format();

    /** The file's word for the family of the model: {@code llama}, {@code qwen2}, {@code gpt2}, ... */
    String architecture() throws IOException;

    /** What the file holds, in its own names and types; none of it is read. */
    List<StoredTensor> stored();

    /** The template of a conversation's text, in Jinja, if one comes with the model. */
    Optional<String> chatTemplate() throws IOException;
}
