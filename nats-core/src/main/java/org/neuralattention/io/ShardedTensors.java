package org.neuralattention.io;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The tensors of a model directory: {@code model.safetensors}, or the shards that {@code model.safetensors.index.json} lists.
 *
 * <p>A shard's name comes from a file, so it must be one inside the directory. Where a link of that name leads is the choice of whoever made the
 * link, which no file's contents can do: in the cache that Hugging Face's programs download to, every file is a link to one outside.
 */
public final class ShardedTensors implements Closeable {

    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";
    private static final int MAX_SHARDS = 1000;

    private final Map<String, SafeTensors> fileOf = new LinkedHashMap<>();
    private final List<SafeTensors> files = new ArrayList<>();

    private ShardedTensors() {}

    /**
     * Opens all files of a model directory and checks that index and shards name the same tensors.
     *
     * @throws ModelFormatException if the directory holds no model or one that does not fit together
     */
    public static ShardedTensors open(Path directory) throws IOException {
        ShardedTensors opened = new ShardedTensors();
        try {
            Path index = directory.resolve(INDEX);
            if (Files.exists(directory.resolve(SINGLE))) {
                opened.add(directory.resolve(SINGLE));
            } else if (Files.exists(index)) {
                opened.addShards(directory, JsonObject.read(index).object("weight_map"));
            } else {
                throw new ModelFormatException(directory, "has neither " + SINGLE + " nor " + INDEX);
            }
            return opened;
        } catch (Throwable failure) {
            opened.close();
            throw failure;
        }
    }

    private SafeTensors add(Path file) throws IOException {
        SafeTensors tensors = SafeTensors.open(file);
        files.add(tensors);
        for (String name : tensors.names()) {
            SafeTensors first = fileOf.putIfAbsent(name, tensors);
            if (first != null) {
                throw new ModelFormatException(file, "tensor \"" + name + "\" is in " + first.file().getFileName() + " too");
            }
        }
        return tensors;
    }

    private void addShards(Path directory, JsonObject weightMap) throws IOException {
        Map<String, Set<String>> namesOf = new LinkedHashMap<>();
        for (String tensor : weightMap.fields().keySet()) {
            namesOf.computeIfAbsent(weightMap.string(tensor), shard -> new TreeSet<>()).add(tensor);
        }
        if (namesOf.size() > MAX_SHARDS) {
            throw new ModelFormatException(weightMap.source(), "lists " + namesOf.size() + " shards: the limit is " + MAX_SHARDS);
        }
        for (Map.Entry<String, Set<String>> shard : namesOf.entrySet()) {
            SafeTensors tensors = add(inside(weightMap.source(), directory, shard.getKey()));
            Mismatch mismatch = new Mismatch();
            shard.getValue().stream().filter(name -> !tensors.names().contains(name)).forEach(mismatch::missing);
            tensors.names().stream().filter(name -> !shard.getValue().contains(name)).forEach(mismatch::extra);
            mismatch.throwIfAny(tensors.file(), "and " + INDEX + " do not fit");
        }
    }

    private static Path inside(Object source, Path directory, String shard) throws IOException {
        try {
            Path name = Path.of(shard).normalize();
            if (name.isAbsolute() || name.startsWith("..")) {
                throw new ModelFormatException(source, "shard \"" + shard + "\" leads out of the model's directory");
            }
            return directory.resolve(name).toRealPath();
        } catch (NoSuchFileException e) {
            throw new ModelFormatException(source, "shard \"" + shard + "\" does not exist", e);
        } catch (FileSystemException | InvalidPathException e) {
            throw new ModelFormatException(source, "shard \"" + shard + "\" does not lead to a file", e);
        }
    }

    /** Names of all tensors. */
    public Set<String> names() {
        return Collections.unmodifiableSet(fileOf.keySet());
    }

    /** The file that holds a tensor; null if none does. */
    public SafeTensors fileOf(String name) {
        return fileOf.get(name);
    }

    /** The files, one or the shards. */
    public List<SafeTensors> files() {
        return Collections.unmodifiableList(files);
    }

    @Override
    public void close() throws IOException {
        IOException failure = null;
        for (SafeTensors file : files) {
            try {
                file.close();
            } catch (IOException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
