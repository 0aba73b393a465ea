package org.neuralattention.bench;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Team;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.Weights;
import org.neuralattention.tokenize.ByteTokenizer;
import org.neuralattention.train.Init;

/**
 * What the launcher runs once per build with {@code -XX:AOTCacheOutput}: {@code nats generate} on a small random model, so that the classes of a first token
 * are in the cache.
 */
final class AotTraining {

    private AotTraining() {}

    public static void main(String[] args) throws IOException {
        Path model = Files.createTempDirectory("nats-aot");
        try {
            Weights weights = new Weights(ModelConfig.llama(256, 64, 2, 2, 1, 128, 128).withRoleWindows(16));
            Init.GPT2.apply(weights, 1, Team.serial());
            ModelWriter.save(model, weights);
            new ByteTokenizer().save(model);
            PrintWriter nowhere = new PrintWriter(OutputStream.nullOutputStream(), true);
            for (String format : List.of("--no-bos", "--json")) {
                int exitCode = Nats.run(nowhere, nowhere, false, "generate", "--model", model.toString(), "--prompt", "It was the best of times", format,
                        "--max-tokens", "8", "--threads", "2");
                if (exitCode != 0) {
                    throw new IllegalStateException("nats generate ended with " + exitCode);
                }
            }
        } finally {
            try (var files = Files.list(model)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(model);
        }
    }
}
