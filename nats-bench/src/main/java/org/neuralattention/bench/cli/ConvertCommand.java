package org.neuralattention.bench.cli;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.neuralattention.bench.report.Numbers;
import org.neuralattention.convert.Conversion;
import org.neuralattention.convert.ModelFormat;
import org.neuralattention.convert.TargetBusyException;
import org.neuralattention.io.ModelFile;
import org.neuralattention.io.ModelWriter;
import org.neuralattention.kernels.Dtype;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** Writes a model in another format. */
@Command(
        name = "convert",
        mixinStandardHelpOptions = true,
        header = "Writes a model in another format: Hugging Face folders, GGUF, llama2.c.",
        description = "One tensor is held at a time. What was written is read back and compared before it gets its name, and nothing is overwritten.",
        parameterListHeading = "%n",
        optionListHeading = "%nOptions:%n",
        footer = {"", "Examples:", "  nats convert my-model my-model.gguf --dtype q4_k", "  nats convert stories15M.bin stories --to safetensors"})
public final class ConvertCommand implements Callable<Integer> {

    private static final String STORED = "stored";

    @Parameters(index = "0", paramLabel = "IN", description = "a model: a folder with config.json, a GGUF file, a llama2.c checkpoint")
    private Path in;

    @Parameters(index = "1", paramLabel = "OUT", description = "where it will be: a folder, a file.gguf or a file.bin (llama2.c)")
    private Path out;

    @Mixin
    private CommonOptions common;

    @Option(names = "--dtype", paramLabel = "TYPE", defaultValue = STORED,
            description = "format of the matrices: stored, f32, f16, bf16, q8_0, q6_k, q4_0 or q4_k (${DEFAULT-VALUE})")
    private String dtype;

    @Option(names = "--to", paramLabel = "FORMAT", converter = Format.class,
            description = "safetensors, gguf, llama2c or llama2c-v1 (what the name of OUT says)")
    private ModelFormat format;

    @Option(names = "--shard-size", paramLabel = "BYTES", converter = KvBudgetOptions.ByteCount.class,
            description = "most bytes of one safetensors file: 500M, 5G (5,000,000,000)")
    private Long shardBytes;

    @Override
    public Integer call() throws IOException {
        Conversion.Options options = new Conversion.Options(format(), dtype(), shardBytes == null ? ModelWriter.SHARD_BYTES : shardBytes);
        if (!Files.exists(in)) {
            throw new NoSuchFileException(in.toString());
        }
        Path folder = out.toAbsolutePath().getParent();
        if (out.toString().isEmpty() || !Files.isDirectory(folder)) {
            throw new UserError(out.toString().isEmpty() ? "OUT is empty." : "There is no folder " + folder + " to write " + out.getFileName() + " into.");
        }
        String tokenizer;
        try (Interrupt interrupt = new Interrupt(); ModelFile model = ModelFile.open(in);
                Progress progress = common.progress("numbers", 2 * model.config().parameters())) {
            tokenizer = new Conversion(model, options, (done, all) -> {
                progress.update(done, Progress.Values.NONE);
                if (interrupt.requested()) {
                    throw new CancellationException();
                }
            }).run(out);
        } catch (CancellationException e) {
            return Interrupt.EXIT_CODE; // nothing of it is left
        } catch (IllegalArgumentException e) {
            throw new UserError(in + " as " + options.format() + ": " + e.getMessage(), e);
        } catch (FileAlreadyExistsException e) {
            throw new UserError(out + " is there already, and nothing is overwritten.", e);
        } catch (TargetBusyException e) {
            throw new UserError(e.getMessage() + ".", e);
        }
        tell(options, tokenizer);
        return 0;
    }

    private ModelFormat format() {
        return format != null ? format : ModelFormat.of(out).orElseThrow(() ->
                new UserError("The name " + out + " does not say a format: end it with .gguf or .bin, or say --to safetensors, gguf, llama2c or llama2c-v1."));
    }

    private Dtype dtype() {
        return dtype.equals(STORED) ? null : ModelOptions.dtype(dtype).orElseThrow(() ->
                new UserError("--dtype " + dtype + ": must be stored or one of " + String.join(", ", ModelOptions.names()) + "."));
    }

    private void tell(Conversion.Options options, String tokenizer) throws IOException {
        long bytes = size(out);
        if (common.json() != null) {
            common.json().event("done").put("out", out.toString()).put("format", options.format().toString()).put("dtype", dtype)
                    .put("bytes", bytes).put("tokenizer", tokenizer).end();
            return;
        }
        common.out().println(out + ": " + options.format() + ", " + Numbers.bytes(bytes) + "; read back and compared with " + in + ". " + tokenizer);
    }

    private static long size(Path path) throws IOException {
        try (Stream<Path> files = Files.walk(path)) {
            long bytes = 0;
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                bytes += Files.size(file);
            }
            return bytes;
        }
    }

    /** The name of a format. */
    static final class Format implements ITypeConverter<ModelFormat> {
        @Override
        public ModelFormat convert(String text) {
            return Arrays.stream(ModelFormat.values()).filter(f -> f.toString().equals(text)).findFirst().orElseThrow(() ->
                    new TypeConversionException("must be one of " + Arrays.stream(ModelFormat.values()).map(ModelFormat::toString).collect(Collectors.joining(", "))));
        }
    }
}
