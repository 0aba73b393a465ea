package org.neuralattention.convert;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.neuralattention.io.GgufMetadata;
import org.neuralattention.io.GgufWriter;
import org.neuralattention.io.Llama2cWriter;
import org.neuralattention.io.ModelFile;
import org.neuralattention.io.ModelFormatException;
import org.neuralattention.io.ModelSource;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Dtype;
import org.neuralattention.kernels.Rope;
import org.neuralattention.model.ModelConfig;
import org.neuralattention.model.ModelConfig.Positions;
import org.neuralattention.model.Tensor;
import org.neuralattention.model.Weights;

/**
 * Writes a model in another format, one tensor held at a time, reads it back and compares it, and only then gives it its name.
 *
 * <p>Everything is written under a temporary name beside its place, which a failure removes.
 */
public final class Conversion {

    private static final String TEMPORARY = ".nats-converting";

    /**
     * Told how far it has come; writing and checking read every number of the source once each. An exception of the listener ends the conversion,
     * and nothing of it stays.
     */
    @FunctionalInterface
    public interface Listener {
        void read(long numbers, long ofAll);
    }

    /**
     * @param shardBytes most bytes in one safetensors file
     * @param dtype of the matrices; null for as stored
     */
    public record Options(ModelFormat format, Dtype dtype, long shardBytes) {

        public Options(ModelFormat format, Dtype dtype) {
            this(format, dtype, ModelWriter.SHARD_BYTES);
        }
    }

    private final ModelFile in;
    private final Options options;
    private final ModelSource source;
    private final int llama2cVersion;

    /**
     * Prepares a conversion; nothing is written yet.
     *
     * @param in the model, which the caller closes
     * @throws IllegalArgumentException if the format cannot express the model in that form: it says what it lacks
     */
    public Conversion(ModelFile in, Options options, Listener listener) {
        this.in = in;
        this.options = options;
        long all = 2 * in.config().parameters();
        long[] done = new long[1];
        ModelSource counted = new Counted(in, n -> listener.read(done[0] += n, all));
        boolean ownRounding = isLlama2c() && options.dtype() == Dtype.Q8_0; // with float32 scales
        this.source = options.dtype() == null || ownRounding ? counted : counted.as(options.dtype());
        this.llama2cVersion = isLlama2c() ? llama2cVersion() : -1;
        Targets.check(source, options.format());
    }

    private boolean isLlama2c() {
        return options.format() == ModelFormat.LLAMA2C || options.format() == ModelFormat.LLAMA2C_V1;
    }

    /** 0 or 1 for float32, 2 for integers. */
    private int llama2cVersion() {
        Dtype dtype = options.dtype() != null ? options.dtype() : source.dtype(Weights.describe(in.config()).layers.getFirst().wq);
        boolean floats = options.format() == ModelFormat.LLAMA2C_V1 || dtype == Dtype.F32;
        if (dtype != Dtype.F32 && (dtype != Dtype.Q8_0 || options.format() == ModelFormat.LLAMA2C_V1)) {
            throw new IllegalArgumentException(options.format() + " cannot express " + dtype + ", only F32"
                    + (options.format() == ModelFormat.LLAMA2C ? " and Q8_0" : ""));
        }
        return !floats ? 2 : options.format() == ModelFormat.LLAMA2C_V1 ? 1 : 0;
    }

    /**
     * Converts.
     *
     * @return what became of the tokenizer, in a sentence
     * @throws FileAlreadyExistsException if there is something at {@code out} that is not an empty folder
     * @throws NoSuchFileException if the folder that should hold it is not there
     * @throws TargetBusyException if another conversion is writing to {@code out}
     * @throws ModelFormatException if the source does not hold what it promised
     * @throws IOException if something cannot be read or written, or what was written does not read back the same
     */
    public String run(Path out) throws IOException {
        Path target = out.toAbsolutePath();
        if (!Files.isDirectory(target.getParent())) {
            throw new NoSuchFileException(target.getParent().toString());
        }
        refuse(out);
        try (Claim claim = Claim.of(target)) {
            refuse(out);
            return run(out, target);
        }
    }

    private String run(Path out, Path target) throws IOException {
        Path temporary = target.resolveSibling(target.getFileName() + TEMPORARY);
        remove(temporary);
        try {
            String tokenizer = write(temporary, target);
            check(temporary);
            refuse(out);
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
            force(target.getParent());
            return tokenizer;
        } catch (Throwable failure) {
            remove(temporary);
            throw failure;
        }
    }

    private String write(Path temporary, Path target) throws IOException {
        switch (options.format()) {
            case SAFETENSORS -> ModelWriter.save(temporary, source, TokenizerFiles.config(in, source), options.shardBytes());
            case LLAMA2C, LLAMA2C_V1 -> Llama2cWriter.write(temporary, source, llama2cVersion);
            case GGUF -> {
                GgufMetadata.Builder pairs = new GgufMetadata.Builder();
                String told = TokenizerFiles.put(pairs, in);
                GgufWriter.write(temporary, source, pairs.build());
                return told;
            }
        }
        return TokenizerFiles.take(in, options.format(), temporary, target);
    }

    /** Reads what was written and compares every tensor. */
    private void check(Path written) throws IOException {
        try (ModelFile again = ModelFile.open(written)) {
            if (!resolved(again.config()).equals(resolved(in.config()))) {
                throw new IOException("what was written is another model: " + again.config() + " instead of " + in.config());
            }
            Comparison comparison = new Comparison(source, again, llama2cVersion == 2);
            for (Tensor tensor : Weights.describe(in.config()).tensors()) {
                comparison.check(tensor);
            }
        }
    }

    /** With a factor for each frequency instead of the rule for them, which not every format has. */
    private static ModelConfig resolved(ModelConfig c) {
        if (!(c.positions() instanceof Positions.Rotary r && r.scaling() instanceof Positions.Llama3Scaling s)) {
            return c;
        }
        List<Float> factors = new ArrayList<>();
        for (float factor : Rope.llama3Factors(c.headDim(), r.theta(), s.factor(), s.lowFreqFactor(), s.highFreqFactor(), s.originalMaxSeqLen())) {
            factors.add(factor);
        }
        return c.withPositions(new Positions.Rotary(r.theta(), r.adjacentPairs(), new Positions.FrequencyFactors(factors)));
    }

    private static void refuse(Path out) throws IOException {
        if (Files.isDirectory(out)) {
            try (DirectoryStream<Path> inside = Files.newDirectoryStream(out)) {
                if (!inside.iterator().hasNext()) {
                    return;
                }
            }
        }
        if (Files.exists(out)) {
            throw new FileAlreadyExistsException(out.toString(), null, "nothing is overwritten");
        }
    }

    private static void remove(Path temporary) throws IOException {
        if (Files.exists(temporary)) {
            try (Stream<Path> inside = Files.walk(temporary)) {
                for (Path path : inside.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }

    private static void force(Path directory) throws IOException {
        if (File.separatorChar == '/') {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }
}
