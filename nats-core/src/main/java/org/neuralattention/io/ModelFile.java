package org.neuralattention.io;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
        return Gguf.is(path) ? GgufModel.open(path) : Llama2cModel.open(path);
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
