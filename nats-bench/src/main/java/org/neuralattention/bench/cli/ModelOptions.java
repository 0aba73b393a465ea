package org.neuralattention.bench.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.neuralattention.generate.Model;
import org.neuralattention.io.ModelFile;
import org.neuralattention.kernels.Dtype;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Which model, and how it is held in memory; a {@code @Mixin}. */
public final class ModelOptions {

    public static final String MODEL = "folder with config.json and safetensors, GGUF file, or checkpoint of llama2.c";
    public static final String TOKENIZER = "the tokenizer, where it is not with the model";

    @Option(names = "--model", paramLabel = "MODEL", required = true, description = MODEL)
    private Path model;

    @Option(names = "--tokenizer", paramLabel = "PATH", description = TOKENIZER)
    private Path tokenizer;

    @Option(names = "--dtype", paramLabel = "TYPE", converter = DtypeConverter.class, completionCandidates = DtypeNames.class,
            description = "weights in memory: ${COMPLETION-CANDIDATES} (as stored)")
    private Dtype dtype;

    public Path path() {
        return model;
    }

    /** The caller closes it. */
    public Model load(int threads) throws IOException {
        return load(model, new Model.Options(dtype, threads, tokenizer));
    }

    /** Reads a model, if the heap can hold it. */
    static Model load(Path model, Model.Options options) throws IOException {
        try (ModelFile file = ModelFile.open(model)) {
            MemoryTeller.checkHeap(model, options.dtype() == null ? file : file.as(options.dtype()));
        }
        try {
            return Model.load(model, options);
        } catch (NoSuchFileException e) {
            if (options.tokenizer() != null || !Files.exists(model)) {
                throw e;
            }
            throw new UserError(model + " has no " + Path.of(e.getFile()).getFileName() + " with it; if that is the tokenizer, name one with --tokenizer.", e);
        }
    }

    /** As the command line has it. */
    static String name(Dtype dtype) {
        return dtype.name().toLowerCase(Locale.ROOT);
    }

    static List<String> names() {
        return Arrays.stream(Dtype.values()).map(ModelOptions::name).toList();
    }

    static Optional<Dtype> dtype(String name) {
        return Arrays.stream(Dtype.values()).filter(dtype -> name(dtype).equals(name)).findFirst();
    }

    /** For the help. */
    static final class DtypeNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return names().iterator();
        }
    }

    static final class DtypeConverter implements ITypeConverter<Dtype> {
        @Override
        public Dtype convert(String text) {
            return dtype(text).orElseThrow(() -> new TypeConversionException("must be one of " + String.join(", ", names())));
        }
    }
}
