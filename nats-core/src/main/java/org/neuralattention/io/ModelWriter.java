package org.neuralattention.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.neuralattention.model.Weights;

/** Writes a model directory: config.json and model.safetensors in float32, role scorers included. */
public final class ModelWriter {

    private ModelWriter() {}

    /**
     * Saves a model, whole or not at all: into a directory without config.json (that file, the last one written, makes it a model), or over a model of the
     * same configuration, whose weights are then replaced by one rename.
     *
     * @throws FileAlreadyExistsException if the directory holds another model; nothing is touched then
     */
    public static void save(Path directory, Weights weights) throws IOException {
        String config = HfConfigWriter.text(weights.config());
        Path configFile = directory.resolve(HfModel.CONFIG);
        AtomicFiles.createDirectories(directory);
        boolean overwrite = Files.exists(configFile);
        if (overwrite && !Arrays.equals(Files.readAllBytes(configFile), config.getBytes(StandardCharsets.UTF_8))) {
            throw new FileAlreadyExistsException(configFile.toString(), null, "another model is there: choose an empty directory");
        }
        SafeTensors.write(directory.resolve(ShardedTensors.SINGLE), Map.of("format", "pt"), TensorLayout.export(weights));
        if (!overwrite) {
            AtomicFiles.write(configFile, config);
        }
    }
}
