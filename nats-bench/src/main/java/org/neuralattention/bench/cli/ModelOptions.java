package org.neuralattention.bench.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.neuralattention.generate.Model;
import org.neuralattention.kernels.Dtype;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Which model, and how it is held in memory; a {@code @Mixin}. */
public final class ModelOptions {

    @Option(names = "--model", paramLabel = "MODEL", required = true, description = "folder with config.json, safetensors and tokenizer.json")
    private Path model;

    @Option(names = "--tokenizer", paramLabel = "PATH", description = "the tokenizer, where it is not beside the model")
    private Path tokenizer;

    @Option(names = "--dtype", paramLabel = "TYPE", converter = WeightForm.class, completionCandidates = WeightForm.class,
            description = "weights in memory: ${COMPLETION-CANDIDATES} (as stored)")
    private Dtype dtype;

    public Path path() {
        return model;
    }

    /** The caller closes it. */
    public Model load(int threads) throws IOException {
        return Model.load(model, new Model.Options(dtype, threads, tokenizer));
    }

    /** The name of a form of weights, in lower case. */
    static final class WeightForm implements ITypeConverter<Dtype>, Iterable<String> {
        private static final List<String> NAMES = Arrays.stream(Dtype.values()).map(WeightForm::name).toList();

        static String name(Dtype dtype) {
            return dtype.name().toLowerCase(Locale.ROOT);
        }

        @Override
        public Dtype convert(String text) {
            int index = NAMES.indexOf(text);
            if (index < 0) {
                throw new TypeConversionException("must be one of " + String.join(", ", NAMES));
            }
            return Dtype.values()[index];
        }

        @Override
        public Iterator<String> iterator() {
            return NAMES.iterator();
        }
    }
}
