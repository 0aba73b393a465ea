package org.neuralattention.bench.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.neuralattention.bench.jmh.RandomModel;
import org.neuralattention.bench.jmh.SmolLm;
import org.neuralattention.io.GgufMetadata;
import org.neuralattention.io.GgufWriter;
import org.neuralattention.io.ModelSource;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.Team;
import org.neuralattention.tokenize.ByteTokenizer;
import org.neuralattention.tokenize.GgufVocabularyWriter;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** A model with random weights to be written: which, where, and in what format; a {@code @Mixin}. */
final class WriteModelOptions {

    /** Shapes by their names on the command line. */
    enum Shape {
        SMOLLM_135M, LLAMA_1B;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    @Option(names = "--write-model", paramLabel = "OUT",
            description = "only write a model with random weights, for whole-model benchmarks and other engines: a folder (config.json and model.safetensors) or a file.gguf")
    private Path out;

    @Option(names = "--shape", paramLabel = "NAME", defaultValue = "smollm-135m", converter = ShapeConverter.class,
            description = "with --write-model: smollm-135m (SmolLM-135M's) or llama-1b (Llama-3.2-1B's: 1.24 billion weights) (${DEFAULT-VALUE})")
    private Shape shape;

    @Option(names = "--dtype", paramLabel = "TYPE", defaultValue = "f32", converter = ModelOptions.DtypeConverter.class,
            description = "with --write-model: format of the matrices (${DEFAULT-VALUE})")
    private Dtype dtype;

    boolean asked() {
        return out != null;
    }

    void write(PrintWriter err) throws IOException {
        boolean gguf = out.toString().endsWith(".gguf");
        if (gguf ? Files.exists(out) : Files.exists(out) && !Files.isDirectory(out)) {
            throw new UserError("--write-model " + out + " is there already; give the name of a folder, or of a file.gguf that is not there.");
        }
        if (!gguf && dtype.block() > 1) {
            throw new UserError("--write-model " + out + " --dtype " + ModelOptions.name(dtype) + ": a folder holds f32, f16 and bf16; end the name with .gguf.");
        }
        try (Progress progress = Progress.of("Writing " + out, 2, null, err)) {
            progress.update(0, Progress.Values.NONE);
            ModelSource source = source();
            progress.update(1, Progress.Values.NONE);
            write(dtype == Dtype.F32 ? source : source.as(dtype), gguf);
            progress.update(2, Progress.Values.NONE);
        } catch (FileAlreadyExistsException e) {
            throw new UserError("--write-model " + out + ": " + e.getReason() + ".", e);
        }
    }

    private ModelSource source() {
        if (shape == Shape.LLAMA_1B) {
            return new RandomModel(RandomModel.LLAMA_1B);
        }
        try (Team team = Team.of(Runtime.getRuntime().availableProcessors())) {
            return ModelSource.of(SmolLm.random(SmolLm.CONFIG, team));
        }
    }

    private void write(ModelSource source, boolean gguf) throws IOException {
        ByteTokenizer tokenizer = new ByteTokenizer(); // its ids are the first of the vocabulary
        if (gguf) {
            GgufMetadata.Builder pairs = new GgufMetadata.Builder().string("general.name", "random, of the shape " + shape);
            GgufVocabularyWriter.put(pairs, tokenizer, source.config().vocabSize());
            GgufWriter.write(out, source, pairs.build());
        } else {
            ModelWriter.save(out, source);
            tokenizer.save(out);
        }
    }

    static final class ShapeConverter implements ITypeConverter<Shape> {
        @Override
        public Shape convert(String text) {
            for (Shape shape : Shape.values()) {
                if (shape.toString().equals(text)) {
                    return shape;
                }
            }
            throw new TypeConversionException("must be smollm-135m or llama-1b");
        }
    }
}
